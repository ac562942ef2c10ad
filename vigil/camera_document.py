"""What web wants of a camera, as the other services read it: its document, and the head."""

import hashlib
from datetime import time
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field

from vigil.domain.camera import CameraId
from vigil.domain.frame import MAX_FRAME_FPS, MIN_FRAME_FPS
from vigil.domain.mask_mark import MARK_BYTES, read_mark
from vigil.messages import Document

#: So many models look at one camera at most: each look costs as much as all of them together.
MAX_MODELS = 4
#: Footage of a camera is kept for so many days at most.
MAX_KEPT_DAYS = 3650.0
#: Bounds of what a camera's footage may take: a file of it at least, and what JSON counts exactly.
MIN_MAX_BYTES, MAX_MAX_BYTES = 2**20, 2**53 - 1


class ScheduleSpan(Document):
    """A part of the day, by the clock of the camera's time zone; see `vigil.domain.schedule`.

    Attributes:
        end_time: At start_time or before: on the next day.
        days: On which it begins, 0 to 6 from Monday; empty: every day.
    """

    start_time: time
    end_time: time
    days: tuple[Annotated[int, Field(ge=0, le=6)], ...] = ()


class Zone(Document):
    """A polygon in which a camera looks.

    Attributes:
        points: Corners ``(x, y)`` in pixels of the full frame, at least three.
        name: For people.
        color: CSS hex colour in which it is drawn.
        labels: The labels that count in it; empty: all.
        min_confidence: Detections below do not count in it, nor do those below the bound of the
            model that found them, or the camera's where it has none.
        min_size_px, max_size_px: Of the longer side of a box, in pixels of the full frame; None:
            any size.
        schedule: When it is there; empty: always.
        dwell_s: Something counts in it when it has stayed so long.
    """

    points: tuple[tuple[float, float], ...] = Field(min_length=3)
    name: str = ""
    color: str = "#ffb000"
    labels: tuple[str, ...] = ()
    min_confidence: float = Field(default=0.0, ge=0, le=1)
    min_size_px: float | None = Field(default=None, ge=0)
    max_size_px: float | None = Field(default=None, ge=0)
    schedule: tuple[ScheduleSpan, ...] = ()
    dwell_s: float = Field(default=0.0, ge=0)


class Line(Document):
    """A segment that things cross, from one end to the other.

    Who looks along it from start to end, in the picture, has ``in`` to the right.

    Attributes:
        id: Its number, the same for as long as it is there.
        start, end: ``(x, y)`` in pixels of the full frame.
        name: For people.
        color: CSS hex colour in which it is drawn.
        labels: The labels that count; empty: all.
        min_confidence: What was never surer than this does not count.
    """

    id: int = Field(ge=1)
    start: tuple[float, float]
    end: tuple[float, float]
    name: str = ""
    color: str = "#2ec4b6"
    labels: tuple[str, ...] = ()
    min_confidence: float = Field(default=0.0, ge=0, le=1)


class MaskStyle(StrEnum):
    """What stands in place of what a privacy mask hides."""

    BLACK = "black"
    BLUR = "blur"


#: Far beyond any frame, and small enough to reckon with in whole numbers.
_MaskPx = Annotated[float, Field(ge=-1e6, le=1e6)]
_FramePx = Annotated[int, Field(ge=1, le=65_535)]


class Mask(Document):
    """A privacy mask: a polygon of a camera's picture that nobody is to see.

    Attributes:
        points: Corners ``(x, y)`` in pixels of ``frame_wh``, at least three.
        style: What stands in its place.
        frame_wh: The frame on which it was drawn; None: that was not known, so each picture is
            taken for it. A picture of another size shows the same scene, larger or smaller.
    """

    points: tuple[tuple[_MaskPx, _MaskPx], ...] = Field(min_length=3)
    style: MaskStyle = MaskStyle.BLACK
    frame_wh: tuple[_FramePx, _FramePx] | None = None


@lru_cache(maxsize=1024)
def _mark_of(masks: tuple[Mask, ...]) -> bytes:
    # Of what is painted alone: a field that a newer version adds makes no other picture.
    whole = repr([(mask.points, mask.style.value, mask.frame_wh) for mask in masks])
    return hashlib.blake2b(whole.encode(), digest_size=MARK_BYTES).digest()


class ModelUse(Document):
    """A model that looks at a camera, and what of it counts there.

    Attributes:
        model: ``basic``, ``default``, or a path or an address, as it may be shown.
        sealed: The address as it is fetched from, sealed (see ``vigil.sealing``); None: model is
            no address.
        labels: Those that count of what it sees; empty: all.
        min_confidence: What it is less sure of is dropped; None: the camera's own counts.
    """

    model: str
    sealed: str | None = None
    labels: tuple[str, ...] = ()
    min_confidence: float | None = Field(default=None, ge=0, le=1)


