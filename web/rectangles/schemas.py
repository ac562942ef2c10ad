"""Rectangles as bodies."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from web.schemas import SpanBody
from web.shapes.schemas import (
    ShapeBody,
    color_field,
    confidence_field,
    labels_field,
    size_field,
)

MAX_RECTANGLES = 100


class RectangleBody(ShapeBody):
    """``x, y, width, height``, or ``points`` instead of the four. Pixels of the full frame."""

    #: Said of a body that is no list, and of what in it is no object.
    error_messages = {  # noqa: RUF012
        "type": "Must be a list of rectangles, each an object with x, y, width and height, "
        "or with points."
    }

    color = color_field()
    labels = labels_field("What counts in it, such as person; none: everything.")
    dwell_s = fields.Float(
        validate=validate.Range(min=0, max=86_400),
        metadata={"description": "Seconds that something must stay in it to count."},
    )
    min_confidence = confidence_field(
        "Less does not count in it, nor what its model's or else the camera's bound drops."
    )
    min_size_px = size_field("Of the longer side of a box; smaller does not count in it.")
    max_size_px = size_field("Of the longer side of a box; larger does not count in it.")
    schedule = fields.List(
        fields.Nested(SpanBody),
        validate=validate.Length(max=50),
        error_messages={"invalid": "Must be a list of spans, each with start_time and end_time."},
        metadata={"description": "When it is there; none: always."},
    )

    @validates_schema
    def _has_sizes_between(self, body: dict[str, Any], **_kwargs: Any) -> None:
        least, most = body.get("min_size_px"), body.get("max_size_px")
        if least is not None and most is not None and least > most:
            raise ValidationError(f"Must be min_size_px, {least:g}, or more.", "max_size_px")
