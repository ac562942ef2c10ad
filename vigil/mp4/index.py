"""Where the GOPs of a file of footage lie: from the index at its end, or else from its fragments.

The index (``mfra``) is ours: it names the fragments that begin with a keyframe, and no others, as
the standard has it. Of a minute that is two short reads instead of a hundred.
"""

import os
import struct
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vigil.mp4.boxes import FULL_BYTES, SIZE_KIND, U32, U64, Box, boxes_in, first_at
from vigil.mp4.fragments import Fragment, VideoTrack, fragment_of, video_track

#: What is read of a file's head and of its end at first: more than nearly all of them have.
_HEAD_BYTES, _TAIL_BYTES = 4096, 4096
#: No box that is held in memory is larger.
_MOST_BYTES = 4 * 2**20
#: No file of ours has more fragments.
_MOST_FRAGMENTS = 200_000
_MFRO = struct.Struct(">I4sII")
_ENTRY = struct.Struct(">QQBBB")
#: Behind a tfra's version: the track, how long an entry's numbers are, how many there are.
_TFRA = struct.Struct(">III")


@dataclass(frozen=True, slots=True)
class GopIndex:
    """Where the GOPs of one file lie.

    Attributes:
        head_bytes: How much of the file is its head: what a decoder must have read before.
        scale: Units of time in a second.
        shown: When each GOP's keyframe is shown, in these units; at least one, and growing.
        places: Where each GOP begins: the place of a fragment. As many as ``shown``.
        end: Where the last whole fragment ends.
        length: How long all of it is, in units, from the first keyframe on.
    """

    head_bytes: int
    scale: int
    shown: Sequence[int]
    places: Sequence[int]
    end: int
    length: int


def mfra(track: int, gops: Sequence[tuple[int, int]]) -> bytes:
    """Return the index that stands at a file's end.

    Args:
        track: The number of the video.
        gops: When each keyframe is shown, in the track's units, and where its fragment begins.
    """
    entries = b"".join(_ENTRY.pack(shown_at, place, 1, 1, 1) for shown_at, place in gops)
    body = struct.pack(">I", 1 << 24) + _TFRA.pack(track, 0, len(gops)) + entries
    tfra = SIZE_KIND.pack(SIZE_KIND.size + len(body), b"tfra") + body
    size = SIZE_KIND.size + len(tfra) + _MFRO.size
    return SIZE_KIND.pack(size, b"mfra") + tfra + _MFRO.pack(_MFRO.size, b"mfro", 0, size)


def read_gops(file: int) -> GopIndex | None:
    """Return where the GOPs of a file lie; None: nothing in it can be played.

    Args:
        file: An open file. It may grow meanwhile, and may be cut off anywhere.

    Raises:
        OSError: It cannot be read.
    """
    size_bytes = os.fstat(file).st_size
    head = _head_of(file)
    if head is None:
        return None
    head_bytes, track = head
    indexed = _by_index(file, size_bytes, head_bytes, track)
    return indexed or _by_fragments(file, size_bytes, head_bytes, track)


def _head_of(file: int) -> tuple[int, VideoTrack] | None:
    content = os.pread(file, _HEAD_BYTES, 0)
    at = 0
    while at + SIZE_KIND.size <= len(content):
        size, kind = SIZE_KIND.unpack_from(content, at)
        if size < SIZE_KIND.size or at + size > _MOST_BYTES:
            return None
        if at + size > len(content):
            content = os.pread(file, at + size, 0)
            if len(content) < at + size:
                return None
        if kind == b"moov":
            track = video_track(content, Box(b"moov", at, at + SIZE_KIND.size, at + size))
            return None if track is None else (at + size, track)
        at += size
    return None


