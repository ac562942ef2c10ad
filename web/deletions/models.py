"""Files that users deleted, until a recorder has told that they are gone."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class SegmentDeletion(Base):
    """A file of footage of which there is no row any more: nobody is shown it, nobody is given it.

    Attributes:
        volume, path: Which file; see `vigil.facts.SegmentFact`.
        camera_id: Whose. No foreign key: it outlives the camera.
        begun_at: When it begins.
        ordered_at: When its recorder was told last.
    """

    __tablename__ = "segment_deletions"

    volume: Mapped[UUID] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    camera_id: Mapped[int] = mapped_column(sa.BigInteger)
    begun_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    ordered_at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), index=True
    )
