"""Which cameras somebody may see. A hidden camera and an unknown one look the same."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from web.access.models import CameraGrant
from web.access.principal import Principal
from web.access.rights import Right
from web.cameras.models import Camera
from web.errors import NotFound


class CameraNotFound(NotFound):
    """There is no such camera, or none that the caller may see."""

    def __init__(self, camera_id: int) -> None:
        super().__init__(f"There is no camera {camera_id}.")


def is_visible_to(who: Principal) -> sa.ColumnElement[bool]:
    """Return the condition on `Camera` that holds for those that somebody may see."""
    if who.may(Right.VIEW_ALL_CAMERAS):
        return sa.true()
    return sa.exists().where(
        CameraGrant.camera_id == Camera.id, CameraGrant.account_id == who.account_id
    )


def find_visible(session: Session, who: Principal, camera_id: int, *, lock: bool = False) -> Camera:
    """Return a camera that somebody may see.

    Args:
        session: The request's.
        who: They.
        camera_id: Which one.
        lock: Whether others that lock or change it wait for this transaction's end. Rows that
            merely name it do not.

    Raises:
        CameraNotFound: It is unknown, or hidden from them.
    """
    query = sa.select(Camera).where(Camera.id == camera_id, is_visible_to(who))
    if lock:
        query = query.with_for_update(of=Camera, key_share=True)
    camera = session.scalar(query)
    if camera is None:
        raise CameraNotFound(camera_id)
    return camera


def require_visible(session: Session, who: Principal, camera_ids: Collection[int]) -> None:
    """Return if somebody may see all of these cameras.

    Raises:
        CameraNotFound: One is unknown, or hidden from them.
    """
    if hidden := hidden_from(session, who, camera_ids):
        raise CameraNotFound(min(hidden))


def hidden_from(session: Session, who: Principal, camera_ids: Collection[int]) -> set[int]:
    """Return those of the cameras that are unknown, or that somebody may not see."""
    wanted = set(camera_ids)
    query = sa.select(Camera.id).where(Camera.id.in_(wanted), is_visible_to(who))
    return wanted - set(session.scalars(query))
