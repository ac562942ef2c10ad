"""The documents that services exchange, each with its version.

A reader ignores fields that it does not know, so that a newer writer may add some.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vigil.domain.camera import CameraId, Epoch, Stream
from vigil.domain.explanation import DropReason
from vigil.errors import MessageInvalid

DocumentT = TypeVar("DocumentT", bound="Document")


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


class SubStreamStatus(Document):
    """How a camera's sub-stream is.

    Attributes:
        state: ``active`` alone means that its packets come now.
        error: Why there is no picture of it, in an owner's words; None while there is.
        width_px, height_px: Of its video; 0 until known.
        packet_fps: Video packets a second, over the last seconds.
        backlog_bytes: What Redis really holds of its packets.
    """

    state: CameraState
    error: str | None = None
    codec: str | None = None
    width_px: int = 0
    height_px: int = 0
    packet_fps: float = 0.0
    bitrate_bps: float = 0.0
    backlog_bytes: int = 0


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
        decoding_reason: Why it is not ``idle`` though nothing moves, and why the main stream is
            decoded though there is another; None where that is plain.
        decoded_stream: Which of its streams pictures are made of.
        frames_decoded: Since its decoder began.
        sub_stream: How that is; None: it has none.
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
    decoded_stream: Stream = Stream.MAIN
    frames_decoded: int = 0
    sub_stream: SubStreamStatus | None = None


class RecognitionStatus(Document):
    """What the holder of a camera's recognition lease says about it.

    Attributes:
        recogniser: Its name for people, such as ``basic recogniser`` or ``yolox_nano``; of several
            all, with a plus between.
        counts: How many objects of each label are confirmed in the last picture.
        skipped: Frames passed over for a newer one since this holder began.
        is_quarantined: Whether its frames killed workers, so that a process of its own looks.
    """

    version: Literal[1] = 1
    owner: str
    epoch: Epoch
    recogniser: str
    looked_fps: float = 0.0
    inference_ms: float = 0.0
    counts: Mapping[str, int] = {}
    skipped: int = 0
    is_quarantined: bool = False
    error: str | None = None


#: A place in a camera's packet log: two numbers of 64 bits.
ENTRY_PATTERN: Final = r"^\d{1,20}-\d{1,20}$"


#: Where a file of footage lies within its volume: by camera and day.
FOOTAGE_PATH_PATTERN: Final = r"^\d{1,19}/\d{4}-\d{2}-\d{2}/\d[\w.-]{0,60}\.mp4$"


class GapReason(StrEnum):
    """Why there is no footage.

    ``camera``: nothing came of it. ``recorder``: it was away for longer than packets are held.
    ``disk``: it is full, or away. ``switched_off``: it was not to be recorded. ``not_wanted``: its
    mode waited for something, or for a time of the day. ``clock``: the host's clock was set
    forward, and nothing is missing. ``deleted``: a user
    deleted it. What limits delete leaves no gap.
    """

    CAMERA = "camera"
    RECORDER = "recorder"
    DISK = "disk"
    SWITCHED_OFF = "switched_off"
    NOT_WANTED = "not_wanted"
    CLOCK = "clock"
    DELETED = "deleted"


#: Who begins again after these does not want what came meanwhile.
DELIBERATE = frozenset({GapReason.SWITCHED_OFF, GapReason.NOT_WANTED})


class RecordingMark(Document):
    """Up to which packet a camera's footage is safe, and which file grows.

    Attributes:
        epoch: Of the recording lease.
        number: Grows with each mark under it: of two marks the greater ``(epoch, number)`` counts.
        entry: The newest packet up to which all are on disk, by its place in the packet log; with
            audio, in the order of their times.
        gop: Right before the keyframe on which what follows depends: who goes on begins behind it.
        safe_us: The end of that packet, in UTC microseconds since 1970.
        volume, path: The file that grows: the volume's UUID, and the path within it.
        first_entry, begun_us: Its first packet, and when that was captured.
        codec, width_px, height_px: Of its video.
        broken_off: Why nothing is recorded behind it; None: it goes on, or its recorder died.
        is_whole: Whether the file was completed, and told of.
    """

    version: Literal[1] = 1
    epoch: Epoch
    number: int = Field(ge=0)
    entry: str = Field(pattern=ENTRY_PATTERN)
    gop: str = Field(pattern=ENTRY_PATTERN)
    safe_us: int
    volume: UUID
    path: str = Field(pattern=FOOTAGE_PATH_PATTERN)
    first_entry: str = Field(pattern=ENTRY_PATTERN)
    begun_us: int
    codec: str
    width_px: int
    height_px: int
    broken_off: GapReason | None = None
    is_whole: bool = False


class RecordingStatus(Document):
    """What the holder of a camera's recording lease says about it.

    Attributes:
        error: Why nothing is recorded, in an operator's words; None while all is.
        audio_error: Why audio that is wanted is missing; None while it is not.
        encoding_error: Why pictures are, of a camera whose video is encoded; None while none are.
        since_us: Since when it is recorded without a gap; None: it is not.
        safe_us: Up to when it is on disk.
        is_waiting: Whether it is not recorded now because its mode waits for something.
    """

    version: Literal[1] = 1
    owner: str
    epoch: Epoch
    error: str | None = None
    audio_error: str | None = None
    encoding_error: str | None = None
    since_us: int | None = None
    safe_us: int | None = None
    is_waiting: bool = False


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
        track: Which object it is, within camera and epoch; None: that is not sure yet, so that it
            counts nowhere.
        box: Corners ``x_min, y_min, x_max, y_max`` in pixels of the full frame.
        zones: Names of the zones in which it counts: it is confirmed, and has stayed long enough.
        keypoints: ``x, y`` in pixels of the full frame and a confidence, of a model that gives
            them: COCO's seventeen joints of a body, mostly.
    """

    track: int | None = None
    label: str
    confidence: float = Field(ge=0, le=1)
    box: tuple[float, float, float, float]
    zones: tuple[str, ...] = ()
    keypoints: tuple[tuple[float, float, float], ...] = ()


