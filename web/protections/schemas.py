"""Protections as bodies."""

from datetime import UTC, datetime
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validates_schema

from web.schemas import MessageOut, Text, UtcDateTime

#: What stamps in microseconds can say.
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2255, 1, 1, tzinfo=UTC)


def _in_range(at: datetime) -> None:
    if not _EARLIEST <= at <= _LATEST:
        raise ValidationError("Must be within the years 1970 to 2254.")


class ProtectionIn(Schema):
    """A time of which no footage is to go."""

    since = UtcDateTime(required=True, validate=_in_range)
    until = UtcDateTime(
        required=True, validate=_in_range, metadata={"description": "It may lie ahead."}
    )
    reason = Text(min_length=1, max_length=500, required=True)
    expires_at = UtcDateTime(
        load_default=None,
        allow_none=True,
        validate=_in_range,
        metadata={"description": "When the footage may go after all; null: it stays for good."},
    )

    @validates_schema
    def _is_a_span(self, body: dict[str, Any], **_: Any) -> None:
        if body["since"] >= body["until"]:
            raise ValidationError("Must be after since.", field_name="until")


class ProtectionOut(Schema):
    """A time of which no footage goes."""

    id = fields.Integer(required=True)
    camera_id = fields.Integer(required=True)
    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True)
    reason = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    username = fields.String(required=True, metadata={"description": "Who wanted it."})
    created_at = fields.AwareDateTime(required=True)


class ProtectionMadeOut(ProtectionOut, MessageOut):
    """A time of which no footage goes from now on, and what there is of it."""

    files = fields.Integer(required=True, metadata={"description": "Those that it covers now."})
    bytes = fields.Integer(required=True, metadata={"description": "Of those that are done."})
