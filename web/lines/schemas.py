"""Lines and their counts as bodies."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_dump, validate, validates_schema

from vigil.facts import Direction
from web.schemas import Text, UtcDateTime, id_field
from web.shapes.schemas import Point, color_field, confidence_field, labels_field

MAX_LINES = 50


class LineBody(Schema):
    """A segment. Who looks along it from start to end, in the picture, has ``in`` to the right."""

    #: Said of a body that is no list, and of what in it is no object.
    error_messages = {  # noqa: RUF012
        "type": "Must be a list of lines, each an object with start and end."
    }

    id = id_field(
        metadata={
            "description": "As it was told: the line goes on with its counts, wherever it is now. "
            "Without it a line with the same ends goes on, and any other is a new one."
        }
    )
    start = fields.Nested(Point, required=True)
    end = fields.Nested(Point, required=True)
    name = Text(max_length=100)
    color = color_field()
    labels = labels_field("What counts, such as person; none: everything.")
    min_confidence = confidence_field("What was never surer does not count.")

    @post_dump
    def _as_it_came(self, body: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {name: value for name, value in body.items() if value is not None}


class LineCountsQuery(Schema):
    """Of which time."""

    since = UtcDateTime(
        load_default=None,
        metadata={"description": "Without it: since midnight in the camera's time zone."},
    )
    until = UtcDateTime(load_default=None)

    @validates_schema
    def _is_a_time(self, query: dict[str, Any], **_kwargs: Any) -> None:
        since, until = query["since"], query["until"]
        if since is not None and until is not None and since >= until:
            raise ValidationError("Must be later than since.", "until")


class LineCountOut(Schema):
    """How many crossed a line, one way, that were called so."""

    line = fields.Integer(required=True, metadata={"description": "The line's id."})
    name = fields.String(required=True)
    direction = fields.String(required=True, validate=validate.OneOf(list(Direction)))
    label = fields.String(required=True)
    count = fields.Integer(required=True)
