"""RTP's bytes, against the RFCs' own layouts."""

import struct
from itertools import pairwise

import pytest

from standalone.demo.rtsp.media import AccessUnit, AudioFormat, VideoFormat
from standalone.demo.rtsp.nal import VideoCodec, nal_type, parameter_sets, split_annexb
from standalone.demo.rtsp.rtp import interleaved, payloads, rtp_packet, sender_report

H264 = VideoFormat(VideoCodec.H264, ())
HEVC = VideoFormat(VideoCodec.HEVC, ())
AAC = AudioFormat(b"\x11\x88", 1, 48_000)


def unit(*parts: bytes) -> AccessUnit:
    return AccessUnit(pts=0, dts=0, is_key=True, parts=parts)


@pytest.mark.parametrize(
    ("form", "parts", "sent"),
    [
        # What fits is sent as it is; only the last of a unit bears the marker.
        (H264, (b"\x67abc",), [(b"\x67abc", True)]),
        (H264, (b"\x67abc", b"\x65d"), [(b"\x67abc", False), (b"\x65d", True)]),
        # FU-A: the indicator keeps F and NRI, the header says start, end and type 5.
        (
            H264,
            (b"\x65" + b"abcdefghijk",),
            [(b"\x7c\x85abcdef", False), (b"\x7c\x45ghijk", True)],
        ),
        (
            H264,
            (b"\x41" + b"a" * 13, b"\x41b"),
            [
                (b"\x5c\x81aaaaaa", False),
                (b"\x5c\x01aaaaaa", False),
                (b"\x5c\x41a", False),
                (b"\x41b", True),
            ],
        ),
        # FU of H.265: type 49 in two bytes of header, which keep layer and temporal id.
        (
            HEVC,
            (b"\x26\x01" + b"abcdefghijk",),
            [
                (b"\x62\x01\x93abcde", False),
                (b"\x62\x01\x13fghij", False),
                (b"\x62\x01\x53k", True),
            ],
        ),
        # AAC-hbr: 16 bits of header, the frame's whole size in 13 bits, in each piece.
        (AAC, (b"abcd",), [(b"\x00\x10\x00\x20abcd", True)]),
        (AAC, (b"abcdef",), [(b"\x00\x10\x00\x30abcd", False), (b"\x00\x10\x00\x30ef", True)]),
    ],
)
def test_a_unit_is_cut_into_payloads_of_at_most_eight_bytes(
    form: VideoFormat | AudioFormat, parts: tuple[bytes, ...], sent: list[tuple[bytes, bool]]
) -> None:
    assert list(payloads(form, unit(*parts), max_bytes=8)) == sent


@pytest.mark.parametrize("form", [H264, HEVC])
@pytest.mark.parametrize("size", [1, 2, 3, 1399, 1400, 1401, 2797, 2798, 2799, 100_000])
def test_no_payload_is_too_large_nor_empty(form: VideoFormat, size: int) -> None:
    part = b"\x26\x01" + bytes(range(1, 251)) * (size // 250 + 1)
    sent = list(payloads(form, unit(part[: size + 2])))

    assert all(3 <= len(payload) <= 1400 for payload, _ in sent)
    assert [marker for _, marker in sent] == [False] * (len(sent) - 1) + [True]


def test_an_rtp_packet_has_twelve_bytes_of_header_and_wraps_its_counters() -> None:
    packet = rtp_packet(
        b"payload", kind=97, sequence=65_537, stamp=2**32 + 5, ssrc=0xDEADBEEF, marker=True
    )

    assert packet == bytes.fromhex("80e1 0001 00000005 deadbeef") + b"payload"
    unmarked = rtp_packet(b"", kind=96, sequence=65_535, stamp=1, ssrc=1, marker=False)
    assert unmarked == bytes.fromhex("8060 ffff 00000001 00000001")


def test_a_sender_report_tells_ntp_time_and_comes_with_a_name() -> None:
    # Half a second after 1 January 2000, which NTP counts as 3,155,673,600 s.
    report = sender_report(
        ssrc=7, utc_us=946_684_800_500_000, stamp=90_000, packets=3, payload_bytes=4000, name="cam"
    )

    assert report[:28] == struct.pack(
        ">BBHIIIIII", 0x80, 200, 6, 7, 3_155_673_600, 1 << 31, 90_000, 3, 4000
    )
    assert report[28:] == bytes.fromhex("81ca 0003 00000007 0103") + b"cam" + b"\0\0\0"


@pytest.mark.parametrize("name", ["a", "ab", "abc", "abcd", "abcde"])
def test_every_length_in_a_report_agrees_with_its_bytes(name: str) -> None:
    report = sender_report(ssrc=1, utc_us=0, stamp=0, packets=0, payload_bytes=0, name=name)

    (words,) = struct.unpack(">H", report[30:32])
    assert len(report) == 28 + 4 * (words + 1)
    assert report.endswith(b"\0")


def test_interleaving_tells_channel_and_length() -> None:
    assert interleaved(3, b"abc") == b"$\x03\x00\x03abc"


@pytest.mark.parametrize(
    ("stream", "units"),
    [
        (b"", []),
        (b"no start code", []),
        (b"\0\0\1a", [b"a"]),
        (b"\0\0\0\1a\0\0\1bc", [b"a", b"bc"]),
        (b"\0\0\1a\0\0\0\0\1b\0\0", [b"a", b"b"]),
        (b"\0\0\1\0\0\1b", [b"b"]),
    ],
)
def test_a_byte_stream_falls_into_its_units(stream: bytes, units: list[bytes]) -> None:
    assert split_annexb(stream) == units


@pytest.mark.parametrize(
    ("codec", "units", "sets"),
    [
        (VideoCodec.H264, [b"\x06", b"\x67a", b"\x68b", b"\x65", b"\x67c"], (b"\x67a", b"\x68b")),
        (VideoCodec.H264, [b"\x68b", b"\x67a"], (b"\x67a", b"\x68b")),
        (VideoCodec.H264, [b"\x65"], ()),
        (
            VideoCodec.HEVC,
            [b"\x44\1c", b"\x40\1a", b"\x42\1b", b"\x26\1"],
            (b"\x40\1a", b"\x42\1b", b"\x44\1c"),
        ),
    ],
)
def test_parameter_sets_are_found_in_the_order_a_decoder_wants(
    codec: VideoCodec, units: list[bytes], sets: tuple[bytes, ...]
) -> None:
    assert parameter_sets(codec, units) == sets
    assert all(nal_type(codec, a) < nal_type(codec, b) for a, b in pairwise(sets))
