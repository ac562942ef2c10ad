"""Saves what was drawn on a camera, whichever kind: what the routes of all kinds do alike."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy.orm import Session

from web.access.principal import Principal, current_principal
from web.cameras.configuration import ConfigurationPublisher
from web.database import db, give_back
from web.status.service import frame_size
from web.wiring import wired

LATER = " They take effect when the message bus is back."


class Replace(Protocol):
    """Replaces all that is drawn of one kind; returns whether the other services know."""

    def __call__(
        self,
        session: Session,
        camera_id: int,
        bodies: Sequence[dict[str, Any]],
        *,
        who: Principal,
        frame_wh: tuple[int, int] | None,
        configuration: ConfigurationPublisher,
    ) -> bool:
        """Replace them."""
        ...


def replaced(
    replace: Replace, camera_id: int, bodies: Sequence[dict[str, Any]], *, later: str = LATER
) -> str:
    """Replace what is drawn of one kind; return what to add to the answer.

    Args:
        replace: Of the kind.
        camera_id: Which camera.
        bodies: Validated one by one; none: clears.
        later: What is said where the other services do not know yet.
    """
    session = db.session()
    frame_wh = None
    if bodies:
        give_back(session)
        frame_wh = frame_size(wired().statuses, camera_id)
    is_announced = replace(
        session,
        camera_id,
        bodies,
        who=current_principal(),
        frame_wh=frame_wh,
        configuration=wired().configuration,
    )
    return "" if is_announced else "." + later
