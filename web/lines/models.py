"""Lines, in the order in which they were saved, and the crossings that were told."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base
from web.shapes.geometry import MAX_PX


class Line(Base):
    """A segment in a camera's frame.

    Attributes:
        id: Stays when the line is changed: what crossed it is counted under it.
        position: Its place in the order saved, from 0.
        start_x, start_y, end_x, end_y: In pixels of the full frame.
        name, color, labels, min_confidence: None: not given, so not given back.
    """

    __tablename__ = "lines"
    __table_args__ = (
        sa.UniqueConstraint("camera_id", "position", deferrable=True, initially="DEFERRED"),
        sa.CheckConstraint(
            f"LEAST(start_x, start_y, end_x, end_y) >= 0 "
            f"AND GREATEST(start_x, start_y, end_x, end_y) <= {MAX_PX}",
            name="within",
        ),
        sa.CheckConstraint("start_x <> end_x OR start_y <> end_y", name="has_length"),
        sa.CheckConstraint("color ~* '^#[0-9a-f]{6}$'", name="color_hex"),
        sa.CheckConstraint("min_confidence BETWEEN 0 AND 1", name="min_confidence_range"),
        sa.CheckConstraint("position >= 0", name="position_range"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    camera_id: Mapped[int] = mapped_column(sa.ForeignKey("cameras.id", ondelete="CASCADE"))
    position: Mapped[int]
    start_x: Mapped[float]
    start_y: Mapped[float]
    end_x: Mapped[float]
    end_y: Mapped[float]
    name: Mapped[str | None]
    color: Mapped[str | None]
    labels: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    min_confidence: Mapped[float | None]

    @property
    def start(self) -> dict[str, float]:
        """The end from which one looks along it."""
        return {"x": self.start_x, "y": self.start_y}

    @property
    def end(self) -> dict[str, float]:
        """The other end."""
        return {"x": self.end_x, "y": self.end_y}


class LineCrossing(Base):
    """Somebody who crossed a line; see `vigil.facts.LineCrossing`.

    It outlives the line, whose name it keeps, and the track.

    Attributes:
        track: The track's number, within camera and epoch.
        direction: ``in`` or ``out``.
        at: When the first frame was captured that shows it beyond the line.
    """

    __tablename__ = "line_crossings"
    __table_args__ = (
        # What is told again is the same crossing: nobody crosses a line twice in one frame.
        sa.UniqueConstraint("camera_id", "epoch", "track", "line_id", "at"),
        sa.CheckConstraint("direction IN ('in', 'out')", name="direction_known"),
        # What is counted, of one camera and some time.
        sa.Index("ix_line_crossings_camera_id_at", "camera_id", "at"),
        # What is forgotten in time.
        sa.Index("ix_line_crossings_at", "at"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    camera_id: Mapped[int] = mapped_column(sa.ForeignKey("cameras.id", ondelete="CASCADE"))
    epoch: Mapped[int] = mapped_column(sa.BigInteger)
    track: Mapped[int] = mapped_column(sa.BigInteger)
    line_id: Mapped[int] = mapped_column(sa.BigInteger)
    line_name: Mapped[str]
    direction: Mapped[str]
    label: Mapped[str]
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
