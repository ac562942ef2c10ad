from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import a_packet
from vigil.domain.packet import Packet, packed_meta, unpacked
from vigil.errors import MessageInvalid

i64 = st.integers(-(2**63), 2**63 - 1)
u32 = st.integers(1, 2**32 - 1)

packets = st.builds(
    Packet,
    stream_index=st.integers(0, 255),
    pts=i64,
    dts=i64,
    duration=i64,
    time_base=st.builds(Fraction, u32, u32),
    is_keyframe=st.booleans(),
    template_id=st.binary(min_size=8, max_size=8).map(bytes.hex),
    anchor_us=i64,
    captured_at_us=i64,
    data=st.binary(max_size=64),
)


@given(packet=packets)
def test_comes_back_as_it_went(packet: Packet) -> None:
    assert unpacked(packed_meta(packet), packet.data) == packet


def test_is_small_beside_its_payload() -> None:
    assert len(packed_meta(a_packet())) == 60


@pytest.mark.parametrize("length", [0, 1, 59])
def test_a_truncated_entry_is_no_packet(length: int) -> None:
    with pytest.raises(MessageInvalid, match=f"{length} bytes of meta, expected 60"):
        unpacked(packed_meta(a_packet())[:length], b"payload")


def test_an_entry_with_something_behind_it_is_no_packet() -> None:
    with pytest.raises(MessageInvalid, match="61 bytes of meta, expected 60"):
        unpacked(packed_meta(a_packet()) + b"\0", b"payload")


@pytest.mark.parametrize("version", [0, 2, 255])
def test_an_entry_of_another_version_is_refused_by_name(version: int) -> None:
    meta = bytes([version]) + packed_meta(a_packet())[1:]

    with pytest.raises(MessageInvalid, match=f"version {version}, expected 1"):
        unpacked(meta, b"payload")


@pytest.mark.parametrize("at", [28, 32], ids=["numerator", "denominator"])
def test_an_entry_without_a_time_base_is_refused(at: int) -> None:
    meta = bytearray(packed_meta(a_packet()))
    meta[at : at + 4] = bytes(4)

    with pytest.raises(MessageInvalid, match="time base"):
        unpacked(bytes(meta), b"payload")


def test_flags_of_a_later_writer_are_ignored() -> None:
    meta = bytearray(packed_meta(a_packet(is_keyframe=True)))
    meta[1] |= 0xFE

    assert unpacked(bytes(meta), b"payload") == a_packet(is_keyframe=True, data=b"payload")
