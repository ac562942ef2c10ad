"""Which cameras there are while something is filed of them, and while nothing may be."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from web.cameras.models import Camera


def lock_existing(session: Session, camera_ids: Collection[int]) -> set[int]:
    """Return those cameras that exist; none of them is deleted before the transaction ends."""
    query = sa.select(Camera.id).where(Camera.id.in_(camera_ids)).order_by(Camera.id)
    return set(session.scalars(query.with_for_update(read=True, key_share=True)))


def keep_from_filing(session: Session, camera_id: int) -> None:
    """Wait until what is being filed of a camera is; from then on nothing is, up to the commit.

    Whoever locks or changes the camera waits too. Called before the transaction locks anything
    else: those that hold the camera may wait for that.
    """
    session.execute(sa.select(Camera.id).where(Camera.id == camera_id).with_for_update())
