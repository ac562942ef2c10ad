"""A video file, frame by frame, each with the time at which it was captured."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from object_recognition.replay.clip_clock import ClipClock
from vigil.clock import MICROSECONDS
from vigil.errors import SetupInvalid
from vigil.media.bounds import MAX_PIXELS
from vigil.media.containers import VIDEO_CONTAINERS

#: What recorders and phones export besides: Dahua's own, and MPEG program streams as Hikvision's.
_CONTAINERS = f"{VIDEO_CONTAINERS},dhav,mpeg,asf,ogg,mxf"
#: Frames a second of a stream that does not say.
_USUAL_FPS = 25
#: A clip that ends so much earlier than it announces was cut off. Containers round their length.
_MISSING_US = MICROSECONDS
#: What was made before says that its maker knew no time: clocks begin in 1904, or in 1970.
_FIRST_YEAR = 1990
#: How an MP4 begins, behind four bytes.
_MP4_MAGIC = b"ftyp"


@dataclass(frozen=True, slots=True, eq=False)
class ClipFrame:
    """A decoded frame.

    Attributes:
        frame: As it came out of the decoder, in any pixel format.
        at_us: Microseconds since the clip's first frame.
    """

    frame: av.VideoFrame
    at_us: int


class Clip:
    """An open video file.

    Args:
        path: For messages.
        container: It, open.
        stream: The video in it.

    Attributes:
        frames_read: How many frames came out of the decoder so far.
        read_us: Up to where the clip was read, in microseconds since its first frame.
    """

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self.path = path
        self._container = container
        self._stream = stream
        self._fps = stream.average_rate or stream.guessed_rate or Fraction(_USUAL_FPS)
        self._clock = ClipClock(step_us=round(MICROSECONDS / self._fps))
        self.frames_read = 0
        self.read_us = 0
        self._broken_packets = 0
        self._broke_off: str | None = None
        self._sizes: list[tuple[int, tuple[int, int]]] = []

    @property
    def lasts_us(self) -> int | None:
        """How long it announces to be, in microseconds; None: it does not."""
        stream, said_us = self._stream, self._container.duration
        if stream.duration is not None and stream.time_base is not None:
            said_us = round(stream.duration * stream.time_base * MICROSECONDS)
        if not stream.frames:
            return said_us
        # Of an AVI that was cut off, FFmpeg takes what is left for its length.
        return max(said_us or 0, round(stream.frames / self._fps * MICROSECONDS))

    @property
    def frame_count(self) -> int | None:
        """How many frames it announces, or is likely to have; None: nobody knows."""
        if self._stream.frames:
            return self._stream.frames
        return None if self.lasts_us is None else round(self.lasts_us * self._fps / MICROSECONDS)

    @property
    def created_at(self) -> datetime | None:
        """When its first frame was captured, by what its maker wrote into it; None: nothing."""
        for metadata in (self._stream.metadata, self._container.metadata):
            try:
                said = datetime.fromisoformat(metadata["creation_time"])
            except (KeyError, ValueError):
                continue
            if said.year >= _FIRST_YEAR:
                return said if said.tzinfo else said.replace(tzinfo=UTC)
        return None

    def frames(self) -> Iterator[ClipFrame]:
        """Yield its frames in the order in which they are shown, as far as they can be had."""
        for packet in self._packets():
            try:
                frames = packet.decode()
            except FFmpegError:
                # Behind what is broken others follow, as they do from a camera.
                self._broken_packets += 1
                continue
            for frame in frames:
                assert isinstance(frame, av.VideoFrame)
                yield self._placed(frame)

    def notes(self) -> list[str]:
        """Return what is to be said of the clip, as far as it was read to its end."""
        return [
            *self._size_notes(),
            *self._jump_notes(),
            *self._broken_notes(),
            *self._end_notes(),
        ]

    def _packets(self) -> "Iterator[av.Packet[Any]]":
        try:
            yield from self._container.demux(self._stream)
        except (FFmpegError, OSError) as error:
            self._broke_off = error.strerror or str(error)

    def _placed(self, frame: av.VideoFrame) -> ClipFrame:
        time_base = frame.time_base or self._stream.time_base or Fraction(1, 1)
        self.frames_read += 1
        self.read_us = self._clock.at_us(frame.pts, time_base)
        size_wh = (frame.width, frame.height)
        if not self._sizes or self._sizes[-1][1] != size_wh:
            self._sizes.append((self.read_us, size_wh))
        return ClipFrame(frame, self.read_us)

    def _size_notes(self) -> list[str]:
        return [
            f"from {clip_time(at_us)} on its pictures are {width}x{height}; zones stay where they "
            "are, in pixels"
            for at_us, (width, height) in self._sizes[1:]
        ]

    def _jump_notes(self) -> list[str]:
        if not self._clock.jumps:
            return []
        return [f"its clock jumps {_times(self._clock.jumps)}; it was taken to go on evenly there"]

    def _broken_notes(self) -> list[str]:
        if not self._broken_packets:
            return []
        return [f"{self._broken_packets} of its packets cannot be decoded; the others were shown"]

    def _end_notes(self) -> list[str]:
        if self._broke_off is not None:
            return [f"it breaks off at {clip_time(self.read_us)} ({self._broke_off})"]
        lasts_us = self.lasts_us
        step_us = round(MICROSECONDS / self._fps)
        if lasts_us is None or lasts_us - self.read_us < max(_MISSING_US, 3 * step_us):
            return []
        return [f"it is cut off at {clip_time(self.read_us)} of {clip_time(lasts_us)}"]


@contextmanager
def opened(path: Path) -> Iterator[Clip]:
    """Open a video file.

    Raises:
        SetupInvalid: There is none, or none that can be read; the message says why.
    """
    _require_file(path)
    try:
        container = av.open(
            # The whole path, with its protocol: "concat:a|b" is a name of a file here.
            f"file:{path.absolute()}",
            options={"protocol_whitelist": "file", "format_whitelist": _CONTAINERS},
            metadata_errors="replace",
        )
    except (FFmpegError, OSError, ValueError) as error:
        raise SetupInvalid(_not_a_clip(path, error)) from error
    with container:
        stream = _video_of(container, path)
        context = stream.codec_context
        context.options = {"max_pixels": str(MAX_PIXELS)}
        if context.name == "mjpeg":
            # Else a JPEG that was cut off becomes a picture that is grey from there on.
            context.options = {**context.options, "err_detect": "explode"}
        stream.thread_type = "AUTO"
        yield Clip(path, container, stream)


def clip_time(at_us: int) -> str:
    """Return a place in a clip as people write it: ``1:02:07.4``, without hours ``2:07.4``."""
    tenths = round(at_us * 10 / MICROSECONDS)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 10:02}.{rest % 10}"
    return f"{hours}:{minutes:02}:{seconds}" if hours else f"{minutes}:{seconds}"


def _require_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            # FFmpeg has one word for what cannot be read and for what is no video.
            path.open("rb").close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SetupInvalid(f"'{path}' cannot be read: {reason}") from error
    if not stat.S_ISREG(mode):
        raise SetupInvalid(f"'{path}' is no file, but a folder, a device or a pipe")


def _not_a_clip(path: Path, error: Exception) -> str:
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        return f"'{path}' is empty"
    if head[4:] == _MP4_MAGIC:
        return f"'{path}' is an MP4 whose index is missing: it was cut off while it was written"
    reason = getattr(error, "strerror", None) or str(error)
    return (
        f"'{path}' is no video that can be read ({reason}); read are MP4, MOV, Matroska, WebM, "
        "AVI, MPEG-TS, MPEG-PS, FLV, ASF, Ogg, MXF, DAV, MJPEG and bare H.264 and H.265"
    )


def _video_of(container: InputContainer, path: Path) -> VideoStream:
    for stream in container.streams.video:
        # A sound file may bring its cover along.
        if not stream.disposition & Disposition.attached_pic:
            return stream
    kinds = ", ".join(sorted({each.type for each in container.streams})) or "nothing"
    raise SetupInvalid(f"'{path}' has no video; it has {kinds}")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
