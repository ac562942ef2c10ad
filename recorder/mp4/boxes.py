"""The boxes of an MP4 file, as far as a recorder must know them (ISO/IEC 14496-12)."""

import os
import struct
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from vigil.errors import FootageInvalid

_SIZE_KIND = struct.Struct(">I4s")
_U32 = struct.Struct(">I")
_U64 = struct.Struct(">Q")
#: The longest header of a box, where its size has 64 bits.
_HEADER_BYTES = _SIZE_KIND.size + _U64.size
#: So many at a file's end have one of the video among them.
_LAST_FRAGMENTS = 3
#: An index, or the head of a fragment, is far smaller.
_MAX_READ_BYTES = 16 * 2**20
#: Version and flags; what a full box begins with.
_FULL_BYTES = 4
#: In a header of times (mvhd, mdhd) of version 0: its units in a second, and its length in them.
_MVHD_SCALE_AT, _MVHD_LENGTH_AT = 12, 16
#: The video's.
_FIRST_TRACK = 1
#: In a track header of version 0: its length.
_TKHD_LENGTH_AT = 20


#: What boxes are read in.
Content: TypeAlias = bytes | bytearray


class Box(NamedTuple):
    """One box.

    Attributes:
        kind: Its four letters.
        begin: Where it begins, its own header included.
        body: Where its content begins.
        end: Where it ends.
    """

    kind: bytes
    begin: int
    body: int
    end: int


def boxes_in(content: Content, begin: int, end: int) -> Iterator[Box]:
    """Yield the boxes that lie between two places, as far as they are whole."""
    while begin + _SIZE_KIND.size <= end:
        box = _box_at(begin, content[begin : min(begin + _HEADER_BYTES, end)], end)
        if box is None:
            return
        yield box
        begin = box.end


def _box_at(begin: int, header: bytes | bytearray, end: int) -> Box | None:
    """Return the box that begins with a header; None: it is not whole before an end."""
    size, kind = _SIZE_KIND.unpack_from(header)
    body = begin + _SIZE_KIND.size
    if size == 1 and len(header) == _HEADER_BYTES:
        (size,) = _U64.unpack_from(header, _SIZE_KIND.size)
        body += _U64.size
    if size < body - begin or begin + size > end:
        return None
    return Box(bytes(kind), begin, body, begin + size)


def samples_of(content: Content, moof: Box) -> int:
    """Return how many samples a fragment has."""
    return sum(
        _U32.unpack_from(content, trun.body + _FULL_BYTES)[0]
        for traf in _all_in(content, moof, b"traf")
        for trun in _all_in(content, traf, b"trun")
    )


def lengths_for(content: Content, length_s: float) -> list[tuple[int, bytes]]:
    """Return where a file's index says how long it is, and what is to stand there.

    While a fragmented file grows its index says nothing of that, and a player guesses.
    """
    places = []
    for moov in boxes_in(content, 0, len(content)):
        if moov.kind != b"moov":
            continue
        header, movie_scale = _scale_in(content, moov, b"mvhd")
        if header is None:
            return []
        places.append((header.body + _MVHD_LENGTH_AT, _length(length_s * movie_scale)))
        for trak in _all_in(content, moov, b"trak"):
            for tkhd in _all_in(content, trak, b"tkhd"):
                length = _length(length_s * movie_scale)
                places.append((tkhd.body + _TKHD_LENGTH_AT, length))
            for mdia in _all_in(content, trak, b"mdia"):
                header, scale = _scale_in(content, mdia, b"mdhd")
                if header is not None:
                    length = _length(length_s * scale)
                    places.append((header.body + _MVHD_LENGTH_AT, length))
    return places


def _length(units: float) -> bytes:
    # What is longer than 32 bits count is said to be as long as they do.
    return _U32.pack(min(round(units), 2**32 - 1))


def _scale_in(content: Content, parent: Box, kind: bytes) -> tuple[Box | None, int]:
    """Return a header of times within a box, and its units in a second; None: of version 1."""
    for header in _all_in(content, parent, kind):
        if content[header.body] == 0:
            (scale,) = _U32.unpack_from(content, header.body + _MVHD_SCALE_AT)
            return header, scale
    return None, 0


def _all_in(content: Content, parent: Box, kind: bytes) -> list[Box]:
    return [box for box in boxes_in(content, parent.body, parent.end) if box.kind == kind]


def length_s(content: Content) -> float:
    """Return how long a fragmented file plays, by its last fragment; 0: it has none.

    Of its first track, whose samples each say how long they are, as FFmpeg writes them.
    """
    scale, end = 0, 0
    for box in boxes_in(content, 0, len(content)):
        if box.kind == b"moov":
            for trak in _all_in(content, box, b"trak")[:1]:
                for mdia in _all_in(content, trak, b"mdia"):
                    _, scale = _scale_in(content, mdia, b"mdhd")
        elif box.kind == b"moof":
            for traf in _all_in(content, box, b"traf"):
                if _track_of(content, traf) == _FIRST_TRACK:
                    end = _end_of(content, traf)
    return end / scale if scale else 0.0


