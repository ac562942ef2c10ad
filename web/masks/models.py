"""Privacy masks, in the order and the form in which they were saved."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from vigil.camera_document import Mask, MaskStyle
from web.shapes.models import ShapeColumns, shape_constraints

_STYLES = ", ".join(f"'{style}'" for style in MaskStyle)


class PrivacyMask(ShapeColumns):
    """A part of a camera's frame that nobody is to see: an upright box, or a polygon.

    Attributes:
        frame_width, frame_height: The frame in whose pixels it is; None: not known when it was
            saved, and nobody said.
    """

    __tablename__ = "privacy_masks"
    __table_args__ = (
        *shape_constraints(),
        sa.CheckConstraint(f"style IN ({_STYLES})", name="style_known"),
        sa.CheckConstraint("num_nonnulls(frame_width, frame_height) <> 1", name="frame_size_whole"),
        sa.CheckConstraint("frame_width > 0 AND frame_height > 0", name="frame_size_range"),
    )

    style: Mapped[str]
    frame_width: Mapped[int | None]
    frame_height: Mapped[int | None]

    def as_published(self) -> Mask:
        """Return it as the other services know it."""
        return Mask(
            points=tuple(self.corners()),
            style=MaskStyle(self.style),
            frame_wh=(self.frame_width, self.frame_height)
            if self.frame_width and self.frame_height
            else None,
        )
