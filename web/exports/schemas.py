"""Exports as bodies."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from vigil.exports import MAX_CAMERAS, ExportKind, ExportState
from web.schemas import UtcDateTime, id_field

#: Of microseconds, as all times are kept: nobody recorded before, nor will after.
_YEARS = (1970, 2200)


class ExportIn(Schema):
    """What to export."""

    camera_ids = fields.List(
        id_field(),
        required=True,
        validate=validate.Length(min=1, max=MAX_CAMERAS),
        error_messages={"invalid": "Must be a list of camera numbers, as [1, 2]."},
    )
    since = UtcDateTime(required=True)
    until = UtcDateTime(required=True)
    kind = fields.String(
        load_default=ExportKind.MP4.value,
        validate=validate.OneOf([kind.value for kind in ExportKind]),
        metadata={"description": "mp4: of one camera. zip: with a manifest, of up to 64."},
    )
    exact = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Encode all of it anew, to begin and to end with the frames asked for; "
            "else it is copied from the keyframe at or before."
        },
    )

    @validates_schema
    def _is_possible(self, data: dict[str, Any], **_: Any) -> None:
        least, most = _YEARS
        for name in ("since", "until"):
            if not least <= data[name].year < most:
                raise ValidationError(f"Must be within {least} and {most}.", field_name=name)
        if data["since"] >= data["until"]:
            raise ValidationError("Must be after since.", field_name="until")
        if len(set(data["camera_ids"])) < len(data["camera_ids"]):
            raise ValidationError("Must name each camera once.", field_name="camera_ids")
        if data["kind"] == ExportKind.MP4 and len(data["camera_ids"]) > 1:
            raise ValidationError(
                "An mp4 is of one camera; of several there is a zip.", field_name="kind"
            )


class ExportGapOut(Schema):
    """A time of which an export has nothing of a camera."""

    camera_id = fields.Integer(required=True)
    begun_at = fields.String(required=True, metadata={"format": "date-time"})
    ended_at = fields.String(required=True, metadata={"format": "date-time"})


class ExportOut(Schema):
    """An export."""

    id = fields.Integer(required=True)
    camera_ids = fields.List(fields.Integer(), required=True)
    since = fields.AwareDateTime(required=True, attribute="since_at")
    until = fields.AwareDateTime(required=True, attribute="until_at")
    kind = fields.String(
        required=True, validate=validate.OneOf([kind.value for kind in ExportKind])
    )
    exact = fields.Boolean(required=True, attribute="is_exact")
    state = fields.String(
        required=True, validate=validate.OneOf([state.value for state in ExportState])
    )
    progress = fields.Float(required=True, metadata={"description": "0 to 1."})
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it failed."}
    )
    account_uuid = fields.UUID(
        required=True, attribute="account_id", metadata={"description": "Who asked for it."}
    )
    created_at = fields.AwareDateTime(required=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    begun_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "The first picture that is in it; null: not done."},
    )
    covered_until = fields.AwareDateTime(required=True, allow_none=True)
    gaps = fields.List(
        fields.Nested(ExportGapOut),
        required=True,
        metadata={"description": "The first 200; the manifest of a zip has all."},
    )
    size_bytes = fields.Integer(required=True, allow_none=True)
    sha256 = fields.String(required=True, allow_none=True)
    expires_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When its file is deleted."}
    )
