"""What a picture shows, as bodies."""

from marshmallow import Schema, fields

from web.tracks.schemas import box_field


class ObjectOut(Schema):
    """One object that is shown."""

    track = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Its number in the picture; null: not confirmed, counts nowhere."},
    )
    label = fields.String(required=True)
    confidence = fields.Float(required=True)
    box = box_field()
    zones = fields.List(
        fields.String(), required=True, metadata={"description": "In which it counts."}
    )
    keypoints = fields.List(
        fields.List(fields.Float()),
        required=True,
        metadata={
            "description": "x, y in pixels of the full frame and a confidence, of a model that "
            "gives them; none: it gives none."
        },
    )


class OccupancyOut(Schema):
    """How many objects count in a zone."""

    name = fields.String(required=True)
    count = fields.Integer(required=True)
    is_open = fields.Boolean(
        required=True, metadata={"description": "Whether its schedule has it there now."}
    )


class TallyOut(Schema):
    """How many crossed a line today, for show; ``/line_counts`` has what is exact."""

    line = fields.Integer(required=True, metadata={"description": "The line's id."})
    name = fields.String(required=True)
    in_count = fields.Integer(required=True)
    out_count = fields.Integer(required=True)


class DetectionsOut(Schema):
    """What the newest annotated picture shows; nothing, with the reason, where there is none."""

    camera_id = fields.Integer(required=True)
    reason = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why nobody looks; null: one does."},
    )
    captured_at = fields.AwareDateTime(required=True, allow_none=True)
    sequence = fields.Integer(required=True, allow_none=True)
    recogniser = fields.String(required=True, allow_none=True)
    looked_fps = fields.Float(required=True)
    width_px = fields.Integer(required=True)
    height_px = fields.Integer(required=True)
    objects = fields.List(fields.Nested(ObjectOut), required=True)
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Confirmed objects by label."},
    )
    occupancy = fields.List(
        fields.Nested(OccupancyOut),
        required=True,
        metadata={"description": "Of each rectangle, in the order saved."},
    )
    lines = fields.List(fields.Nested(TallyOut), required=True)
