"""What the bodies of all domains have in common."""

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate
from typing_extensions import override

#: Greatest value of a bigint, PostgreSQL's and ours.
MAX_ID = 2**63 - 1
#: A time of day, from 00:00 to 23:59.
HH_MM = validate.Regexp(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z", error="Must look like 22:30.")


class SpanBody(Schema):
    """A part of the day, in the camera's time zone."""

    error_messages = {  # noqa: RUF012
        "type": 'Must be a span, as {"start_time": "22:00", "end_time": "06:00"}.'
    }

    start_time = fields.String(required=True, validate=HH_MM)
    end_time = fields.String(
        required=True,
        validate=HH_MM,
        metadata={"description": "At start_time or before: on the next day."},
    )
    days = fields.List(
        fields.Integer(strict=True, validate=validate.Range(min=0, max=6)),
        validate=validate.Length(max=7),
        error_messages={"invalid": "Must be a list of days, 0 to 6 from Monday."},
        metadata={"description": "On which it begins, 0 to 6 from Monday; none: every day."},
    )


class Text(fields.String):
    """A string that a database can hold and a page can show.

    Args:
        max_length: In characters.
        min_length: In characters, after white space at both ends was removed.
        multiline: Whether line breaks and tabs may stand in it.
        validate_text: Raises ValidationError for a text that is wrong for this field.
    """

    def __init__(
        self,
        *,
        max_length: int,
        min_length: int = 0,
        multiline: bool = False,
        validate_text: Callable[[str], None] | None = None,
        **kwargs: Any,
    ) -> None:
        checks: list[Callable[[str], object]] = [validate.Length(min=min_length, max=max_length)]
        if validate_text is not None:
            checks.append(validate_text)
        super().__init__(validate=checks, **kwargs)
        self._allowed = "\n\r\t" if multiline else ""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs) or ""
        # Cc: control characters, NUL among them. Cs: half a surrogate pair, which is no text.
        if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in self._allowed for c in text):
            raise ValidationError("Must not hold control characters.")
        return text.strip()


class Password(fields.String):
    """A secret as it was typed: nothing is cut off, and nothing shows it.

    Args:
        min_length: In characters.
    """

    def __init__(self, *, min_length: int = 1, **kwargs: Any) -> None:
        metadata = {"format": "password"}
        # A bound, since hashing takes time with length.
        length = validate.Length(min=min_length, max=256)
        super().__init__(validate=length, load_only=True, metadata=metadata, **kwargs)

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs) or ""
        if any(unicodedata.category(c) == "Cs" for c in text):
            raise ValidationError("Must be text.")
        return text


class UtcDateTime(fields.AwareDateTime):
    """A time with any offset, as UTC: PostgreSQL takes no offset of sixteen hours or more."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        at: datetime = super()._deserialize(value, attr, data, **kwargs)
        try:
            return at.astimezone(UTC)
        except OverflowError:
            raise ValidationError("Must be within the years 1 to 9999, in UTC.") from None


def id_field(**kwargs: Any) -> fields.Integer:
    """Return a field for the number of a row."""
    return fields.Integer(strict=True, validate=validate.Range(min=1, max=MAX_ID), **kwargs)


class MessageOut(Schema):
    """A sentence about what was done."""

    message = fields.String(required=True)


class Told:
    """A thing, and what else an answer says beside its fields.

    Args:
        thing: Whose attributes are the fields.
        said: Field to value, such as ``message``.
    """

    def __init__(self, thing: object, **said: object) -> None:
        self._thing = thing
        self._said = said

    def __getattr__(self, name: str) -> Any:
        """Return what is said, or else the thing's own."""
        return self._said[name] if name in self._said else getattr(self._thing, name)


class PageQuery(Schema):
    """Which part of a long list."""

    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=1000))
    before_id = fields.Integer(
        load_default=None,
        validate=validate.Range(min=1, max=MAX_ID),
        metadata={"description": "Only rows older than this one."},
    )
