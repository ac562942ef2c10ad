"""What the index of an MP4 file says: which video it is, and a comment (ISO/IEC 14496-12)."""

import struct
from typing import NamedTuple

from vigil.mp4.boxes import Box, Content, boxes_in

_SIZE = struct.Struct(">HH")
#: Behind its header, a description of video has so many bytes before its size, and in all.
_SIZE_AT, _VIDEO_BYTES = 24, 78
#: What stands before the list of descriptions, and before a comment's text.
_STSD_BYTES, _DATA_BYTES, _FULL_BYTES = 8, 8, 4

#: FFmpeg's names of the video that we write, by how MP4 calls it.
_CODECS = {b"avc1": "h264", b"avc3": "h264", b"hvc1": "hevc", b"hev1": "hevc"}


class Video(NamedTuple):
    """The first video of a file."""

    codec: str
    width_px: int
    height_px: int


def video_of(content: Content) -> Video | None:
    """Return what a file's first video is; None: there is none of a kind that we write."""
    for moov in _at(content, Box(b"", 0, 0, len(content)), b"moov"):
        for stsd in _at(content, moov, b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
            for entry in boxes_in(content, stsd.body + _STSD_BYTES, stsd.end):
                if entry.kind in _CODECS and entry.end - entry.body >= _VIDEO_BYTES:
                    width, height = _SIZE.unpack_from(content, entry.body + _SIZE_AT)
                    return Video(_CODECS[entry.kind], width, height)
    return None


def comment_of(content: Content) -> bytes | None:
    """Return the comment of a file, as FFmpeg writes one; None: it has none."""
    for meta in _at(content, Box(b"", 0, 0, len(content)), b"moov", b"udta", b"meta"):
        for ilst in boxes_in(content, meta.body + _FULL_BYTES, meta.end):
            if ilst.kind != b"ilst":
                continue
            for data in _at(content, ilst, b"\xa9cmt", b"data"):
                return bytes(content[data.body + _DATA_BYTES : data.end])
    return None


def _at(content: Content, parent: Box, *kinds: bytes) -> list[Box]:
    """Return the boxes at a path beneath a box."""
    found = [parent]
    for kind in kinds:
        found = [
            child
            for each in found
            for child in boxes_in(content, each.body, each.end)
            if child.kind == kind
        ]
    return found
