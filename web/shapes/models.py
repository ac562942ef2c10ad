"""The columns of a shape of a camera, and what they must be."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base
from web.shapes.geometry import MAX_PX, corners_of


class ShapeColumns(Base):
    """An upright box or a polygon, one of those of a camera.

    Attributes:
        position: Its place in the order saved, from 0.
        x, y: Upper left corner of a box, in pixels.
        points: Corners ``{"x": ..., "y": ...}`` of a polygon. Exactly one form is there.
        name: None: not given, so not given back.
    """

    __abstract__ = True

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    camera_id: Mapped[int] = mapped_column(sa.ForeignKey("cameras.id", ondelete="CASCADE"))
    position: Mapped[int]
    x: Mapped[float | None]
    y: Mapped[float | None]
    width: Mapped[float | None]
    height: Mapped[float | None]
    points: Mapped[list[dict[str, float]] | None] = mapped_column(JSONB(none_as_null=True))
    name: Mapped[str | None]

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


def shape_constraints() -> tuple[sa.Constraint, ...]:
    """Return what a table with these columns holds them to."""
    return (
        sa.UniqueConstraint("camera_id", "position", deferrable=True, initially="DEFERRED"),
        sa.CheckConstraint(
            "num_nonnulls(x, y, width, height) = CASE WHEN points IS NULL THEN 4 ELSE 0 END",
            name="one_form",
        ),
        sa.CheckConstraint("x >= 0 AND y >= 0", name="corner_range"),
        sa.CheckConstraint("width > 0 AND height > 0", name="size_range"),
        sa.CheckConstraint(f"x + width <= {MAX_PX} AND y + height <= {MAX_PX}", name="within"),
        sa.CheckConstraint("jsonb_array_length(points) BETWEEN 3 AND 100", name="points_number"),
        sa.CheckConstraint("position >= 0", name="position_range"),
    )
