"""Playback as queries."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from web.schemas import UtcDateTime

#: A picture for a timeline, not for evidence: in pixels.
LEAST_WIDTH_PX, MOST_WIDTH_PX, WIDTH_PX = 32, 640, 320


class PlaylistQuery(Schema):
    """Of which time."""

    since = UtcDateTime(required=True, metadata={"description": "The playlist begins there."})
    until = UtcDateTime(
        load_default=None,
        metadata={
            "description": "It ends there; now, if none is given. One that is still to come makes "
            "a playlist that grows (not by ?token=)."
        },
    )

    @validates_schema
    def _is_a_span(self, data: dict[str, Any], **_: Any) -> None:
        if data["since"] >= (data["until"] or datetime.max.replace(tzinfo=UTC)):
            raise ValidationError("Must be after since.", field_name="until")


class ThumbnailQuery(Schema):
    """Which moment, and how large."""

    at = UtcDateTime(
        required=True, metadata={"description": "The keyframe at that moment or before is shown."}
    )
    width = fields.Integer(
        load_default=WIDTH_PX,
        validate=validate.Range(min=LEAST_WIDTH_PX, max=MOST_WIDTH_PX),
        metadata={"description": "In pixels; the height follows. Never wider than the footage."},
    )
