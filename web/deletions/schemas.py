"""Deletions as queries and bodies."""

from marshmallow import Schema, fields, validate

from web.recordings.schemas import require_span
from web.schemas import MessageOut, UtcDateTime


class ConfirmationQuery(Schema):
    """Whether it is to be done."""

    confirmation = fields.String(
        load_default=None,
        validate=validate.Length(max=8192),
        metadata={
            "description": "What the same request answered without it. Without it nothing is done."
        },
    )


class SpanDeletionQuery(ConfirmationQuery):
    """Footage of which time."""

    since = UtcDateTime(required=True, metadata={"description": "Files that end after it."})
    until = UtcDateTime(required=True, metadata={"description": "Files that begin before it."})

    _is_a_span = require_span


class DeletionOut(MessageOut):
    """What would be deleted, or was."""

    files = fields.Integer(required=True)
    bytes = fields.Integer(required=True)
    begun_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "The beginning of the first file; null: there is none."},
    )
    ended_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "The end of the last."}
    )
    protected_files = fields.Integer(
        required=True, metadata={"description": "Of that time, which stay: they are protected."}
    )
    growing_files = fields.Integer(
        required=True, metadata={"description": "Which stay: they are being recorded."}
    )
    confirmation = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Sent with the same request within five minutes, it has the files "
            "deleted; null: they are, or there are none."
        },
    )
