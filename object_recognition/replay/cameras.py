"""Whose settings footage is replayed with."""

from collections.abc import Mapping
from pathlib import Path

import structlog

from vigil.bus.camera_config.base import CameraConfigStore
from vigil.camera_configs import KnownCameras, merged, read_last_good
from vigil.camera_document import CameraConfig
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable, MessageInvalid, SetupInvalid

log = structlog.get_logger(__name__)

#: The number of a camera that there is not: of settings that nobody has chosen.
_NEW = CameraId(1)


def known_cameras(path: Path, store: CameraConfigStore | None) -> Mapping[CameraId, CameraConfig]:
    """Return the cameras as they are configured now, as well as we can know.

    Args:
        path: Of the last good configuration; nothing is written there.
        store: Where web publishes; None: nobody knows.
    """
    known = read_last_good(path)
    return known.cameras if store is None else _newest(known, store).cameras


def camera_of(number: int, cameras: Mapping[CameraId, CameraConfig]) -> CameraConfig:
    """Return a camera.

    Raises:
        SetupInvalid: There is none of that number; the message says which there are.
    """
    camera = cameras.get(CameraId(number))
    if camera is not None:
        return camera
    if not cameras:
        raise SetupInvalid(
            f"--camera {number}: no camera is known here. VIGIL_HOME or QUEUE_REDIS_URL says where "
            "they are; without --camera it is looked with the settings of a new one"
        )
    there = ", ".join(f"{each.id} ({each.name})" for _, each in sorted(cameras.items()))
    raise SetupInvalid(f"--camera {number}: there is none; there are {there}")


def a_new_camera(name: str) -> CameraConfig:
    """Return a camera of which nobody has changed a setting."""
    return CameraConfig(id=_NEW, revision=0, name=name, sealed_url="")


def _newest(known: KnownCameras, store: CameraConfigStore) -> KnownCameras:
    try:
        head = store.head()
        documents = store.documents(head.camera_ids) if head is not None else {}
    except (BusUnavailable, MessageInvalid) as error:
        log.warning("configuration_unavailable", what=str(error), instead="the last good one")
        return known
    return merged(known, head, documents)
