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


def color_field() -> fields.String:
    """Return a field for the colour in which a shape is drawn."""
    return fields.String(
        validate=validate.Regexp(r"#[0-9a-fA-F]{6}\Z", error="Must look like #ffb000."),
    )


def labels_field(description: str) -> fields.List[str]:
    """Return a field for the labels that count somewhere."""
    return fields.List(
        Text(min_length=1, max_length=64),
        validate=validate.Length(max=100),
        error_messages={"invalid": 'Must be a list of labels, as ["person"].'},
        metadata={"description": description},
    )


def confidence_field(description: str) -> fields.Float:
    """Return a field for a least confidence."""
    return fields.Float(
        validate=validate.Range(min=0, max=1), metadata={"description": description}
    )


def size_field(description: str) -> Pixels:
    """Return a field for a length in pixels, which may be none."""
    return Pixels(validate=_PLACE, metadata={"description": description})


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
