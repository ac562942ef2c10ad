"""Which cameras there are while something is filed of them."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from web.cameras.models import Camera


def lock_existing(session: Session, camera_ids: Collection[int]) -> set[int]:
    """Return those cameras that exist; none of them is deleted before the transaction ends."""
    query = sa.select(Camera.id).where(Camera.id.in_(camera_ids)).order_by(Camera.id)
    return set(session.scalars(query.with_for_update(read=True, key_share=True)))
