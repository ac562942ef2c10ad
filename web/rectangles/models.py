"""Rectangles, in the order and the form in which they were saved."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base
from web.shapes.models import ShapeColumns, shape_constraints


class Rectangle(ShapeColumns, Base):
    """A part of a camera's frame, in pixels of the full frame: an upright box, or a polygon.

    Attributes:
        color, labels: None: not given, so not given back.
        dwell_s: Seconds that something must stay in it to count; stored, not yet in effect.
    """

    __tablename__ = "rectangles"
    __table_args__ = (
        *shape_constraints(),
        sa.CheckConstraint("color ~* '^#[0-9a-f]{6}$'", name="color_hex"),
        sa.CheckConstraint("dwell_s BETWEEN 0 AND 86400", name="dwell_s_range"),
    )

    color: Mapped[str | None]
    labels: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    dwell_s: Mapped[float | None]
