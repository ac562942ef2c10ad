"""Explanations as bodies."""

from marshmallow import Schema, fields, validate

from vigil.bus.explanations.base import MAX_KEPT
from vigil.clock import utc_from_us
from vigil.domain.explanation import DropReason
from web.tracks.schemas import box_field


class ExplanationsQuery(Schema):
    """How many."""

    limit = fields.Integer(load_default=10, validate=validate.Range(min=1, max=MAX_KEPT))


class DropOut(Schema):
    """One thing that kept a detection out."""

    reason = fields.String(required=True, validate=validate.OneOf(list(DropReason)))
    value = fields.String(required=True, metadata={"description": "What it was."})
    limit = fields.String(required=True, metadata={"description": "What it had to be."})
    zone = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Which rectangle says so, from 0 in the order saved; null: none."},
    )


class DroppedOut(Schema):
    """A detection that was not shown, or does not count yet."""

    label = fields.String(required=True)
    confidence = fields.Float(required=True)
    box = box_field()
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
    waiting = fields.List(
        fields.Nested(DroppedOut),
        required=True,
        metadata={"description": "The surest of those that were shown, and do not count yet."},
    )
