"""Tracks as bodies."""

from marshmallow import Schema, fields, validate

from web.schemas import MAX_ID, PageQuery, Text


class TracksQuery(PageQuery):
    """Which tracks."""

    camera_id = fields.Integer(load_default=None, validate=validate.Range(min=1, max=MAX_ID))
    label = Text(max_length=100, min_length=1, load_default=None)


def box_field() -> fields.List[float]:
    """Return a field for the corners of a box."""
    return fields.List(
        fields.Float(),
        required=True,
        validate=validate.Length(equal=4),
        metadata={"description": "x_min, y_min, x_max, y_max in pixels of the full frame."},
    )


class TrackOut(Schema):
    """An object that a camera saw for some time."""

    id = fields.Integer(required=True)
    camera_id = fields.Integer(required=True)
    label = fields.String(required=True)
    confidence = fields.Float(required=True, metadata={"description": "The greatest, 0 to 1."})
    opened_at = fields.AwareDateTime(required=True)
    seen_at = fields.AwareDateTime(
        required=True, metadata={"description": "When it was seen last."}
    )
    closed_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "null: it is still there."}
    )
    looks = fields.Integer(required=True, metadata={"description": "Frames in which it was seen."})
    first_box = box_field()
    last_box = box_field()
    zones = fields.List(fields.String(), required=True)
