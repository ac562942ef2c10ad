"""Reading what recognition says of what it did not show."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from vigil.bus.explanations.base import ExplanationLog
from vigil.domain.camera import CameraId
from vigil.messages import Explanation
from web.access.principal import Principal
from web.access.visibility import find_visible
from web.database import give_back


def explanations(
    session: Session, who: Principal, camera_id: int, *, log: ExplanationLog, limit: int
) -> Sequence[Explanation]:
    """Return the newest explanations first.

    Raises:
        CameraNotFound: The camera is unknown, or hidden from them.
        BusUnavailable: Redis does not answer.
    """
    find_visible(session, who, camera_id)
    give_back(session)
    return log.newest(CameraId(camera_id), limit=limit)