class ZoneOccupancy(Document):
    """How many objects count in a zone now.

    Attributes:
        name: The zone's; empty: it has none.
        is_open: Whether it is there at this time of the day.
    """

    name: str = ""
    count: int = Field(ge=0)
    is_open: bool = True


class LineTally(Document):
    """How many crossed a line today. For show: what is exact are the crossings that are filed."""

    line: int = Field(ge=1)
    name: str = ""
    in_count: int = Field(default=0, ge=0)
    out_count: int = Field(default=0, ge=0)


class DayTallies(Document):
    """How many crossed a camera's lines in a day, for who looks at it next.

    Attributes:
        day: In the camera's time zone, as in ``2026-11-30``.
    """

    version: Literal[1] = 1
    day: str
    lines: tuple[LineTally, ...] = ()


class FrameDetections(Document):
    """What a camera's recogniser saw in the frame that the boxed image shows.

    Attributes:
        epoch: Of the recognition lease.
        frame_epoch, sequence, captured_at_us: Of the frame, as its stamp has them.
        width_px, height_px: Of the full frame, in whose pixels the boxes are.
        looked_fps: Looks a second, of late.
        objects: Those that are shown, the surest first.
        counts: How many of them are confirmed, by label.
        occupancy: Of each zone, in the order in which they are configured.
        lines: Of each line, what crossed it today.
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
    looked_fps: float = 0.0
    objects: tuple[DetectedObject, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)
    occupancy: tuple[ZoneOccupancy, ...] = ()
    lines: tuple[LineTally, ...] = ()


class Drop(Document):
    """One reason why a detection was not shown, or does not count.

    Attributes:
        value: What it was, as text: a number, a label, a time.
        limit: What it had to be: a least number, or labels, or spans.
        zone: Which zone says so: its place among the camera's, from 0; None: the camera does.
    """

    reason: DropReason
    value: str
    limit: str
    zone: int | None = None


class DroppedObject(Document):
    """A detection that was not shown, or that is shown and does not count.

    Attributes:
        box: Corners ``x_min, y_min, x_max, y_max`` in pixels of the full frame.
        drops: All that kept it out. Of zones, what the one says that is nearest to letting it in.
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
        waiting: The surest of those that are, and count nowhere, or not in a zone, yet.
    """

    version: Literal[1] = 1
    camera_id: CameraId
    sequence: int
    captured_at_us: int
    recogniser: str
    shown: int = Field(ge=0)
    dropped: int = Field(ge=0)
    objects: tuple[DroppedObject, ...] = ()
    waiting: tuple[DroppedObject, ...] = ()
