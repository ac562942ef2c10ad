"""Rectangles, in the order and the form in which they were saved."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.shapes.models import ShapeColumns, shape_constraints


class Rectangle(ShapeColumns):
    """A part of a camera's frame, in pixels of the full frame: an upright box, or a polygon.

    Attributes:
        color, labels: None: not given, so not given back.
        dwell_s: Seconds that something must stay in it to count.
        min_confidence: What is less sure does not count.
        min_size_px, max_size_px: Of the longer side of a box.
        schedule: Spans of the day, as a body has them, in the camera's time zone.
    """

    __tablename__ = "rectangles"
    __table_args__ = (
        *shape_constraints(),
        sa.CheckConstraint("color ~* '^#[0-9a-f]{6}$'", name="color_hex"),
        sa.CheckConstraint("dwell_s BETWEEN 0 AND 86400", name="dwell_s_range"),
        sa.CheckConstraint("min_confidence BETWEEN 0 AND 1", name="min_confidence_range"),
        sa.CheckConstraint("min_size_px >= 0 AND max_size_px >= 0", name="size_px_range"),
        sa.CheckConstraint("min_size_px <= max_size_px", name="size_px_order"),
        sa.CheckConstraint("jsonb_typeof(schedule) = 'array'", name="schedule_list"),
    )

    color: Mapped[str | None]
    labels: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    dwell_s: Mapped[float | None]
    min_confidence: Mapped[float | None]
    min_size_px: Mapped[float | None]
    max_size_px: Mapped[float | None]
    schedule: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
