"""Facts that were set aside, as bodies."""

from marshmallow import Schema, fields


class SetAsideFactOut(Schema):
    """A fact that could not be filed."""

    id = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    reason = fields.String(required=True)
    raw = fields.Function(
        lambda fact: fact.raw.decode(errors="replace"),
        required=True,
        metadata={"type": "string", "description": "As it came, cut after 4096 bytes."},
    )
