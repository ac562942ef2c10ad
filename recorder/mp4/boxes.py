"""The boxes of an MP4 file, as far as a recorder must know them (ISO/IEC 14496-12)."""

import os
import struct
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from vigil.errors import FootageInvalid
from vigil.mp4.boxes import (
    FULL_BYTES,
    HEADER_BYTES,
    SIZE_KIND,
    U32,
    Box,
    Content,
    all_in,
    box_at,
    boxes_in,
)
from vigil.mp4.fragments import read_fragment, video_track

#: So many at a file's end have one of the video among them.
_LAST_FRAGMENTS = 3
#: An index, or the head of a fragment, is far smaller.
_MAX_READ_BYTES = 16 * 2**20
#: In a header of times (mvhd, mdhd) of version 0: its units in a second, and its length in them.
_MVHD_SCALE_AT, _MVHD_LENGTH_AT = 12, 16
#: In a track header of version 0: its length.
_TKHD_LENGTH_AT = 20


def samples_of(content: Content, moof: Box) -> int:
    """Return how many samples a fragment has."""
    return sum(
        U32.unpack_from(content, trun.body + FULL_BYTES)[0]
        for traf in all_in(content, moof, b"traf")
        for trun in all_in(content, traf, b"trun")
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
        for trak in all_in(content, moov, b"trak"):
            for tkhd in all_in(content, trak, b"tkhd"):
                length = _length(length_s * movie_scale)
                places.append((tkhd.body + _TKHD_LENGTH_AT, length))
            for mdia in all_in(content, trak, b"mdia"):
                header, scale = _scale_in(content, mdia, b"mdhd")
                if header is not None:
                    length = _length(length_s * scale)
                    places.append((header.body + _MVHD_LENGTH_AT, length))
    return places


def _length(units: float) -> bytes:
    # What is longer than 32 bits count is said to be as long as they do.
    return U32.pack(min(round(units), 2**32 - 1))


def _scale_in(content: Content, parent: Box, kind: bytes) -> tuple[Box | None, int]:
    """Return a header of times within a box, and its units in a second; None: of version 1."""
    for header in all_in(content, parent, kind):
        if content[header.body] == 0:
            (scale,) = U32.unpack_from(content, header.body + _MVHD_SCALE_AT)
            return header, scale
    return None, 0


def length_s(content: Content) -> float:
    """Return how long the video of a fragmented file plays, by its last fragment; 0: it has none.

    Its samples each say how long they are, as FFmpeg writes them.

    Raises:
        struct.error, IndexError: A fragment holds nonsense.
    """
    track, end = None, 0
    for box in boxes_in(content, 0, len(content)):
        if box.kind == b"moov":
            track = video_track(content, box)
        elif box.kind == b"moof" and track is not None:
            fragment = read_fragment(content, box, track)
            end = end if fragment is None else fragment.ended_at
    return end / track.scale if track is not None else 0.0


class Outline(NamedTuple):
    """What a fragmented file consists of.

    Attributes:
        whole: Up to where it is whole, in bytes: to the end of its last fragment. 0 where not even
            one fragment is: nothing in it can be played.
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
    while len(header := os.pread(descriptor, HEADER_BYTES, begin)) >= SIZE_KIND.size:
        box = box_at(begin, header, end)
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
