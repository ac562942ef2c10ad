"""A file of footage, read as far as it is whole: also one that grows, or that a kill cut off."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from typing_extensions import override

from recorder.footage.names import begun_us_named
from recorder.mp4.boxes import (
    boxes_of_file,
    length_s,
    nonsense_refused,
    outline_of,
    read_box,
    samples_of,
)
from vigil.clock import MICROSECONDS
from vigil.errors import FootageInvalid, VolumeUnavailable
from vigil.media.template import MediaStream
from vigil.mp4.boxes import Box, boxes_in

#: The index says what is in a file: FFmpeg need not decode pictures to find out.
_OPTIONS = {"probesize": "32", "analyzeduration": "1"}
#: Read at once.
_BUFFER_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Track:
    """What a track is, as far as packets of two files fit into one.

    Attributes:
        kind: ``video`` or ``audio``.
        codec: FFmpeg's name.
        shape: Width and height in pixels; of sound, samples a second and channels.
        extradata: The parameters that a decoder is told.
        time_base: Seconds of a tick.
    """

    kind: str
    codec: str
    shape: tuple[int, int]
    extradata: bytes
    time_base: Fraction

    @override
    def __str__(self) -> str:
        """Return it in an operator's words."""
        return f"{self.codec} {'x'.join(map(str, self.shape))}"


@dataclass(frozen=True, slots=True)
class FootageFile:
    """A file that holds whole packets.

    Attributes:
        path: Where it is.
        begun_us: When its first picture was captured: UTC in microseconds since 1970.
        ended_us: When its last one ends, by its own length.
        size_bytes: So much of it is whole.
        samples: Packets of all tracks.
    """

    path: Path
    begun_us: int
    ended_us: int
    size_bytes: int
    samples: int


class _Whole:
    """The whole part of a file, as FFmpeg reads it."""

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self._descriptor, self._size_bytes, self._at = descriptor, size_bytes, 0

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most so many."""
        content = os.pread(self._descriptor, min(size, self._size_bytes - self._at), self._at)
        self._at += len(content)
        return content

    def seek(self, at: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size_bytes}[whence]
        self._at = max(0, base + at)
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at


def look_into(path: Path) -> FootageFile | None:
    """Return what is whole of a file; None: nothing is.

    Args:
        path: In the folder of its day, named by when it begins.

    Raises:
        FootageInvalid: It is not named or made as ours are.
        FileNotFoundError: It is not there any more.
        VolumeUnavailable: It cannot be read.
    """
    begun_us = begun_us_named(path.parent.name, path.name)
    if begun_us is None:
        raise FootageInvalid(f"{path.name} is not named as footage is")
    with _descriptor_of(path) as descriptor, _translated(path), nonsense_refused():
        boxes = list(boxes_of_file(descriptor))
        outline = outline_of(boxes)
        if outline.moov is None or not outline.moofs:
            return None
        head = read_box(descriptor, outline.moov)
        last = [read_box(descriptor, each) for each in outline.moofs]
        plays_s = length_s(b"".join((head, *last)))
        heads = (each for each in boxes if each.kind == b"moof" and each.end <= outline.whole)
        samples = sum(_samples_of(descriptor, each) for each in heads)
    ended_us = begun_us + round(plays_s * MICROSECONDS)
    return FootageFile(path, begun_us, ended_us, outline.whole, samples)


def _samples_of(descriptor: int, moof: Box) -> int:
    content = read_box(descriptor, moof)
    return samples_of(content, next(boxes_in(content, 0, len(content))))


@contextmanager
def opened(file: FootageFile) -> Iterator[InputContainer]:
    """Open a file for its packets.

    Raises:
        FileNotFoundError: It is not there any more.
        FootageInvalid: FFmpeg cannot read it.
        VolumeUnavailable: It cannot be read.
    """
    with _descriptor_of(file.path) as descriptor:
        whole = _Whole(descriptor, file.size_bytes)
        try:
            container = av.open(
                whole, "r", format="mp4", buffer_size=_BUFFER_BYTES, options=_OPTIONS
            )
        except FFmpegError as error:
            raise FootageInvalid(f"{file.path.name} cannot be read: {error.strerror}") from error
        with container:
            yield container


def packets_of(
    container: InputContainer, streams: Sequence[MediaStream]
) -> Iterator["av.Packet[Any]"]:
    """Yield the packets of streams, in the order of the file.

    Raises:
        FootageInvalid: FFmpeg cannot read it.
        VolumeUnavailable: The disk cannot.
    """
    try:
        for packet in container.demux(list(streams)):
            # The last of all is empty: FFmpeg's word for the end.
            if packet.dts is not None and packet.pts is not None:
                yield packet
    except FFmpegError as error:
        raise FootageInvalid(f"footage that cannot be read: {error.strerror}") from error
    except OSError as error:
        raise VolumeUnavailable(f"footage: {error.strerror}") from error


def tracks_of(container: InputContainer) -> Sequence[Track]:
    """Return the tracks of a file, the video first, in the order of its streams.

    Raises:
        FootageInvalid: It has no video.
    """
    if not container.streams.video:
        raise FootageInvalid("a file without video")
    return [_track(each) for each in streams_of(container)]


def streams_of(container: InputContainer) -> Sequence[MediaStream]:
    """Return the streams of a file that are exported: its first video, and all sound."""
    return [container.streams.video[0], *container.streams.audio]


def _track(stream: MediaStream) -> Track:
    context = stream.codec_context
    assert stream.time_base is not None
    shape = (
        (stream.codec_context.width, stream.codec_context.height)
        if isinstance(stream, av.VideoStream)
        else (stream.codec_context.sample_rate, stream.codec_context.channels)
    )
    return Track(
        kind=stream.type,
        codec=context.name,
        shape=shape,
        extradata=bytes(context.extradata or b""),
        time_base=stream.time_base,
    )


@contextmanager
def _descriptor_of(path: Path) -> Iterator[int]:
    with _translated(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise VolumeUnavailable(f"{path}: {error.strerror}") from error
