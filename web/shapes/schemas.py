"""Shapes as bodies."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_dump, validate, validates_schema
from typing_extensions import override

from web.schemas import Text
from web.shapes.geometry import MAX_PX

_BOX = ("x", "y", "width", "height")
_PLACE = validate.Range(min=0, max=MAX_PX)
_LENGTH = validate.Range(min=0, min_inclusive=False, max=MAX_PX)


class Pixels(fields.Float):
    """A length or a place in pixels. A whole number comes back as one."""

    @override
    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        number = super()._serialize(value, attr, obj, **kwargs)
        return int(number) if isinstance(number, float) and number.is_integer() else number


class Point(Schema):
    """A corner, in pixels of the full frame."""

    error_messages = {"type": 'Must be a corner, as {"x": 10, "y": 20}.'}  # noqa: RUF012  # As marshmallow has it.

    x = Pixels(required=True, validate=_PLACE)
    y = Pixels(required=True, validate=_PLACE)


class ShapeBody(Schema):
    """``x, y, width, height``, or ``points`` instead of the four."""

    x = Pixels(validate=_PLACE)
    y = Pixels(validate=_PLACE)
    width = Pixels(validate=_LENGTH)
    height = Pixels(validate=_LENGTH)
    points = fields.List(
        fields.Nested(Point),
        validate=validate.Length(min=3, max=100, error="Must have {min} to {max} corners."),
        error_messages={"invalid": "Must be a list of corners, each with x and y."},
    )
    name = Text(max_length=100)

    @validates_schema
    def _has_one_form(self, body: dict[str, Any], **_kwargs: Any) -> None:
        box = [name for name in _BOX if name in body]
        if "points" in body and box:
            raise ValidationError("Give x, y, width and height, or points, not both.")
        if "points" not in body and len(box) < len(_BOX):
            missing = ", ".join(name for name in _BOX if name not in body)
            raise ValidationError(f"Lacks {missing} (or points instead of all four).")

    @post_dump
    def _as_it_came(self, body: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {name: value for name, value in body.items() if value is not None}
