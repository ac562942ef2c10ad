"""RTP and RTCP as bytes: RFC 3550, with the payloads of RFC 6184, 7798 and 3640. Pure functions."""

import struct
from collections.abc import Iterator

from standalone.demo.rtsp.media import AAC, G726, AccessUnit, AudioFormat, VideoFormat
from standalone.demo.rtsp.nal import VideoCodec, nal_type

#: Largest payload, so that an RTP packet in UDP over IPv6 fits an Ethernet frame.
MAX_PAYLOAD_BYTES = 1400
#: Seconds from NTP's beginning, 1900, to that of UTC stamps, 1970.
_NTP_OFFSET_S = 2_208_988_800
_VERSION = 0x80
_MARKER = 0x80
_FU_A = 28
_HEVC_FU = 49


def payloads(
    form: VideoFormat | AudioFormat, unit: AccessUnit, max_bytes: int = MAX_PAYLOAD_BYTES
) -> Iterator[tuple[bytes, bool]]:
    """Yield the payloads that carry a unit, and whether the RTP marker is set: on the last."""
    if isinstance(form, AudioFormat):
        yield from _audio_payloads(form, unit.parts[0], max_bytes)
        return
    for number, part in enumerate(unit.parts, 1):
        is_last = number == len(unit.parts)
        if len(part) <= max_bytes:
            yield part, is_last
        else:
            yield from _fragments(form.codec, part, max_bytes, is_last=is_last)


def _fragments(
    codec: VideoCodec, part: bytes, max_bytes: int, *, is_last: bool
) -> Iterator[tuple[bytes, bool]]:
    """Yield a NAL unit in fragments: FU-A of H.264, FU of H.265."""
    kind = nal_type(codec, part)
    if codec is VideoCodec.H264:
        header, body = bytes([part[0] & 0xE0 | _FU_A]), part[1:]
    else:
        header, body = bytes([part[0] & 0x81 | _HEVC_FU << 1, part[1]]), part[2:]
    size = max_bytes - len(header) - 1
    for offset in range(0, len(body), size):
        begins, ends = offset == 0, offset + size >= len(body)
        flags = bytes([begins << 7 | ends << 6 | kind])
        yield header + flags + body[offset : offset + size], is_last and ends


def _audio_payloads(form: AudioFormat, data: bytes, max_bytes: int) -> Iterator[tuple[bytes, bool]]:
    if form.codec == AAC:
        yield from _aac_payloads(data, max_bytes)
    elif form.codec == G726:
        # RFC 3551 has the first of two samples in the lower bits, FFmpeg's "g726" in the upper.
        yield bytes(byte >> 4 | byte << 4 & 0xF0 for byte in data), True
    else:
        yield data, True


def _aac_payloads(frame: bytes, max_bytes: int) -> Iterator[tuple[bytes, bool]]:
    """Yield an AAC frame in as many pieces as it needs, each with the header of AAC-hbr."""
    # 16 bits of header length in bits, then 13 bits of the whole frame's size and 3 of its index.
    header = struct.pack(">HH", 16, len(frame) << 3)
    size = max_bytes - len(header)
    for offset in range(0, len(frame), size):
        yield header + frame[offset : offset + size], offset + size >= len(frame)


def rtp_packet(
    payload: bytes, *, kind: int, sequence: int, stamp: int, ssrc: int, marker: bool
) -> bytes:
    """Return an RTP packet; sequence and stamp are cut to their 16 and 32 bits."""
    flags = kind | (_MARKER if marker else 0)
    header = struct.pack(
        ">BBHII", _VERSION, flags, sequence & 0xFFFF, stamp & 0xFFFF_FFFF, ssrc & 0xFFFF_FFFF
    )
    return header + payload


def sender_report(
    *, ssrc: int, utc_us: int, stamp: int, packets: int, payload_bytes: int, name: str
) -> bytes:
    """Return an RTCP sender report with its source description, as RFC 3550 wants them together.

    Args:
        ssrc: Of the track.
        utc_us: UTC in microseconds since 1970 that belongs to the stamp.
        stamp: RTP timestamp of that moment.
        packets: Sent on the track so far.
        payload_bytes: Sent on the track so far, without headers.
        name: The canonical name, the same for every track of a camera.
    """
    seconds, rest_us = divmod(utc_us, 1_000_000)
    report = struct.pack(
        ">BBHIIIIII",
        _VERSION,
        200,
        6,
        ssrc,
        (seconds + _NTP_OFFSET_S) & 0xFFFF_FFFF,
        (rest_us << 32) // 1_000_000,
        stamp & 0xFFFF_FFFF,
        packets & 0xFFFF_FFFF,
        payload_bytes & 0xFFFF_FFFF,
    )
    text = name.encode()
    # The item list ends with a zero, and is filled up with zeros to 32 bits.
    item = struct.pack(">BB", 1, len(text)) + text + b"\0"
    item += b"\0" * (-len(item) % 4)
    source = struct.pack(">BBHI", _VERSION | 1, 202, 1 + len(item) // 4, ssrc) + item
    return report + source


def interleaved(channel: int, packet: bytes) -> bytes:
    """Return a packet framed for RTSP's own TCP connection, by RFC 2326, 10.12."""
    return struct.pack(">BBH", 0x24, channel, len(packet)) + packet
