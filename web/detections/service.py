"""Reading what the newest annotated picture of a camera shows."""

from typing import Any

from sqlalchemy.orm import Session

from vigil.bus.status.base import StatusBoard
from vigil.clock import utc_from_us
from vigil.domain.camera import CameraId
from vigil.messages import CameraStatus, FrameDetections
from web.access.principal import Principal
from web.access.visibility import find_visible
from web.cameras.models import Camera
from web.cameras.recognition import OFF
from web.database import give_back
from web.status.service import DISABLED, UNREAD
from web.workers.service import NOBODY_LOOKS, RecognitionPool

_OFF = "Its recognition is off."
_NO_PICTURE = "No picture of it comes."

_NOTHING: dict[str, Any] = {
    "captured_at": None,
    "sequence": None,
    "recogniser": None,
    "looked_fps": 0.0,
    "width_px": 0,
    "height_px": 0,
    "objects": (),
    "counts": {},
    "occupancy": (),
    "lines": (),
}


def newest(
    session: Session,
    who: Principal,
    camera_id: int,
    *,
    board: StatusBoard[FrameDetections],
    statuses: StatusBoard[CameraStatus],
    pool: RecognitionPool,
) -> dict[str, Any]:
    """Return what is shown, or nothing and why.

    Raises:
        CameraNotFound: The camera is unknown, or hidden from them.
        BusUnavailable: Redis does not answer.
    """
    camera = find_visible(session, who, camera_id)
    give_back(session)
    said = board.read([CameraId(camera.id)])
    shown = said.get(CameraId(camera.id))
    if shown is None:
        reason = UNREAD if said.unread else _why_nothing(camera, statuses, pool)
        return {**_NOTHING, "camera_id": camera.id, "reason": reason}
    return {
        **{name: getattr(shown, name) for name in _NOTHING if name != "captured_at"},
        "camera_id": camera.id,
        "reason": None,
        "captured_at": utc_from_us(shown.captured_at_us),
    }


def _why_nothing(camera: Camera, statuses: StatusBoard[CameraStatus], pool: RecognitionPool) -> str:
    if not camera.enabled:
        return DISABLED
    if camera.recognition == OFF:
        return _OFF
    camera_id = CameraId(camera.id)
    of_camera = statuses.read([camera_id]).get(camera_id)
    # What it does not send nobody can look at, whatever else is wrong.
    if of_camera is not None and of_camera.error is not None:
        return of_camera.error
    status = pool.statuses.read([camera_id]).get(camera_id)
    return NOBODY_LOOKS if status is None else status.error or _NO_PICTURE
