"""Reading what recognition says of what it did not show."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from vigil.bus.explanations.base import ExplanationLog
from vigil.domain.camera import CameraId
from vigil.messages import Explanation
from web.access.principal import Principal
from web.access.visibility import find_visible


def explanations(
    session: Session, who: Principal, camera_id: int, *, log: ExplanationLog, limit: int
) -> Sequence[Explanation]:
    """Return the newest explanations first.

    Raises:
        CameraNotFound: The camera is unknown, or hidden from them.
        BusUnavailable: Redis does not answer.
    """
    return log.newest(CameraId(find_visible(session, who, camera_id).id), limit=limit)
