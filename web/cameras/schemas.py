"""Cameras as bodies."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from marshmallow import Schema, ValidationError, fields, validate

from vigil.camera_document import (
    MAX_KEPT_DAYS,
    MAX_MAX_BYTES,
    MAX_POST_S,
    MAX_PRE_S,
    MIN_MAX_BYTES,
    RecordingMode,
    Transport,
)
from vigil.domain.frame import MAX_FRAME_FPS, MIN_FRAME_FPS
from web.cameras.models import Camera
from web.cameras.recognition_body import Recognition
from web.cameras.stream_url import MAX_URL_CHARS
from web.masks.schemas import MaskBody
from web.schemas import MAX_ID, MessageOut, SpanBody, Text

_TRANSPORT = validate.OneOf([transport.value for transport in Transport])
_RECORDING = validate.OneOf([mode.value for mode in RecordingMode])
_PRE_S = validate.Range(min=0, max=MAX_PRE_S)
_POST_S = validate.Range(min=0, max=MAX_POST_S)
_FRAME_FPS = validate.Range(min=MIN_FRAME_FPS, max=MAX_FRAME_FPS)
_CONFIDENCE = validate.Range(min=0, max=1)


@cache
def _time_zones() -> frozenset[str]:
    # Reading the folder takes a moment, so it is done when first asked for, not at import.
    return frozenset(available_timezones())


def _known_time_zone(name: str) -> None:
    if name not in _time_zones():
        raise ValidationError("Must be an IANA name, such as Europe/Berlin or Asia/Taipei.")


def _stream_url(hint: str = "", **kwargs: Any) -> fields.String:
    hint += "rtsp, rtsps, http, https; for admins also file:///path and device:///dev/video0. "
    keeps = "It is kept sealed; user, password and what looks like a secret are never shown."
    length = validate.Length(min=1, max=MAX_URL_CHARS)
    return fields.String(validate=length, metadata={"description": hint + keeps}, **kwargs)


def _sub_stream_url(**kwargs: Any) -> fields.String:
    hint = (
        "A smaller encoding of the same video, which is decoded instead; null: there is none. "
        "Without a user, that of stream_url is taken on the same host and port. "
    )
    return _stream_url(hint, allow_none=True, **kwargs)


def _recording_schedule(**kwargs: Any) -> "fields.List[Any]":
    return fields.List(
        fields.Nested(SpanBody),
        validate=validate.Length(max=50),
        error_messages={"invalid": "Must be a list of spans, each with start_time and end_time."},
        metadata={"description": "When it is recorded in the mode schedule; none: never."},
        **kwargs,
    )


def _record_audio(**kwargs: Any) -> fields.Boolean:
    hint = "Whether footage holds what the camera hears, too. In many places that is forbidden."
    return fields.Boolean(metadata={"description": hint}, **kwargs)


def _recording_kept_days(**kwargs: Any) -> fields.Float:
    hint = "Older footage is deleted; null: what FOOTAGE_KEPT_DAYS says."
    days = validate.Range(min=0, min_inclusive=False, max=MAX_KEPT_DAYS)
    return fields.Float(allow_none=True, validate=days, metadata={"description": hint}, **kwargs)


def _recording_max_bytes(**kwargs: Any) -> fields.Integer:
    hint = "Its footage takes no more: the oldest is deleted; null: no limit of its own."
    bound = validate.Range(min=MIN_MAX_BYTES, max=MAX_MAX_BYTES)
    return fields.Integer(
        strict=True, allow_none=True, validate=bound, metadata={"description": hint}, **kwargs
    )


class CameraIn(Schema):
    """A new camera."""

    name = Text(min_length=1, max_length=100, required=True)
    stream_url = _stream_url(required=True)
    sub_stream_url = _sub_stream_url(load_default=None)
    location = Text(max_length=200, load_default="")
    recognition = Recognition(load_default="default")
    transport = fields.String(validate=_TRANSPORT, load_default=Transport.TCP.value)
    loop = fields.Boolean(load_default=False)
    enabled = fields.Boolean(load_default=True)
    frame_fps = fields.Float(validate=_FRAME_FPS, load_default=5.0)
    min_confidence = fields.Float(validate=_CONFIDENCE, load_default=0.4)
    time_zone = Text(
        max_length=64,
        validate_text=_known_time_zone,
        metadata={"description": "IANA name; without it, the site's own zone."},
    )
    recording = fields.String(validate=_RECORDING, load_default=RecordingMode.OFF.value)
    recording_schedule = _recording_schedule(load_default=list)
    recording_pre_s = fields.Float(validate=_PRE_S, load_default=5.0)
    recording_post_s = fields.Float(validate=_POST_S, load_default=10.0)
    record_while_watched = fields.Boolean(load_default=False)
    record_audio = _record_audio(load_default=False)
    recording_kept_days = _recording_kept_days(load_default=None)
    recording_max_bytes = _recording_max_bytes(load_default=None)
    masks = fields.List(
        fields.Nested(MaskBody),
        load_default=list,
        metadata={"description": "Privacy masks from its first picture on; for admins."},
    )


class CameraPatch(Schema):
    """What shall change; what is not named stays."""

    name = Text(min_length=1, max_length=100)
    stream_url = _stream_url()
    sub_stream_url = _sub_stream_url()
    location = Text(max_length=200)
    recognition = Recognition()
    transport = fields.String(validate=_TRANSPORT)
    loop = fields.Boolean()
    enabled = fields.Boolean()
    frame_fps = fields.Float(validate=_FRAME_FPS)
    min_confidence = fields.Float(validate=_CONFIDENCE)
    time_zone = Text(max_length=64, validate_text=_known_time_zone)
    recording = fields.String(validate=_RECORDING)
    recording_schedule = _recording_schedule()
    recording_pre_s = fields.Float(validate=_PRE_S)
    recording_post_s = fields.Float(validate=_POST_S)
    record_while_watched = fields.Boolean()
    record_audio = _record_audio()
    recording_kept_days = _recording_kept_days()
    recording_max_bytes = _recording_max_bytes()
    revision = fields.Integer(
        strict=True,
        validate=validate.Range(min=0, max=MAX_ID),
        metadata={"description": "The revision last seen: 409 when it is another by now."},
    )


def _has_credentials(camera: Camera) -> bool:
    return camera.credentials is not None


class CameraOut(Schema):
    """A camera, without its password."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    stream_url = fields.String(required=True)
    sub_stream_url = fields.String(required=True, allow_none=True)
    has_credentials = fields.Function(_has_credentials, required=True, metadata={"type": "boolean"})
    location = fields.String(required=True)
    recognition = Recognition(required=True)
    transport = fields.String(required=True)
    loop = fields.Boolean(required=True)
    enabled = fields.Boolean(required=True)
    frame_fps = fields.Float(required=True)
    min_confidence = fields.Float(required=True)
    time_zone = fields.String(required=True)
    recording = fields.String(required=True)
    recording_schedule = _recording_schedule(required=True)
    recording_pre_s = fields.Float(required=True)
    recording_post_s = fields.Float(required=True)
    record_while_watched = fields.Boolean(required=True)
    recording_started = fields.Boolean(
        required=True, metadata={"description": "Somebody had it recorded by hand, and still has."}
    )
    record_audio = fields.Boolean(required=True)
    recording_kept_days = fields.Float(required=True, allow_none=True)
    recording_max_bytes = fields.Integer(required=True, allow_none=True)
    revision = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)


class CameraChangeOut(CameraOut, MessageOut):
    """A camera, and what was done to it."""