def _by_index(file: int, size_bytes: int, head_bytes: int, track: VideoTrack) -> GopIndex | None:
    """Return what the index at the end says; None: there is none that is right."""
    tail = os.pread(file, _TAIL_BYTES, max(0, size_bytes - _TAIL_BYTES))
    if not track.length or len(tail) < _MFRO.size:
        return None
    _, kind, _, index_bytes = _MFRO.unpack_from(tail, len(tail) - _MFRO.size)
    end = size_bytes - index_bytes
    if kind != b"mfro" or not head_bytes < end < size_bytes or index_bytes > _MOST_BYTES:
        return None
    if index_bytes > len(tail):
        tail = os.pread(file, index_bytes, end)
    boxes = boxes_in(tail, max(0, len(tail) - index_bytes), len(tail))
    box = next((box for box in boxes if box.kind == b"mfra"), None)
    tfra = None if box is None else first_at(tail, box, b"tfra")
    if tfra is None or tail[tfra.body] != 1:
        return None
    number, lengths, count = _TFRA.unpack_from(tail, tfra.body + FULL_BYTES)
    begin = tfra.body + FULL_BYTES + _TFRA.size
    if number != track.number or lengths or not count or begin + count * _ENTRY.size != tfra.end:
        return None
    entries = _ENTRY.iter_unpack(memoryview(tail)[begin : tfra.end])
    shown, places = _in_order((entry[:2] for entry in entries), head_bytes, end)
    if len(places) != count or places[0] != head_bytes:
        return None
    return GopIndex(head_bytes, track.scale, shown, places, end, track.length)


def _by_fragments(
    file: int, size_bytes: int, head_bytes: int, track: VideoTrack
) -> GopIndex | None:
    gops: list[tuple[int, int]] = []
    end = begun_at = ended_at = 0
    for place, fragment, fragment_end in _fragments(file, head_bytes, size_bytes, track):
        if not end:
            begun_at = fragment.begun_at
        if fragment.is_keyframe:
            gops.append((fragment.shown_at, place))
        end, ended_at = fragment_end, fragment.ended_at
    shown, places = _in_order(gops, head_bytes, end)
    if not places:
        return None
    return GopIndex(head_bytes, track.scale, shown, places, end, max(0, ended_at - begun_at))


def _in_order(
    gops: Iterable[tuple[int, int]], begin: int, end: int
) -> tuple[Sequence[int], Sequence[int]]:
    """Return times and places that only grow: what does not is of the GOP before it."""
    shown, places = array("Q"), array("Q")
    newest, at = -1, begin - 1
    for shown_at, place in gops:
        if shown_at > newest and at < place < end:
            newest, at = shown_at, place
            shown.append(shown_at)
            places.append(place)
    return shown, places


def _fragments(
    file: int, at: int, size_bytes: int, track: VideoTrack
) -> Iterator[tuple[int, Fragment, int]]:
    """Yield each whole fragment from a place on: where it begins, what it says, where it ends."""
    for _ in range(_MOST_FRAGMENTS):
        content = os.pread(file, _HEAD_BYTES, at)
        if len(content) < SIZE_KIND.size:
            return
        moof_bytes, kind = SIZE_KIND.unpack_from(content)
        if kind != b"moof" or not SIZE_KIND.size <= moof_bytes <= _MOST_BYTES:
            return
        if moof_bytes + 2 * U64.size > len(content):
            content = os.pread(file, moof_bytes + 2 * U64.size, at)
        mdat_bytes = _mdat_bytes(content, moof_bytes)
        if mdat_bytes is None or at + moof_bytes + mdat_bytes > size_bytes:
            return
        moof = Box(b"moof", 0, SIZE_KIND.size, moof_bytes)
        fragment = fragment_of(content, moof, track)
        if fragment is not None:
            yield at, fragment, at + moof_bytes + mdat_bytes
        at += moof_bytes + mdat_bytes


def _mdat_bytes(content: bytes, at: int) -> int | None:
    """Return how large the media behind a moof is; None: there is none."""
    try:
        size, kind = SIZE_KIND.unpack_from(content, at)
        if kind != b"mdat":
            return None
        if size == 1:
            (size,) = U64.unpack_from(content, at + SIZE_KIND.size)
    except struct.error:
        return None
    return int(size) if size >= U32.size * 2 else None
