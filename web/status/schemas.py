"""States as bodies."""

from marshmallow import Schema, fields


class StatusQuery(Schema):
    """How much to say."""

    detail = fields.Boolean(
        load_default=False,
        metadata={"description": "1: fps, last frame, error and owner of each camera as well."},
    )


class SubStreamOut(Schema):
    """How a camera's sub-stream is."""

    state = fields.String(required=True)
    error = fields.String(required=True, allow_none=True)
    codec = fields.String(required=True, allow_none=True)
    width_px = fields.Integer(required=True)
    height_px = fields.Integer(required=True)
    fps = fields.Float(required=True, attribute="packet_fps")
    bitrate_bps = fields.Float(required=True)


class CameraDetailsOut(Schema):
    """How one camera is."""

    status = fields.String(required=True)
    name = fields.String(required=True)
    enabled = fields.Boolean(required=True)
    state = fields.String()
    error = fields.String(allow_none=True)
    owner = fields.String()
    since = fields.AwareDateTime()
    #: When the newest picture was captured; and when the last of the camera's video came.
    last_frame_at = fields.AwareDateTime(allow_none=True)
    last_packet_at = fields.AwareDateTime(allow_none=True)
    fps = fields.Float()
    frame_fps = fields.Float()
    codec = fields.String(allow_none=True)
    width_px = fields.Integer()
    height_px = fields.Integer()
    bitrate_bps = fields.Float()
    backlog_s = fields.Float()
    #: Whether something moves in its picture, and since when that is so; null: nobody looks.
    moving = fields.Boolean(allow_none=True)
    moving_since = fields.AwareDateTime(allow_none=True)
    #: full, gated (nothing moves) or idle (keyframes alone); and why it is not idle.
    decoding = fields.String()
    decoding_reason = fields.String(allow_none=True)
    #: main or sub: which stream that is of; and how the other one is, null where there is none.
    decoded_stream = fields.String()
    sub_stream = fields.Nested(SubStreamOut, allow_none=True)
    frames_decoded = fields.Integer()


class HealthOut(Schema):
    """That the process lives."""

    status = fields.String(required=True)


class ReadyOut(HealthOut):
    """Which of the servers that it needs answer, and what to do about how they are set up."""

    checks = fields.Dict(keys=fields.String(), values=fields.Boolean(), required=True)
    warnings = fields.List(fields.String(), required=True)
