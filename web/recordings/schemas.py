"""Footage as bodies."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from vigil.messages import GapReason
from web.schemas import MAX_ID, PageQuery, UtcDateTime


@validates_schema
def require_span(_: Schema, data: dict[str, Any], **__: Any) -> None:
    """Refuse a time that ends before it begins."""
    if data["since"] and data["until"] and data["since"] >= data["until"]:
        raise ValidationError("Must be after since.", field_name="until")


class SpanQuery(Schema):
    """Of which time."""

    since = UtcDateTime(load_default=None, metadata={"description": "Footage that ends after it."})
    until = UtcDateTime(
        load_default=None, metadata={"description": "Footage that begins before it."}
    )

    _is_a_span = require_span


class RecordingsQuery(SpanQuery, PageQuery):
    """Which files."""

    camera_id = fields.Integer(load_default=None, validate=validate.Range(min=1, max=MAX_ID))


class SegmentOut(Schema):
    """A file of footage."""

    id = fields.Integer(required=True)
    camera_id = fields.Integer(required=True)
    begun_at = fields.AwareDateTime(required=True)
    ended_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "null: it is being recorded."}
    )
    size_bytes = fields.Integer(
        required=True, metadata={"description": "0 while it is being recorded."}
    )
    codec = fields.String(required=True)
    width_px = fields.Integer(required=True)
    height_px = fields.Integer(required=True)
    is_protected = fields.Boolean(
        required=True, metadata={"description": "It stays, whatever the limits are."}
    )


class SpanOut(Schema):
    """A time."""

    begun_at = fields.AwareDateTime(required=True)
    ended_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "null: it goes on."}
    )


class GapOut(Schema):
    """A time of which there is no footage."""

    begun_at = fields.AwareDateTime(required=True)
    ended_at = fields.AwareDateTime(required=True)
    reason = fields.String(
        required=True, validate=validate.OneOf([reason.value for reason in GapReason])
    )


class RecorderOut(Schema):
    """What the recorder of a camera says now."""

    error = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why nothing is recorded; null: all that comes is."},
    )
    audio_error = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why audio is missing; null: all that is wanted and comes is."},
    )
    encoding_error = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Why pictures of a camera whose video is encoded are missing; null: "
            "none are."
        },
    )
    since = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "Recorded without a gap since."}
    )
    safe_until = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "Until then it is on disk."}
    )
    waiting = fields.Boolean(
        attribute="is_waiting",
        required=True,
        metadata={"description": "Not recorded now: its mode waits for something."},
    )


class AvailabilityOut(Schema):
    """Of which times a camera has footage, and why of others it has none."""

    recorder = fields.Nested(
        RecorderOut,
        required=True,
        allow_none=True,
        metadata={"description": "null: nobody records it now."},
    )

    spans = fields.List(fields.Nested(SpanOut), required=True)
    gaps = fields.List(fields.Nested(GapOut), required=True)
