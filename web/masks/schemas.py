"""Privacy masks as bodies."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from vigil.messages import MaskStyle
from web.shapes.geometry import MAX_PX
from web.shapes.schemas import ShapeBody

_SIDE = validate.Range(min=1, max=MAX_PX)
_FRAME = "Of the frame in whose pixels it is; without it, the camera's frame of now."


class MaskBody(ShapeBody):
    """``x, y, width, height``, or ``points`` instead of the four. Pixels of the full frame."""

    #: Said of a body that is no list, and of what in it is no object.
    error_messages = {  # noqa: RUF012
        "type": "Must be a list of masks, each an object with x, y, width and height, "
        "or with points."
    }

    style = fields.String(
        validate=validate.OneOf([style.value for style in MaskStyle]),
        load_default=MaskStyle.BLACK.value,
        metadata={"description": "What stands in its place. Black leaves nothing."},
    )
    frame_width = fields.Integer(
        strict=True, validate=_SIDE, metadata={"description": f"Width in pixels. {_FRAME}"}
    )
    frame_height = fields.Integer(
        strict=True, validate=_SIDE, metadata={"description": f"Height in pixels. {_FRAME}"}
    )

    @validates_schema
    def _has_a_whole_frame(self, body: dict[str, Any], **_kwargs: Any) -> None:
        if ("frame_width" in body) != ("frame_height" in body):
            raise ValidationError("Give frame_width and frame_height, or neither.")