def _track_of(content: Content, traf: Box) -> int:
    """Return which track a part of a fragment is of; 0: it does not say."""
    for tfhd in _all_in(content, traf, b"tfhd"):
        (track,) = _U32.unpack_from(content, tfhd.body + _FULL_BYTES)
        return int(track)
    return 0


def _end_of(content: Content, traf: Box) -> int:
    """Return when a fragment of a track ends, in the track's units."""
    end, default = 0, 0
    for box in boxes_in(content, traf.body, traf.end):
        if box.kind == b"tfhd":
            default = _default_duration(content, box)
        elif box.kind == b"tfdt":
            is_long = content[box.body] == 1
            (end,) = (_U64 if is_long else _U32).unpack_from(content, box.body + _FULL_BYTES)
        elif box.kind == b"trun":
            end += _duration_of(content, box, default)
    return end


def _flags_of(content: Content, box: Box) -> int:
    (flags,) = _U32.unpack_from(content, box.body)
    return int(flags & 0xFFFFFF)


def _default_duration(content: Content, tfhd: Box) -> int:
    flags = _flags_of(content, tfhd)
    if not flags & 0x08:
        return 0
    # Behind the track's number: where its data is based, and which description it has.
    at = tfhd.body + _FULL_BYTES + 4 + (8 if flags & 0x01 else 0) + (4 if flags & 0x02 else 0)
    (duration,) = _U32.unpack_from(content, at)
    return int(duration)


def _duration_of(content: Content, trun: Box, default: int) -> int:
    flags = _flags_of(content, trun)
    (count,) = _U32.unpack_from(content, trun.body + _FULL_BYTES)
    if not flags & 0x100:
        return int(count * default)
    # A sample has up to four fields: duration, size, flags, and when it is shown.
    step = 4 * (flags >> 8 & 0xF).bit_count()
    at = trun.body + _FULL_BYTES + 4 + (4 if flags & 0x01 else 0) + (4 if flags & 0x04 else 0)
    return sum(_U32.unpack_from(content, at + step * sample)[0] for sample in range(count))


def whole_bytes(content: Content) -> int:
    """Return how much of a fragmented file is whole: up to the end of its last fragment.

    0 where not even one fragment is: nothing in it can be played.
    """
    return outline_of(boxes_in(content, 0, len(content))).whole


class Outline(NamedTuple):
    """What a fragmented file consists of.

    Attributes:
        whole: Up to where it is whole, as of ``whole_bytes``.
        moov: Its index; None: it has none.
        moofs: The last fragments that are whole, the newest last: those of audio stand behind
            the video's. None at all: none is.
        is_complete: Whether its end stands behind that: it was not cut off.
    """

    whole: int
    moov: Box | None
    moofs: tuple[Box, ...]
    is_complete: bool


def outline_of(boxes: Iterable[Box]) -> Outline:
    """Return what a file consists of whose outermost boxes these are."""
    moov = begun = None
    moofs = deque[Box](maxlen=_LAST_FRAGMENTS)
    whole, is_complete = 0, False
    for box in boxes:
        if box.kind == b"moov":
            moov = box
        elif box.kind == b"moof":
            begun = box
        elif box.kind == b"mdat" and moov is not None and begun and begun.end == box.begin:
            whole, is_complete = box.end, False
            moofs.append(begun)
        elif box.kind == b"mfra" and box.begin == whole:
            is_complete = True
    return Outline(whole, moov, tuple(moofs), is_complete)


def boxes_of_file(descriptor: int) -> Iterator[Box]:
    """Yield the outermost boxes of a file, as far as they are whole.

    Of each nothing but its header is read, and nothing is mapped: a bad disk is an error then, and
    not the end of the process.

    Raises:
        OSError: It cannot be read.
    """
    begin, end = 0, os.fstat(descriptor).st_size
    while len(header := os.pread(descriptor, _HEADER_BYTES, begin)) >= _SIZE_KIND.size:
        box = _box_at(begin, header, end)
        if box is None:
            return
        yield box
        begin = box.end


def read_box(descriptor: int, box: Box) -> bytes:
    """Return a box of a file, its own header included.

    Raises:
        OSError: It cannot be read.
        ValueError: It is larger than any of ours.
    """
    size = box.end - box.begin
    if size > _MAX_READ_BYTES:
        raise ValueError(f"a {box.kind!r} of {size} bytes")
    content = os.pread(descriptor, size, box.begin)
    if len(content) < size:
        raise ValueError("it was cut meanwhile")
    return content


@contextmanager
def nonsense_refused() -> Iterator[None]:
    """Turn what reading boxes raises that no muxer of ours wrote into our word for it.

    Raises:
        FootageInvalid: A box is shorter than what it says it holds, or too large.
    """
    try:
        yield
    except (struct.error, IndexError, ValueError) as error:
        raise FootageInvalid(f"its boxes hold nonsense: {error}") from error
