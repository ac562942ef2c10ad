"""Rectangles, in the order and the form in which they were saved."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base

#: Pixels beyond which no frame reaches.
MAX_PX = 32_768


class Rectangle(Base):
    """A part of a camera's frame: an upright box, or a polygon.

    Attributes:
        position: Its place in the order saved, from 0.
        x, y: Upper left corner of a box, in pixels of the full frame.
        points: Corners ``{"x": ..., "y": ...}`` of a polygon. Exactly one form is there.
        name, color, labels: None: not given, so not given back.
        dwell_s: Seconds that something must stay in it to count.
        min_confidence: What is less sure does not count.
        min_size_px, max_size_px: Of the longer side of a box.
        schedule: Spans of the day, as a body has them, in the camera's time zone.
    """

    __tablename__ = "rectangles"
    __table_args__ = (
        sa.UniqueConstraint("camera_id", "position", deferrable=True, initially="DEFERRED"),
        sa.CheckConstraint(
            "num_nonnulls(x, y, width, height) = CASE WHEN points IS NULL THEN 4 ELSE 0 END",
            name="one_form",
        ),
        sa.CheckConstraint("x >= 0 AND y >= 0", name="corner_range"),
        sa.CheckConstraint("width > 0 AND height > 0", name="size_range"),
        sa.CheckConstraint(f"x + width <= {MAX_PX} AND y + height <= {MAX_PX}", name="within"),
        sa.CheckConstraint("jsonb_array_length(points) BETWEEN 3 AND 100", name="points_number"),
        sa.CheckConstraint("color ~* '^#[0-9a-f]{6}$'", name="color_hex"),
        sa.CheckConstraint("dwell_s BETWEEN 0 AND 86400", name="dwell_s_range"),
        sa.CheckConstraint("min_confidence BETWEEN 0 AND 1", name="min_confidence_range"),
        sa.CheckConstraint("min_size_px >= 0 AND max_size_px >= 0", name="size_px_range"),
        sa.CheckConstraint("min_size_px <= max_size_px", name="size_px_order"),
        sa.CheckConstraint("jsonb_typeof(schedule) = 'array'", name="schedule_list"),
        sa.CheckConstraint("position >= 0", name="position_range"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    camera_id: Mapped[int] = mapped_column(sa.ForeignKey("cameras.id", ondelete="CASCADE"))
    position: Mapped[int]
    x: Mapped[float | None]
    y: Mapped[float | None]
    width: Mapped[float | None]
    height: Mapped[float | None]
    points: Mapped[list[dict[str, float]] | None] = mapped_column(JSONB(none_as_null=True))
    name: Mapped[str | None]
    color: Mapped[str | None]
    labels: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    dwell_s: Mapped[float | None]
    min_confidence: Mapped[float | None]
    min_size_px: Mapped[float | None]
    max_size_px: Mapped[float | None]
    schedule: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))

    def corners(self) -> list[tuple[float, float]]:
        """Return the corners in order, whichever the form."""
        return corners_of(
            {
                "x": self.x,
                "y": self.y,
                "width": self.width,
                "height": self.height,
                "points": self.points,
            }
        )


def corners_of(shape: dict[str, Any]) -> list[tuple[float, float]]:
    """Return the corners of a box or a polygon, as a body has it."""
    if shape.get("points") is not None:
        return [(point["x"], point["y"]) for point in shape["points"]]
    left, top = shape["x"], shape["y"]
    right, bottom = left + shape["width"], top + shape["height"]
    return [(left, top), (right, top), (right, bottom), (left, bottom)]
