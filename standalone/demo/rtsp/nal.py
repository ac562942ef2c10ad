"""NAL units of H.264 and H.265: how a byte stream is cut into them, and which they are."""

import re
from collections.abc import Iterable
from enum import StrEnum

_START_CODE = re.compile(rb"\x00\x00\x01")
#: Types of the parameter sets, in the order in which a decoder wants them.
_H264_SETS = (7, 8)
_HEVC_SETS = (32, 33, 34)


class VideoCodec(StrEnum):
    """What the camera can send, by FFmpeg's names."""

    H264 = "h264"
    HEVC = "hevc"


def split_annexb(stream: bytes) -> list[bytes]:
    """Return the NAL units of a byte stream with start codes, without those and their zeros."""
    begins = [match.end() for match in _START_CODE.finditer(stream)]
    ends = [begin - 3 for begin in begins[1:]] + [len(stream)]
    # A NAL unit never ends in a zero byte: those belong to the next start code.
    units = (stream[b:e].rstrip(b"\0") for b, e in zip(begins, ends, strict=True))
    return [unit for unit in units if unit]


def nal_type(codec: VideoCodec, unit: bytes) -> int:
    """Return the type in a NAL unit's header."""
    return unit[0] & 0x1F if codec is VideoCodec.H264 else unit[0] >> 1 & 0x3F


def parameter_sets(codec: VideoCodec, units: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the first parameter set of each kind: (VPS,) SPS, PPS; fewer where some lack."""
    kinds = _H264_SETS if codec is VideoCodec.H264 else _HEVC_SETS
    found: dict[int, bytes] = {}
    for unit in units:
        kind = nal_type(codec, unit)
        if kind in kinds:
            found.setdefault(kind, unit)
        if len(found) == len(kinds):
            break
    return tuple(found[kind] for kind in kinds if kind in found)
