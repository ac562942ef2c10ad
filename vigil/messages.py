"""The documents that services exchange, each with its version.

A reader ignores fields that it does not know, so that a newer writer may add some.
"""

import hashlib
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vigil.domain.camera import CameraId, Epoch
from vigil.domain.explanation import DropReason
from vigil.domain.frame import MAX_FRAME_FPS
from vigil.domain.mask_mark import MARK_BYTES, read_mark
from vigil.errors import MessageInvalid

DocumentT = TypeVar("DocumentT", bound="Document")


#: What a camera's ``recognition`` says when nothing is to look at it.
RECOGNITION_OFF = "off"


class Document(BaseModel):
    """A frozen JSON document."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


def decode(document_class: type[DocumentT], raw: bytes | str) -> DocumentT:
    """Return the document that raw holds.

    Raises:
        MessageInvalid: raw is no such document; the message names the fields at fault, and what
            they should be.
    """
    try:
        return document_class.model_validate_json(raw)
    except ValidationError as error:
        faults = ", ".join(
            f"{'.'.join(map(str, fault['loc'])) or fault['type']}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise MessageInvalid(f"{document_class.__name__}: {faults}") from None


class Zone(Document):
    """A polygon in which a camera looks.

    Attributes:
        points: Corners ``(x, y)`` in pixels of the full frame, at least three.
        name: For people.
        color: CSS hex colour in which it is drawn.
        labels: The labels that count in it; empty: all.
    """

    points: tuple[tuple[float, float], ...] = Field(min_length=3)
    name: str = ""
    color: str = "#ffb000"
    labels: tuple[str, ...] = ()


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


class Transport(StrEnum):
    """How RTP comes from an RTSP camera."""

    TCP = "tcp"
    UDP = "udp"


class CameraConfig(Document):
    """What web wants of one camera. Written by web alone.

    Attributes:
        revision: Grows with each change of this camera.
        sealed_url: Where its video is, without user and password; sealed (see
            ``vigil.sealing``), since a path or a query can hold a password too.
        credentials: ``user:password``, sealed; None: none are needed.
        transport: For RTSP.
        loop: Whether a file begins again at its end.
        enabled: False: known, but left alone.
        frame_fps: JPEG frames a second made of it for recognition and pictures.
        recognition: What looks at it: ``off``, ``basic``, ``default``, or a model's path or
            address, as it may be shown.
        sealed_recognition: The address as it is fetched from, sealed; None: it is no address.
        min_confidence: Detections below are dropped.
        zones: Where to look; empty: everywhere.
        masks: What is painted over in every picture of it.
        time_zone: IANA name in which the camera's times are shown.
    """

    version: Literal[2] = 2
    id: CameraId = Field(ge=1)
    revision: int = Field(ge=0)
    name: str
    sealed_url: str
    credentials: str | None = None
    transport: Transport = Transport.TCP
    loop: bool = False
    enabled: bool = True
    frame_fps: float = Field(default=5.0, gt=0, le=MAX_FRAME_FPS)
    recognition: str = "default"
    sealed_recognition: str | None = None
    min_confidence: float = Field(default=0.4, ge=0, le=1)
    zones: tuple[Zone, ...] = ()
    masks: tuple[Mask, ...] = ()
    time_zone: str = "UTC"

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


class CameraState(StrEnum):
    """How a camera is. ``active`` alone means that packets come now."""

    STARTING = "starting"
    ACTIVE = "active"
    INACTIVE = "inactive"


class Decoding(StrEnum):
    """How much of a camera's video is decoded.

    ``full``: every picture that is wanted, and a recogniser looks at each. ``gated``: the same, but
    nothing moves: a recogniser looks now and then. ``idle``: keyframes alone, since nothing has
    moved for some seconds and nobody watches.
    """

    FULL = "full"
    GATED = "gated"
    IDLE = "idle"


class CameraStatus(Document):
    """What the holder of a camera's ingest lease says about it, every second.

    Attributes:
        error: Why there is no video, in an owner's words; None while there is.
        owner: The member that holds the camera.
        since_us: UTC of the last change of state, in microseconds since 1970.
        last_packet_us: UTC at which the last video packet came, or None when none came yet.
        last_frame_us: UTC at which the newest JPEG frame was captured, or None before the first.
        packet_fps: Video packets a second, over the last seconds.
        frame_fps: JPEG frames a second, over the last seconds.
        width_px, height_px: Of the main video; 0 until known.
        backlog_s, backlog_bytes: What Redis really holds of its packets.
        is_moving: Whether something moves in its picture; None: nobody looks for it.
        moving_since_us: Since when it is so, or is not: UTC in microseconds since 1970.
        decoding: How much of its video is decoded.
        decoding_reason: Why it is not ``idle`` though nothing moves; None where that is plain.
        frames_decoded: Since its decoder began.
    """

    version: Literal[1] = 1
    state: CameraState
    error: str | None = None
    owner: str
    epoch: Epoch
    since_us: int
    last_packet_us: int | None = None
    last_frame_us: int | None = None
    codec: str | None = None
    width_px: int = 0
    height_px: int = 0
    packet_fps: float = 0.0
    frame_fps: float = 0.0
    bitrate_bps: float = 0.0
    backlog_s: float = 0.0
    backlog_bytes: int = 0
    is_moving: bool | None = None
    moving_since_us: int | None = None
    decoding: Decoding = Decoding.FULL
    decoding_reason: str | None = None
    frames_decoded: int = 0


class RecognitionStatus(Document):
    """What the holder of a camera's recognition lease says about it.

    Attributes:
        recogniser: Its name for people, such as ``basic recogniser`` or ``yolox_nano``.
        skipped: Frames passed over for a newer one since this holder began.
        is_quarantined: Whether its frames killed workers, so that a process of its own looks.
    """

    version: Literal[1] = 1
    owner: str
    epoch: Epoch
    recogniser: str
    looked_fps: float = 0.0
    inference_ms: float = 0.0
    skipped: int = 0
    is_quarantined: bool = False
    error: str | None = None


class MemberReport(Document):
    """What a member of a role says of itself beside its name, each second.

    Attributes:
        capacity_fps: Looks a second that it can do, measured, in steps; None: not known yet.
        since_us: UTC at which it began, in microseconds since 1970.
        wanted_fps: Looks a second that its cameras ask for.
        looked_fps: Looks a second that it did of late.
        recognisers: What it looks with, for people; in no order.
    """

    version: Literal[1] = 1
    capacity_fps: float | None = Field(default=None, gt=0)
    since_us: int = 0
    wanted_fps: float = 0.0
    looked_fps: float = 0.0
    recognisers: tuple[str, ...] = ()


class DetectedObject(Document):
    """One detection of a frame.

    Attributes:
        track: Which object it is, within camera and epoch; None: that is not sure yet.
        box: Corners ``x_min, y_min, x_max, y_max`` in pixels of the full frame.
        zones: Names of the zones in which it counts.
    """

    track: int | None = None
    label: str
    confidence: float = Field(ge=0, le=1)
    box: tuple[float, float, float, float]
    zones: tuple[str, ...] = ()


class FrameDetections(Document):
    """What a camera's recogniser saw in the frame that the boxed image shows.

    Attributes:
        epoch: Of the recognition lease.
        frame_epoch, sequence, captured_at_us: Of the frame, as its stamp has them.
        width_px, height_px: Of the full frame, in whose pixels the boxes are.
        objects: Those that are shown, the surest first.
    """

    version: Literal[1] = 1
    camera_id: CameraId
    epoch: Epoch
    frame_epoch: Epoch
    sequence: int
    captured_at_us: int
    width_px: int
    height_px: int
    recogniser: str
    objects: tuple[DetectedObject, ...] = ()


class Drop(Document):
    """One reason why a detection was not shown.

    Attributes:
        value: What it was, as text: a number, or a label.
        limit: What it had to be: a least number, or labels.
    """

    reason: DropReason
    value: str
    limit: str


class DroppedObject(Document):
    """A detection that was not shown.

    Attributes:
        box: Corners ``x_min, y_min, x_max, y_max`` in pixels of the full frame.
        drops: All that kept it out: what is shown has passed each.
    """

    label: str
    confidence: float = Field(ge=0, le=1)
    box: tuple[float, float, float, float]
    drops: tuple[Drop, ...] = Field(min_length=1)


class Explanation(Document):
    """What a recogniser found in one frame, and what became of it.

    Attributes:
        sequence, captured_at_us: Of the frame, as its stamp has them.
        shown: How many detections are in the annotated picture.
        dropped: How many are not.
        objects: The surest of those that are not.
    """

    version: Literal[1] = 1
    camera_id: CameraId
    sequence: int
    captured_at_us: int
    recogniser: str
    shown: int = Field(ge=0)
    dropped: int = Field(ge=0)
    objects: tuple[DroppedObject, ...] = ()
