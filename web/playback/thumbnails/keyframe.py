"""Takes one keyframe out of a file of footage, and no byte more than it has to."""

import os
from typing import NamedTuple

from vigil.mp4.boxes import FULL_BYTES, SIZE_KIND, Box, all_in, boxes_in, first_at
from vigil.mp4.fragments import fragment_of, video_track
from vigil.mp4.index import GopIndex

#: By the kind of a sample entry: FFmpeg's name of the decoder, and the box that has its parameters.
_CODECS = {
    b"avc1": ("h264", b"avcC"),
    b"avc3": ("h264", b"avcC"),
    b"hvc1": ("hevc", b"hvcC"),
    b"hev1": ("hevc", b"hvcC"),
}
#: What stands in a sample entry of video before its boxes, and in stsd before its entries.
_ENTRY_BYTES, _STSD_BYTES = 78, FULL_BYTES + 4
#: No keyframe is larger, and no fragment's own index.
_MOST_BYTES, _MOST_MOOF_BYTES = 16 * 2**20, 4 * 2**20


class Keyframe(NamedTuple):
    """One keyframe, ready to be decoded.

    Attributes:
        codec: FFmpeg's name of the decoder.
        parameters: What the decoder is to know before, as MP4 has it.
        data: The keyframe, its units with their lengths before them.
    """

    codec: str
    parameters: bytes
    data: bytes


def read_keyframe(path: str | os.PathLike[str], gops: GopIndex, number: int) -> Keyframe | None:
    """Return the keyframe of a file's GOP; None: what is there is none that we can decode.

    Raises:
        OSError: The file is not there any more, or cannot be read.
    """
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        head = os.pread(file, gops.head_bytes, 0)
        moov = next((box for box in boxes_in(head, 0, len(head)) if box.kind == b"moov"), None)
        track = None if moov is None else video_track(head, moov)
        known = None if moov is None else _parameters(head, moov)
        if track is None or known is None:
            return None
        place = gops.places[number]
        start = os.pread(file, SIZE_KIND.size, place)
        if len(start) < SIZE_KIND.size:
            return None
        moof_bytes, kind = SIZE_KIND.unpack(start)
        if kind != b"moof" or not SIZE_KIND.size <= moof_bytes <= _MOST_MOOF_BYTES:
            return None
        content = os.pread(file, moof_bytes, place)
        moof = Box(b"moof", 0, SIZE_KIND.size, len(content))
        fragment = fragment_of(content, moof, track)
        if fragment is None or fragment.data_at is None or fragment.data_at < 0:
            return None
        if not 0 < fragment.first_bytes <= _MOST_BYTES:
            return None
        data = os.pread(file, fragment.first_bytes, place + fragment.data_at)
        return Keyframe(*known, data) if len(data) == fragment.first_bytes else None
    finally:
        os.close(file)


def _parameters(head: bytes, moov: Box) -> tuple[str, bytes] | None:
    """Return the decoder of the first video in an index, and its parameters; None: not ours."""
    for trak in all_in(head, moov, b"trak"):
        stsd = first_at(head, trak, b"mdia", b"minf", b"stbl", b"stsd")
        if stsd is None:
            continue
        for entry in boxes_in(head, stsd.body + _STSD_BYTES, stsd.end):
            codec, kind = _CODECS.get(entry.kind, ("", b""))
            for box in boxes_in(head, entry.body + _ENTRY_BYTES, entry.end):
                if box.kind == kind:
                    return codec, head[box.body : box.end]
    return None
