"""NAL units of H.264 and H.265: how a byte stream is cut into them, and which they are."""

import re
from collections.abc import Iterable
from enum import StrEnum

_START_CODE = re.compile(rb"\x00\x00\x01")


class VideoCodec(StrEnum):
    """What the camera can send, by FFmpeg's names."""

    H264 = "h264"
    HEVC = "hevc"


#: Types of the parameter sets, in the order in which a decoder wants them.
_SET_TYPES = {VideoCodec.H264: (7, 8), VideoCodec.HEVC: (32, 33, 34)}
#: How many parameter sets a decoder wants before it can begin.
SETS_OF = {codec: len(types) for codec, types in _SET_TYPES.items()}


def split_annexb(stream: bytes) -> list[bytes]:
    """Return the NAL units of a byte stream with start codes, without those and their zeros."""
    # What comes before the first start code is no unit. A unit never ends in a zero byte: those
    # belong to the next start code.
    units = (piece.rstrip(b"\0") for piece in _START_CODE.split(stream)[1:])
    return [unit for unit in units if unit]


def nal_type(codec: VideoCodec, unit: bytes) -> int:
    """Return the type in a NAL unit's header."""
    return unit[0] & 0x1F if codec is VideoCodec.H264 else unit[0] >> 1 & 0x3F


def parameter_sets(codec: VideoCodec, units: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the first parameter set of each kind: (VPS,) SPS, PPS; fewer where some lack."""
    kinds = _SET_TYPES[codec]
    found: dict[int, bytes] = {}
    for unit in units:
        kind = nal_type(codec, unit)
        if kind in kinds:
            found.setdefault(kind, unit)
        if len(found) == len(kinds):
            break
    return tuple(found[kind] for kind in kinds if kind in found)
