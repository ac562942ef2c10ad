"""A camera's settings, changed by what somebody typed: ``min_confidence=0.3``."""

import json
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from vigil.camera_document import CameraConfig, ModelUse
from vigil.errors import SetupInvalid
from vigil.masking import redact

#: What recognition depends on. Privacy masks are not here: nobody looks beneath one.
CHANGEABLE = ("frame_fps", "min_confidence", "recognition", "time_zone", "zones")
#: Of these, what changes nothing of what a detector finds: two values may share its looks.
COMPARABLE = ("min_confidence", "zones")
#: What a setting of several parts is called when there is none.
OFF = "off"

_A_ZONE = '[{"points": [[0, 0], [320, 0], [320, 240]], "name": "Door", "labels": ["person"]}]'


def changed(
    camera: CameraConfig, assignments: Sequence[str], *, names: Sequence[str] = CHANGEABLE
) -> CameraConfig:
    """Return a camera with other settings.

    Args:
        camera: As it is configured.
        assignments: Each ``name=value``; of one name the last counts.
        names: Those that may be changed.

    Raises:
        SetupInvalid: A name or a value is wrong; the message says what would be right.
    """
    for assignment in assignments:
        name, is_assigned, value = assignment.partition("=")
        if not is_assigned or name not in names:
            raise SetupInvalid(
                f"'{assignment}': right is name=value, with one of {', '.join(names)}"
            )
        camera = _with(camera, name, value)
    return camera


def described(camera: CameraConfig) -> dict[str, str]:
    """Return the settings that recognition depends on, as text for people."""
    zones = ", ".join(zone.name or "without a name" for zone in camera.zones)
    return {
        "min_confidence": f"{camera.min_confidence:g}",
        "frame_fps": f"{camera.frame_fps:g}",
        "recognition": ", ".join(redact(use.model) for use in camera.models),
        "zones": f"{len(camera.zones)} ({zones})" if camera.zones else OFF,
        "time_zone": camera.time_zone,
    }


def _with(camera: CameraConfig, name: str, value: str) -> CameraConfig:
    update: dict[str, Any] = {name: value}
    if name == "zones":
        update[name] = _zones(value)
    elif name == "time_zone":
        _require_zone(value)
    elif name == "recognition":
        if value == OFF:
            raise SetupInvalid("recognition=off: then nothing looks; right is default, or a model")
        update = {"models": (ModelUse(model=value),)}
    try:
        return CameraConfig.model_validate(camera.model_dump() | update)
    except ValidationError as error:
        raise SetupInvalid(f"{name}={value}: {_faults(error)}") from None


def _zones(value: str) -> Any:
    if value == OFF:
        return ()
    try:
        zones = json.loads(value)
    except (ValueError, RecursionError):
        zones = None
    if not isinstance(zones, list):
        raise SetupInvalid(f"zones={value}: right is {OFF}, or JSON such as {_A_ZONE}")
    return zones


def _require_zone(value: str) -> None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SetupInvalid(
            f"time_zone={value}: no such time zone; right is Europe/Berlin or UTC"
        ) from None


def _faults(error: ValidationError) -> str:
    return "; ".join(
        ": ".join(filter(None, [".".join(map(str, fault["loc"][1:])), fault["msg"]]))
        for fault in error.errors(include_input=False, include_url=False)
    )
