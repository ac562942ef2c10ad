"""An encoded packet with all that a reader needs to mux or decode it, and its form on the bus."""

import struct
from dataclasses import dataclass
from fractions import Fraction

from vigil.errors import MessageInvalid

_VERSION = 1
_KEYFRAME = 0x01
#: version, flags, stream index, -, pts, dts, duration, time base, anchor, captured at, template.
_META = struct.Struct(">BBBxqqqIIqq8s")


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded access unit of video, or block of audio.

    Attributes:
        stream_index: Of the stream in its template.
        pts, dts, duration: In units of time_base.
        time_base: Seconds.
        is_keyframe: As in FFmpeg. Every audio packet is one.
        template_id: 16 hex digits: the codec parameters that it needs.
        anchor_us: Which anchor its time was counted from; another one begins a new segment.
        captured_at_us: UTC in microseconds since 1970.
        data: The payload as the camera sent it.
    """

    stream_index: int
    pts: int
    dts: int
    duration: int
    time_base: Fraction
    is_keyframe: bool
    template_id: str
    anchor_us: int
    captured_at_us: int
    data: bytes


def packed_meta(packet: Packet) -> bytes:
    """Return everything of a packet but its payload."""
    return _META.pack(
        _VERSION,
        _KEYFRAME if packet.is_keyframe else 0,
        packet.stream_index,
        packet.pts,
        packet.dts,
        packet.duration,
        packet.time_base.numerator,
        packet.time_base.denominator,
        packet.anchor_us,
        packet.captured_at_us,
        bytes.fromhex(packet.template_id),
    )


def unpacked(meta: bytes, data: bytes) -> Packet:
    """Return the packet that ``packed_meta`` and its payload were made of.

    Raises:
        MessageInvalid: It is none of ours, or of a version that we do not know.
    """
    if len(meta) != _META.size:
        raise MessageInvalid(f"packet entry: {len(meta)} bytes of meta, expected {_META.size}")
    version, flags, index, pts, dts, duration, num, den, anchor_us, at_us, template = _META.unpack(
        meta
    )
    if version != _VERSION:
        raise MessageInvalid(f"packet entry: version {version}, expected {_VERSION}")
    if num == 0 or den == 0:
        raise MessageInvalid(f"packet entry: a time base of {num}/{den}")
    return Packet(
        stream_index=index,
        pts=pts,
        dts=dts,
        duration=duration,
        time_base=Fraction(num, den),
        is_keyframe=bool(flags & _KEYFRAME),
        template_id=template.hex(),
        anchor_us=anchor_us,
        captured_at_us=at_us,
        data=data,
    )
