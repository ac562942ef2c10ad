"""How cameras are, as their holders say; for those that the caller may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from vigil.bus.status.base import StatusBoard
from vigil.clock import utc_from_us
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable
from vigil.messages import CameraState, CameraStatus
from web.cameras.models import Camera

log = structlog.get_logger(__name__)

#: Why nothing is known of a camera, whoever asks.
DISABLED = "It is disabled."
UNREAD = "The part of the picture store that has it does not answer."
_NOBODY_REPORTS = "No camera service reports about it."
#: A camera service takes this long at most to find a camera that was added.
_JUST_ADDED = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a camera.

    Attributes:
        status: Of its holder; None: nobody says anything, or it cannot be read.
        is_unread: Whether the server of the cluster that has it does not answer.
    """

    camera: Camera
    status: CameraStatus | None = None
    is_unread: bool = False


def states(board: StatusBoard[CameraStatus], cameras: Sequence[Camera]) -> dict[str, Said]:
    """Return for each camera, by its name in the contract, what its holder says.

    Raises:
        BusUnavailable: Redis does not answer, so nobody knows.
    """
    ids = {CameraId(camera.id): camera for camera in cameras}
    said = board.read(ids)
    return {
        f"camera_{each}": Said(camera, said.get(each), is_unread=each in said.unread)
        for each, camera in ids.items()
    }


def word_of(status: CameraStatus | None) -> str:
    """Return the contract's word: active means that packets come now."""
    is_active = status is not None and status.state is CameraState.ACTIVE
    return "active" if is_active else "inactive"


def details_of(said: Said, *, now: datetime) -> dict[str, Any]:
    """Return everything that is known about how a camera is."""
    camera, status = said.camera, said.status
    known = {"status": word_of(status), "name": camera.name, "enabled": camera.enabled}
    if said.is_unread:
        return {**known, "error": UNREAD}
    # PostgreSQL's clock, which stamped the camera, may be a little ahead of ours.
    if status is None and camera.enabled and abs(now - camera.created_at) < _JUST_ADDED:
        return {**known, "state": CameraState.STARTING, "error": None}
    if status is None:
        return {**known, "error": _NOBODY_REPORTS if camera.enabled else DISABLED}
    return {
        **known,
        "state": status.state,
        "error": status.error,
        "owner": status.owner,
        "since": utc_from_us(status.since_us),
        "last_frame_at": _utc(status.last_frame_us),
        "last_packet_at": _utc(status.last_packet_us),
        "fps": status.packet_fps,
        "frame_fps": status.frame_fps,
        "codec": status.codec,
        "width_px": status.width_px,
        "height_px": status.height_px,
        "bitrate_bps": status.bitrate_bps,
        "backlog_s": status.backlog_s,
        "moving": status.is_moving,
        "moving_since": _utc(status.moving_since_us),
        "decoding": status.decoding,
        "decoding_reason": status.decoding_reason,
        "decoded_stream": status.decoded_stream,
        "frames_decoded": status.frames_decoded,
        "sub_stream": status.sub_stream,
    }


def _utc(utc_us: int | None) -> datetime | None:
    return None if utc_us is None else utc_from_us(utc_us)


def frame_size(board: StatusBoard[CameraStatus], camera_id: int) -> tuple[int, int] | None:
    """Return width and height of a camera's frame in pixels; None: nobody knows now."""
    try:
        status = board.read([CameraId(camera_id)]).get(CameraId(camera_id))
    except BusUnavailable as error:
        log.info("frame_size_unknown", camera_id=camera_id, error=str(error))
        return None
    if status is None or not status.width_px or not status.height_px:
        return None
    return status.width_px, status.height_px
