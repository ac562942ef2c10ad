"""Time intervals as bodies."""

from datetime import time
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from typing_extensions import override

from web.schemas import HH_MM, MessageOut


class HoursMinutes(fields.String):
    """A time of day, ``HH:MM``, from 00:00 to 23:59."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"example": "22:30", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
        super().__init__(metadata=metadata, **kwargs)

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        HH_MM(text or "")
        return time.fromisoformat(text or "")

    @override
    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{value:%H:%M}"


class TimeIntervalIn(Schema):
    """From start to end, every day; an end before the start is on the next day."""

    start_time = HoursMinutes(required=True)
    end_time = HoursMinutes(required=True)

    @validates_schema
    def _is_not_empty(self, body: dict[str, Any], **_kwargs: Any) -> None:
        if body["start_time"] == body["end_time"]:
            raise ValidationError(
                "Must not be the start_time. For the whole day save no interval at all.",
                "end_time",
            )


class TimeIntervalOut(Schema):
    """A saved interval."""

    id = fields.Integer(required=True)
    start_time = HoursMinutes(required=True)
    end_time = HoursMinutes(required=True)
    crosses_midnight = fields.Boolean(required=True)


class TimeIntervalSavedOut(TimeIntervalOut, MessageOut):
    """A saved interval, and when it takes effect."""
