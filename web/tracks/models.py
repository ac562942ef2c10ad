"""Tracks, and under which lease each camera is looked at."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class Track(Base):
    """An object that a camera saw for some time; see `vigil.facts.TrackFact` for the fields.

    Attributes:
        number: Its identity, unique within camera and epoch.
        first_box, last_box: Corners in pixels of the full frame.
    """

    __tablename__ = "tracks"
    __table_args__ = (
        sa.UniqueConstraint("camera_id", "epoch", "number"),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_range"),
        sa.CheckConstraint("cardinality(first_box) = 4", name="first_box_corners"),
        sa.CheckConstraint("cardinality(last_box) = 4", name="last_box_corners"),
        sa.Index("ix_tracks_opened_at", "opened_at"),
        # What the writer closes when nobody tells of it any more.
        sa.Index("ix_tracks_open", "seen_at", postgresql_where=sa.text("closed_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    camera_id: Mapped[int] = mapped_column(sa.ForeignKey("cameras.id", ondelete="CASCADE"))
    epoch: Mapped[int] = mapped_column(sa.BigInteger)
    number: Mapped[int] = mapped_column(sa.BigInteger)
    revision: Mapped[int] = mapped_column(sa.BigInteger)
    label: Mapped[str]
    confidence: Mapped[float]
    opened_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    seen_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    looks: Mapped[int] = mapped_column(sa.BigInteger)
    first_box: Mapped[list[float]] = mapped_column(ARRAY(sa.Float))
    last_box: Mapped[list[float]] = mapped_column(ARRAY(sa.Float))
    zones: Mapped[list[str]] = mapped_column(ARRAY(sa.String))


class RecognitionEpoch(Base):
    """The newest lease under which a camera's tracks were told. It is newer than what it fences."""

    __tablename__ = "recognition_epochs"

    camera_id: Mapped[int] = mapped_column(
        sa.ForeignKey("cameras.id", ondelete="CASCADE"), primary_key=True
    )
    epoch: Mapped[int] = mapped_column(sa.BigInteger)
