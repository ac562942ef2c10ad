"""Rectangles as bodies."""

from marshmallow import fields, validate

from web.schemas import Text
from web.shapes.schemas import ShapeBody

MAX_RECTANGLES = 100


class RectangleBody(ShapeBody):
    """``x, y, width, height``, or ``points`` instead of the four. Pixels of the full frame."""

    #: Said of a body that is no list, and of what in it is no object.
    error_messages = {  # noqa: RUF012
        "type": "Must be a list of rectangles, each an object with x, y, width and height, "
        "or with points."
    }

    color = fields.String(
        validate=validate.Regexp(r"#[0-9a-fA-F]{6}\Z", error="Must look like #ffb000."),
    )
    labels = fields.List(
        Text(min_length=1, max_length=64),
        validate=validate.Length(max=100),
        error_messages={"invalid": 'Must be a list of labels, as ["person"].'},
        metadata={"description": "What counts in it, such as person; none: everything."},
    )
    dwell_s = fields.Float(
        validate=validate.Range(min=0, max=86_400),
        metadata={"description": "Seconds to stay in it. Stored; takes effect later."},
    )
