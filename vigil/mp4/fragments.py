"""What the index of a fragmented file, and each of its fragments, says of the video.

All of it may have been written by somebody else, or be cut off anywhere: whatever is read beyond a
box's end is a ``struct.error``, which most of what is here turns into None.
"""

import struct
from typing import NamedTuple

from vigil.mp4.boxes import FULL_BYTES, U32, U64, Box, Content, all_in, first_at

_I32 = struct.Struct(">i")
_VIDEO = b"vide"
#: In a sample's flags: it needs another one to be decoded.
_IS_NO_KEYFRAME = 0x10000
#: Of tfhd: which of its fields are there, each with its bytes, in their order.
_BASE, _DESCRIPTION, _DURATION, _SIZE, _FLAGS = 0x01, 0x02, 0x08, 0x10, 0x20
_TFHD_FIELDS = ((_BASE, 8), (_DESCRIPTION, 4), (_DURATION, 4), (_SIZE, 4), (_FLAGS, 4))
#: Of trun: where its data is, and the flags of its first sample alone.
_DATA_AT, _FIRST_FLAGS = 0x01, 0x04
#: Of trun, for each sample: its length in time, its size, its flags, when it is shown.
_SAMPLE_DURATION, _SAMPLE_SIZE, _SAMPLE_FLAGS, _SAMPLE_SHOWN = 0x100, 0x200, 0x400, 0x800


class VideoTrack(NamedTuple):
    """The first video of a file.

    Attributes:
        number: By which fragments name it.
        scale: Its units of time in a second.
        length: How long the index says that it is, in these units; 0: it does not say.
        duration, size, flags: Of a sample of which nothing else says it.
    """

    number: int
    scale: int
    length: int
    duration: int
    size: int
    flags: int


class Fragment(NamedTuple):
    """A fragment's video.

    Attributes:
        is_keyframe: Whether it begins with one.
        shown_at: When its first sample is shown, in the track's units.
        begun_at, ended_at: When its first sample begins, and its last ends, in the order of
            decoding.
        data_at: Where its first sample begins, in the content; None: that is not said.
        first_bytes: The size of its first sample.
    """

    is_keyframe: bool
    shown_at: int
    begun_at: int
    ended_at: int
    data_at: int | None
    first_bytes: int


def video_track(content: Content, moov: Box) -> VideoTrack | None:
    """Return the first video that an index tells of; None: there is none, or it is not whole."""
    try:
        for trak in all_in(content, moov, b"trak"):
            hdlr = first_at(content, trak, b"mdia", b"hdlr")
            mdhd = first_at(content, trak, b"mdia", b"mdhd")
            tkhd = first_at(content, trak, b"tkhd")
            if hdlr is None or mdhd is None or tkhd is None:
                continue
            if content[hdlr.body + 8 : hdlr.body + 12] == _VIDEO:
                times = 16 if content[tkhd.body] == 1 else 8
                number = U32.unpack_from(content, tkhd.body + FULL_BYTES + times)[0]
                scale, length = _scale_of(content, mdhd)
                return VideoTrack(number, scale, length, *_defaults(content, moov, number))
    except (struct.error, IndexError):
        pass
    return None


def fragment_of(content: Content, moof: Box, track: VideoTrack) -> Fragment | None:
    """Return what a fragment says of a track; None: nothing, or it is not whole."""
    try:
        return read_fragment(content, moof, track)
    except (struct.error, IndexError):
        return None


def read_fragment(content: Content, moof: Box, track: VideoTrack) -> Fragment | None:
    """Return what a fragment says of a track; None: nothing.

    Raises:
        struct.error, IndexError: It holds nonsense.
    """
    for traf in all_in(content, moof, b"traf"):
        tfhd = first_at(content, traf, b"tfhd")
        if tfhd and U32.unpack_from(content, tfhd.body + FULL_BYTES)[0] == track.number:
            return _fragment(content, traf, tfhd, track, base=moof.begin)
    return None