class Transport(StrEnum):
    """How RTP comes from an RTSP camera."""

    TCP = "tcp"
    UDP = "udp"


class RecordingMode(StrEnum):
    """When a camera is recorded by itself; whoever starts it by hand has it recorded besides.

    ``off``: never, not even by hand. ``manual``: by hand alone. ``motion``: while something moves.
    ``events``: while something that is confirmed is in a zone, or anywhere where there are none.
    ``schedule``: at times of the day.
    """

    OFF = "off"
    MANUAL = "manual"
    CONTINUOUS = "continuous"
    MOTION = "motion"
    EVENTS = "events"
    SCHEDULE = "schedule"


#: For these it matters all the time whether something moves.
RECORDS_MOTION = frozenset({RecordingMode.MOTION, RecordingMode.EVENTS})
#: Seconds that a recording may begin before what it was begun for, as long as packets are held.
MAX_PRE_S = 25.0
#: ... and that it may go on behind it.
MAX_POST_S = 3600.0


class RecordingRules(Document):
    """What a camera's recording mode leaves open.

    Attributes:
        schedule: For ``schedule``: when, by the clock of the camera's time zone; empty: never.
        pre_s, post_s: For ``motion`` and ``events``: seconds before and behind it.
        while_watched: Whether it is recorded, too, while somebody watches it.
        is_started: Whether somebody started it by hand, and nobody stopped it.
        takes: Grows when somebody wants a new file begun.
    """

    schedule: tuple[ScheduleSpan, ...] = ()
    pre_s: float = Field(default=5.0, ge=0, le=MAX_PRE_S)
    post_s: float = Field(default=10.0, ge=0, le=MAX_POST_S)
    while_watched: bool = False
    is_started: bool = False
    takes: int = Field(default=0, ge=0)


class CameraConfig(Document):
    """What web wants of one camera. Written by web alone.

    Attributes:
        revision: Grows with each change of this camera.
        sealed_url: Where its video is, without user and password; sealed (see
            ``vigil.sealing``), since a path or a query can hold a password too.
        credentials: ``user:password``, sealed; None: none are needed.
        sealed_sub_url: Where a smaller encoding of the same video is, sealed; None: there is none.
        sub_credentials: For that. None, or an empty text, sealed: none are needed.
        transport: For RTSP.
        loop: Whether a file begins again at its end.
        enabled: False: known, but left alone.
        frame_fps: JPEG frames a second made of it for recognition and pictures.
        models: What looks at it; empty: nothing does.
        min_confidence: Detections below are dropped, of models that have no bound of their own.
        zones: Where to look; empty: everywhere.
        masks: What is painted over in every picture of it.
        lines: What is counted when it crosses them, wherever the zones are.
        time_zone: IANA name in which the camera's times are shown.
        recording: When it is recorded.
        recording_rules: What that leaves open.
        record_audio: Whether its audio is, beside its video.
        recording_kept_days: Older footage of it goes; None: as the recorder's settings have it.
        recording_max_bytes: What its footage may take; None: no limit of its own.
    """

    version: Literal[3] = 3
    id: CameraId = Field(ge=1)
    revision: int = Field(ge=0)
    name: str
    sealed_url: str
    credentials: str | None = None
    sealed_sub_url: str | None = None
    sub_credentials: str | None = None
    transport: Transport = Transport.TCP
    loop: bool = False
    enabled: bool = True
    frame_fps: float = Field(default=5.0, ge=MIN_FRAME_FPS, le=MAX_FRAME_FPS)
    models: tuple[ModelUse, ...] = Field(
        default=(ModelUse(model="default"),), max_length=MAX_MODELS
    )
    min_confidence: float = Field(default=0.4, ge=0, le=1)
    zones: tuple[Zone, ...] = ()
    masks: tuple[Mask, ...] = ()
    lines: tuple[Line, ...] = ()
    time_zone: str = "UTC"
    recording: RecordingMode = RecordingMode.OFF
    recording_rules: RecordingRules = RecordingRules()
    record_audio: bool = False
    recording_kept_days: float | None = Field(default=None, gt=0, le=MAX_KEPT_DAYS)
    recording_max_bytes: int | None = Field(default=None, ge=MIN_MAX_BYTES, le=MAX_MAX_BYTES)

    @property
    def mask_mark(self) -> bytes | None:
        """What a picture bears that was painted with these masks; None: there are none."""
        return _mark_of(self.masks) if self.masks else None

    def lets_show(self, jpeg: bytes) -> bool:
        """Return whether a stamped picture of it was painted with all of these masks."""
        return not self.masks or read_mark(jpeg) == self.mask_mark


class ConfigHead(Document):
    """Which cameras there are. Only a head of a newer generation stops one.

    Attributes:
        generation: Grows with each change of any camera, and never comes back to a value.
        camera_ids: All cameras, in no order.
    """

    version: Literal[1] = 1
    generation: int = Field(ge=0)
    camera_ids: tuple[CameraId, ...]
