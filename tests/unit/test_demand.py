"""When keyframes are enough, and what a packet's size tells."""

from collections.abc import Sequence
from itertools import count

import pytest

from camera_ctrl.decode.demand import STILL_S, WAKE_S, Demand
from tests.builders import a_packet
from vigil.clock import MICROSECONDS
from vigil.domain.camera import Stream
from vigil.domain.motion import Motion
from vigil.domain.packet import Packet
from vigil.messages import Decoding

BEGAN_US = 1_790_000_000_000_000
STEP_US = 40_000
IDR, SLICE = b"\0\0\1\x65", b"\0\0\1\x41"
STILL = Motion(is_moving=False, since_us=BEGAN_US)
MOVING = Motion(is_moving=True, since_us=BEGAN_US, boxes=((0, 0, 9, 9),))
LATER_US = BEGAN_US + round(STILL_S * MICROSECONDS)


def packets(sizes: Sequence[int], *, gop: int = 50, after: int = 0) -> list[Packet]:
    """Return packets of such sizes; each gop-th is a keyframe."""
    return [
        a_packet(
            captured_at_us=BEGAN_US + number * STEP_US,
            is_keyframe=number % gop == 0,
            data=(IDR if number % gop == 0 else SLICE).ljust(size, b"\xff"),
        )
        for number, size in zip(count(after), sizes, strict=False)
    ]


def a_demand(*, gop: int = 50, size: int = 2000, stream: Stream = Stream.MAIN) -> Demand:
    """Return one of a camera in which nothing moves, and that nobody watches."""
    demand = Demand(is_on_demand=True, stream=stream)
    demand.note_packets(packets([size] * (2 * gop + 1), gop=gop), "h264")
    demand.note_motion(STILL, now_us=BEGAN_US)
    demand.note_watched(False)
    return demand


def test_rests_where_nothing_has_moved_for_some_seconds_and_nobody_watches() -> None:
    demand = a_demand()

    assert demand.decoding(LATER_US - 1, is_looked_at=True) is Decoding.GATED
    assert demand.decoding(LATER_US, is_looked_at=True) is Decoding.IDLE
    demand.note_watched(True)
    assert demand.decoding(LATER_US, is_looked_at=True) is Decoding.GATED
    assert demand.why_not_idle(LATER_US, is_looked_at=True) == "somebody watches"
    demand.note_watched(False)
    demand.note_motion(MOVING, now_us=LATER_US)
    assert demand.decoding(LATER_US, is_looked_at=True) is Decoding.FULL


def test_asks_who_watches_only_where_it_matters() -> None:
    demand = a_demand()

    assert not demand.asks(LATER_US - 1, is_looked_at=True)
    assert demand.asks(LATER_US, is_looked_at=True)
    assert demand.asks(BEGAN_US, is_looked_at=False)
    assert not a_demand(gop=100).asks(LATER_US, is_looked_at=True)


@pytest.mark.parametrize(
    ("gop", "is_idle"), [(1, True), (25, True), (50, True), (51, True), (55, False), (250, False)]
)
def test_keyframes_are_enough_where_they_are_two_seconds_apart(gop: int, is_idle: bool) -> None:
    decoding = a_demand(gop=gop).decoding(LATER_US, is_looked_at=True)

    assert (decoding is Decoding.IDLE) == is_idle


#: Sizes behind many packets of 2000 bytes, and whether they say that something moves.
SIZES = {
    "the same": ([2000] * 9, False),
    "a little more": ([2400] * 9, False),
    "smaller": ([200] * 9, False),
    "one that is large": ([2000, 5200, 2000], True),
    "some that are larger": ([3400] * 5, True),
    "fewer that are larger": ([3400] * 3, False),
}


@pytest.mark.parametrize("case", SIZES)
def test_a_packet_much_larger_than_most_tells_that_something_moves(case: str) -> None:
    sizes, hints = SIZES[case]

    assert a_demand().note_packets(packets(sizes, after=101), "h264") == hints


def test_packets_that_are_read_again_tell_nothing_new() -> None:
    demand = a_demand()
    large = packets([9000], after=101)

    assert demand.note_packets(large, "h264")
    assert not demand.note_packets(large, "h264")


def test_a_clock_that_was_set_back_is_followed() -> None:
    demand = a_demand()
    demand.note_packets(packets([2000] * 101, after=-100_000), "h264")

    assert demand.gop_s() == 2.0
    assert demand.note_packets(packets([9000], after=-99_899), "h264")


def test_after_a_mistake_packets_must_be_larger_until_one_was_right() -> None:
    demand, now_us = a_demand(), LATER_US
    assert demand.note_packets(packets([5200], after=101), "h264")

    # Given that nothing moved
    demand.note_hint(now_us)
    assert demand.decoding(now_us, is_looked_at=True) is Decoding.GATED
    demand.note_motion(STILL, now_us=now_us + round(WAKE_S * MICROSECONDS) + 1)
    assert demand.decoding(now_us, is_looked_at=True) is Decoding.IDLE
    assert not demand.note_packets(packets([2000] * 9 + [5200], after=102), "h264")

    # And that something did, the next time
    assert demand.note_packets(packets([7000], after=112), "h264")
    demand.note_hint(now_us)
    demand.note_motion(MOVING, now_us=now_us)
    assert demand.note_packets(packets([2000] * 9 + [5200], after=113), "h264")


def test_a_sub_stream_with_few_keyframes_rests_at_a_floor_rate() -> None:
    demand, of_main = a_demand(gop=100, stream=Stream.SUB), a_demand(gop=100)

    assert not demand.is_at_floor(LATER_US - 1, is_looked_at=True)
    assert demand.is_at_floor(LATER_US, is_looked_at=True)
    assert demand.decoding(LATER_US, is_looked_at=True) is Decoding.GATED
    assert demand.why_not_idle(LATER_US, is_looked_at=True) == (
        "its keyframes are 4.0 s apart, so every frame is decoded, and a picture made each 1 s; "
        "set the camera to one each 2 s or less"
    )
    # It matters who watches, of a main stream with so few keyframes it does not
    assert demand.asks(LATER_US, is_looked_at=True)
    assert not of_main.is_at_floor(LATER_US, is_looked_at=True)
    assert not of_main.asks(LATER_US, is_looked_at=True)
    demand.note_watched(True)
    assert not demand.is_at_floor(LATER_US, is_looked_at=True)
    demand.note_watched(False)
    demand.note_motion(MOVING, now_us=LATER_US)
    assert not demand.is_at_floor(LATER_US, is_looked_at=True)


def test_a_sub_stream_with_keyframes_enough_is_idle_as_a_main_one_is() -> None:
    demand = a_demand(stream=Stream.SUB)

    assert demand.decoding(LATER_US, is_looked_at=True) is Decoding.IDLE
    assert not demand.is_at_floor(LATER_US, is_looked_at=True)
