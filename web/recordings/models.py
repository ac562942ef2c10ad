"""Files of footage, and the times of which there is none."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vigil.messages import GapReason
from web.database import Base

_REASONS = ", ".join(f"'{reason}'" for reason in GapReason)


class Segment(Base):
    """A file of footage; see `vigil.facts.SegmentFact` for the fields."""

    __tablename__ = "segments"
    __table_args__ = (
        sa.UniqueConstraint("volume", "path"),
        sa.CheckConstraint("size_bytes >= 0", name="size_bytes_range"),
        sa.CheckConstraint("ended_at >= begun_at", name="ended_after_begun"),
        # A camera's footage of some time.
        sa.Index("ix_segments_camera_id_begun_at", "camera_id", "begun_at"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    camera_id: Mapped[int] = mapped_column(sa.ForeignKey("cameras.id", ondelete="CASCADE"))
    epoch: Mapped[int] = mapped_column(sa.BigInteger)
    volume: Mapped[UUID]
    path: Mapped[str]
    revision: Mapped[int] = mapped_column(sa.BigInteger)
    begun_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    first_entry: Mapped[str]
    last_entry: Mapped[str | None]
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    codec: Mapped[str]
    width_px: Mapped[int]
    height_px: Mapped[int]


class RecordingGap(Base):
    """A time of which a camera has no footage, and why."""

    __tablename__ = "recording_gaps"
    __table_args__ = (
        sa.UniqueConstraint("camera_id", "begun_at"),
        sa.CheckConstraint("ended_at > begun_at", name="ended_after_begun"),
        sa.CheckConstraint(f"reason IN ({_REASONS})", name="reason_known"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    camera_id: Mapped[int] = mapped_column(sa.ForeignKey("cameras.id", ondelete="CASCADE"))
    epoch: Mapped[int] = mapped_column(sa.BigInteger)
    begun_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    ended_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    reason: Mapped[str]
