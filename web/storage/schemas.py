"""What recorders say of their volumes, as bodies."""

from marshmallow import Schema, fields

_RATE = (
    "What came in the last 24 whole hours, or in as many as there were, a day; null: not one is "
    "over yet."
)
_LEFT = (
    "Days until a limit in bytes is met if all days are as the last; null: not known yet, or "
    "never, since what is too old goes first."
)


class FootageOut(Schema):
    """What some footage takes."""

    files = fields.Integer(required=True)
    used_bytes = fields.Integer(
        required=True, metadata={"description": "Of files that are done, as far as counted."}
    )
    protected_bytes = fields.Integer(required=True)
    oldest_at = fields.AwareDateTime(required=True, allow_none=True)
    bytes_per_day = fields.Float(required=True, allow_none=True, metadata={"description": _RATE})
    days_left = fields.Float(required=True, allow_none=True, metadata={"description": _LEFT})
    reach_days = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "How many days old footage gets; null: not known yet."},
    )
    error = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why there is no room to record; null: there is."},
    )


class CameraFootageOut(FootageOut):
    """What the footage of a camera takes on a volume."""

    camera_id = fields.Integer(required=True)


class VolumeOut(FootageOut):
    """A volume, and what all footage on it takes."""

    volume = fields.UUID(required=True)
    reported_at = fields.AwareDateTime(required=True)
    is_current = fields.Boolean(
        required=True, metadata={"description": "false: its recorder is silent; it was so then."}
    )
    total_bytes = fields.Integer(required=True)
    free_bytes = fields.Integer(required=True)
    reserve_bytes = fields.Integer(required=True)
    max_bytes = fields.Integer(required=True, allow_none=True)
    kept_days = fields.Float(required=True)
    purges = fields.Boolean(required=True)
    is_counted = fields.Boolean(
        required=True, metadata={"description": "false: there is more than is said."}
    )
    cameras = fields.List(fields.Nested(CameraFootageOut), required=True)


class StorageOut(Schema):
    """Where footage lies."""

    volumes = fields.List(fields.Nested(VolumeOut), required=True)