def _fragment(
    content: Content, traf: Box, tfhd: Box, track: VideoTrack, *, base: int
) -> Fragment | None:
    tfdt = first_at(content, traf, b"tfdt")
    if tfdt is None:
        return None
    is_long = content[tfdt.body] == 1
    (begun_at,) = (U64 if is_long else U32).unpack_from(content, tfdt.body + FULL_BYTES)
    given = _tfhd_fields(content, tfhd)
    defaults = (
        given.get(_DURATION, track.duration),
        given.get(_SIZE, track.size),
        given.get(_FLAGS, track.flags),
    )
    base = given.get(_BASE, base)
    first: Fragment | None = None
    ended_at = begun_at
    for trun in all_in(content, traf, b"trun"):
        duration, sample = _run(content, trun, defaults, base=base)
        ended_at += duration
        if first is None and sample is not None:
            flags, shown_in, data_at, size = sample
            is_keyframe, shown_at = not flags & _IS_NO_KEYFRAME, max(0, begun_at + shown_in)
            first = Fragment(is_keyframe, shown_at, begun_at, ended_at, data_at, size)
    return None if first is None else first._replace(ended_at=ended_at)


def _run(
    content: Content, trun: Box, defaults: tuple[int, int, int], *, base: int
) -> tuple[int, tuple[int, int, int | None, int] | None]:
    """Return how long a run of samples lasts; and its first one's flags, offset, place and size."""
    (word,) = U32.unpack_from(content, trun.body)
    version, kinds = word >> 24, word & 0xFFFFFF
    (count,) = U32.unpack_from(content, trun.body + FULL_BYTES)
    at = trun.body + FULL_BYTES + 4
    duration, size, flags = defaults
    shown_in, data_at = 0, None
    if kinds & _DATA_AT:
        data_at = base + _I32.unpack_from(content, at)[0]
        at += 4
    if kinds & _FIRST_FLAGS:
        (flags,) = U32.unpack_from(content, at)
        at += 4
    step = 4 * (kinds >> 8 & 0xF).bit_count()
    if at + step * count > trun.end:
        raise struct.error("more samples than fit into their box")
    if not count:
        return 0, None
    total = count * duration
    if kinds & _SAMPLE_DURATION:
        total = sum(U32.unpack_from(content, at + step * each)[0] for each in range(count))
        at += 4
    if kinds & _SAMPLE_SIZE:
        (size,) = U32.unpack_from(content, at)
        at += 4
    if kinds & _SAMPLE_FLAGS:
        (flags,) = U32.unpack_from(content, at)
        at += 4
    if kinds & _SAMPLE_SHOWN:
        (shown_in,) = (_I32 if version else U32).unpack_from(content, at)
    return total, (flags, shown_in, data_at, size)


def _tfhd_fields(content: Content, tfhd: Box) -> dict[int, int]:
    kinds = U32.unpack_from(content, tfhd.body)[0] & 0xFFFFFF
    at, found = tfhd.body + FULL_BYTES + 4, {}
    for kind, size in _TFHD_FIELDS:
        if kinds & kind:
            (found[kind],) = (U64 if size == U64.size else U32).unpack_from(content, at)
            at += size
    return found


def _scale_of(content: Content, mdhd: Box) -> tuple[int, int]:
    """Return a track's units in a second, and its length in them."""
    if content[mdhd.body] == 1:
        scale, length = struct.unpack_from(">IQ", content, mdhd.body + FULL_BYTES + 16)
    else:
        scale, length = struct.unpack_from(">II", content, mdhd.body + FULL_BYTES + 8)
    if not scale:
        raise struct.error("no units of time")
    return scale, length


def _defaults(content: Content, moov: Box, number: int) -> tuple[int, int, int]:
    mvex = first_at(content, moov, b"mvex")
    for trex in [] if mvex is None else all_in(content, mvex, b"trex"):
        found, _, duration, size, flags = struct.unpack_from(
            ">IIIII", content, trex.body + FULL_BYTES
        )
        if found == number:
            return duration, size, flags
    return 0, 0, 0
