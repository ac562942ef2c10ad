"""What looks at a camera, as a body has it: a name, or a list of up to four models."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate
from typing_extensions import override

from vigil.camera_document import MAX_MODELS
from web.cameras.recognition import OFF
from web.cameras.stream_url import MAX_URL_CHARS
from web.schemas import Text

_WANTED = (
    f"Must be off, basic, default, a model's path or URL, or a list of 1 to {MAX_MODELS} of these "
    'and of objects as {"model": "default", "labels": ["person"], "min_confidence": 0.5}.'
)
#: As long as a URL, since a model can be named by one.
_NAME = Text(min_length=1, max_length=MAX_URL_CHARS, required=True)


class ModelBody(Schema):
    """A model among others, and what of it counts."""

    #: Said of what is neither a name nor an object.
    error_messages = {"type": 'Must be a name, or an object as {"model": "default"}.'}  # noqa: RUF012  # As marshmallow has it.

    model = _NAME
    labels = fields.List(
        Text(min_length=1, max_length=64),
        validate=validate.Length(max=100),
        error_messages={"invalid": 'Must be a list of labels, as ["person"].'},
        metadata={"description": "What counts of what it sees; none: everything."},
    )
    min_confidence = fields.Float(
        validate=validate.Range(min=0, max=1),
        metadata={"description": "Instead of the camera's."},
    )


class Recognition(fields.Field[Any]):
    """A name, or a list of models; it comes back in the form in which it was given."""

    def __init__(self, **kwargs: Any) -> None:
        name = {"type": "string", "minLength": 1, "maxLength": MAX_URL_CHARS}
        model = {
            "type": "object",
            "required": ["model"],
            "additionalProperties": False,
            "properties": {
                "model": name,
                "labels": {"type": "array", "items": {"type": "string"}},
                "min_confidence": {"type": "number", "minimum": 0, "maximum": 1},
            },
        }
        models = {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_MODELS,
            "items": {"oneOf": [name, model]},
        }
        description = (
            "What looks at it: off, basic, default, a model's path or URL; or a list of models. "
            "A URL is kept sealed; what looks like a secret in it is never shown. "
            "A .pt is a program that its maker wrote, and runs here: admins alone can add one."
        )
        super().__init__(metadata={"oneOf": [name, models], "description": description}, **kwargs)

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            return _NAME.deserialize(value, attr, data)
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_MODELS:
            raise ValidationError(_WANTED)
        models, faults = [], {}
        for place, entry in enumerate(value):
            try:
                models.append(_model(entry))
            except ValidationError as error:
                faults[place] = error.messages
        if faults:
            raise ValidationError(faults)
        return models


def _model(entry: Any) -> Any:
    model = _NAME.deserialize(entry) if isinstance(entry, str) else ModelBody().load(entry)
    name = model if isinstance(model, str) else model["model"]
    if name == OFF:
        raise ValidationError(f"'{OFF}' stands alone: nothing else looks then.")
    return model
