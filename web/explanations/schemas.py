"""Explanations as bodies."""

from marshmallow import Schema, fields, validate

from vigil.bus.explanations.base import MAX_KEPT
from vigil.clock import utc_from_us
from vigil.domain.explanation import DropReason


class ExplanationsQuery(Schema):
    """How many."""

    limit = fields.Integer(load_default=10, validate=validate.Range(min=1, max=MAX_KEPT))


class DropOut(Schema):
    """One thing that kept a detection out."""

    reason = fields.String(required=True, validate=validate.OneOf(list(DropReason)))
    value = fields.String(required=True, metadata={"description": "What it was."})
    limit = fields.String(required=True, metadata={"description": "What it had to be."})


class DroppedOut(Schema):
    """A detection that was not shown."""

    label = fields.String(required=True)
    confidence = fields.Float(required=True)
    box = fields.List(
        fields.Float(),
        required=True,
        validate=validate.Length(equal=4),
        metadata={"description": "x_min, y_min, x_max, y_max in pixels of the full frame."},
    )
    drops = fields.List(fields.Nested(DropOut), required=True)


class ExplanationOut(Schema):
    """What became of what was found in one frame."""

    captured_at = fields.Function(
        lambda explanation: utc_from_us(explanation.captured_at_us).isoformat(),
        required=True,
        metadata={"type": "string", "format": "date-time"},
    )
    recogniser = fields.String(required=True)
    shown = fields.Integer(required=True)
    dropped = fields.Integer(required=True)
    objects = fields.List(
        fields.Nested(DroppedOut),
        required=True,
        metadata={"description": "The surest of those that were not shown."},
    )
