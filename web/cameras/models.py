"""Cameras, and the number that grows with each change of any of them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from vigil.camera_document import (
    MAX_KEPT_DAYS,
    MAX_MAX_BYTES,
    MAX_MODELS,
    MAX_POST_S,
    MAX_PRE_S,
    MIN_MAX_BYTES,
    RecordingMode,
    Transport,
)
from vigil.domain.frame import MAX_FRAME_FPS, MIN_FRAME_FPS
from web.database import Base

_TRANSPORTS = ", ".join(f"'{transport}'" for transport in Transport)
_MODES = ", ".join(f"'{mode}'" for mode in RecordingMode)


class Camera(Base):
    """What web wants of one camera; see `vigil.camera_document.CameraConfig` for the fields.

    Attributes:
        stream_url: As it is shown: without user and password, other secrets masked.
        sealed_url: What the shown one hides too, sealed.
        credentials: ``user:password``, sealed; None: none are needed.
        sub_stream_url, sealed_sub_url: The same of a smaller encoding; None: there is none.
        sub_credentials: For that, sealed; empty before it was sealed: none are needed; None: those
            of the main stream, if that is on the same server.
        recognition: In the form in which it was given (see ``web.cameras.recognition_body``), as it
            is shown: secrets of a model's address masked.
        sealed_recognition: For each model its address as it was given, sealed; NULL in its place:
            it is no address. None: no model is one.
        revision: The generation at its last change, so it grows, and never comes back.
        recording: When it is recorded; see `vigil.camera_document.RecordingRules` for the rest:
            its schedule has spans as a body has them.
        record_audio: Whether its audio is, too.
        recording_kept_days, recording_max_bytes: What its footage may take; None: as the recorder's
            settings have it.
        is_demo: Whether it is the one that an installation began with, and nobody moved it.
    """

    __tablename__ = "cameras"
    __table_args__ = (
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 100", name="name_length"),
        sa.CheckConstraint("char_length(stream_url) <= 2048", name="stream_url_length"),
        # The last line of defence: a password in the URL would be shown.
        sa.CheckConstraint("stream_url !~ '^[a-z]+://[^/?#]*@'", name="stream_url_no_userinfo"),
        # No sealed text has a colon; every URL and every user with a password has one.
        sa.CheckConstraint("sealed_url !~ ':'", name="sealed_url_sealed"),
        sa.CheckConstraint("credentials !~ ':'", name="credentials_sealed"),
        sa.CheckConstraint("char_length(sub_stream_url) <= 2048", name="sub_stream_url_length"),
        sa.CheckConstraint(
            "sub_stream_url !~ '^[a-z]+://[^/?#]*@'", name="sub_stream_url_no_userinfo"
        ),
        sa.CheckConstraint("sealed_sub_url !~ ':'", name="sealed_sub_url_sealed"),
        sa.CheckConstraint("sub_credentials !~ ':'", name="sub_credentials_sealed"),
        sa.CheckConstraint(
            "(sub_stream_url IS NULL) = (sealed_sub_url IS NULL)", name="sub_stream_whole"
        ),
        sa.CheckConstraint("sealed_recognition::text !~ ':'", name="sealed_recognition_sealed"),
        sa.CheckConstraint(
            "recognition::text !~ '://' OR sealed_recognition IS NOT NULL",
            name="recognition_sealed",
        ),
        sa.CheckConstraint(
            "CASE jsonb_typeof(recognition) WHEN 'string' THEN true WHEN 'array'"
            f" THEN jsonb_array_length(recognition) BETWEEN 1 AND {MAX_MODELS} ELSE false END",
            name="recognition_form",
        ),
        sa.CheckConstraint("char_length(location) <= 200", name="location_length"),
        sa.CheckConstraint(f"transport IN ({_TRANSPORTS})", name="transport_known"),
        sa.CheckConstraint(
            f"frame_fps BETWEEN {MIN_FRAME_FPS} AND {MAX_FRAME_FPS}", name="frame_fps_range"
        ),
        sa.CheckConstraint("min_confidence BETWEEN 0 AND 1", name="min_confidence_range"),
        sa.CheckConstraint("revision >= 0", name="revision_range"),
        sa.CheckConstraint(f"recording IN ({_MODES})", name="recording_known"),
        sa.CheckConstraint(
            "jsonb_typeof(recording_schedule) = 'array'", name="recording_schedule_list"
        ),
        sa.CheckConstraint(
            f"recording_pre_s BETWEEN 0 AND {MAX_PRE_S:g}", name="recording_pre_s_range"
        ),
        sa.CheckConstraint(
            f"recording_post_s BETWEEN 0 AND {MAX_POST_S:g}", name="recording_post_s_range"
        ),
        sa.CheckConstraint(
            f"recording_kept_days > 0 AND recording_kept_days <= {MAX_KEPT_DAYS:.0f}",
            name="recording_kept_days_range",
        ),
        sa.CheckConstraint(
            f"recording_max_bytes BETWEEN {MIN_MAX_BYTES} AND {MAX_MAX_BYTES}",
            name="recording_max_bytes_range",
        ),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    name: Mapped[str]
    stream_url: Mapped[str]
    sealed_url: Mapped[str]
    credentials: Mapped[str | None]
    sub_stream_url: Mapped[str | None]
    sealed_sub_url: Mapped[str | None]
    sub_credentials: Mapped[str | None]
    location: Mapped[str]
    recognition: Mapped[Any] = mapped_column(JSONB)
    sealed_recognition: Mapped[list[str | None] | None] = mapped_column(ARRAY(sa.Text))
    transport: Mapped[str]
    loop: Mapped[bool]
    enabled: Mapped[bool]
    frame_fps: Mapped[float]
    min_confidence: Mapped[float]
    time_zone: Mapped[str]
    recording: Mapped[str] = mapped_column(default=RecordingMode.OFF.value)
    recording_schedule: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    recording_pre_s: Mapped[float] = mapped_column(server_default="5")
    recording_post_s: Mapped[float] = mapped_column(server_default="10")
    record_while_watched: Mapped[bool] = mapped_column(server_default=sa.false())
    recording_started: Mapped[bool] = mapped_column(server_default=sa.false())
    recording_takes: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    record_audio: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    recording_kept_days: Mapped[float | None]
    recording_max_bytes: Mapped[int | None] = mapped_column(sa.BigInteger)
    revision: Mapped[int] = mapped_column(sa.BigInteger)
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now()
    )


sa.Index("uq_cameras_name", sa.func.lower(Camera.name), unique=True)
sa.Index("uq_cameras_demo", Camera.is_demo, unique=True, postgresql_where=Camera.is_demo)


class Generation(Base):
    """One row: the generation of the configuration as a whole."""

    __tablename__ = "camera_generation"
    __table_args__ = (
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.CheckConstraint("generation >= 0", name="generation_range"),
    )

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    generation: Mapped[int] = mapped_column(sa.BigInteger)
