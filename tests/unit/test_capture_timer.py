"""The heart of honest times: a camera and a host whose true time the test knows."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_ctrl.ingest.timing import (
    BURST_PACKETS,
    MAX_SLEW,
    SETTLED_AFTER_S,
    WINDOW_S,
    CaptureTimer,
    Stamp,
)
from vigil.clock import MICROSECONDS, FakeClock

FPS = 25
STEP_S = 1 / FPS
WRAP_S = 2**33 / 90_000


@dataclass(slots=True)
class Sent:
    """What became of one packet: when it was captured in truth, and by its stamp."""

    true_us: int
    arrived_us: int
    stamp: Stamp

    @property
    def off_s(self) -> float:
        return (self.stamp.captured_at_us - self.true_us) / MICROSECONDS


@dataclass(slots=True)
class Rig:
    """A camera, the way to us, our clock and the timer."""

    clock: FakeClock = field(default_factory=FakeClock)
    begins_with_burst: bool = True
    timer: CaptureTimer = field(init=False)
    sent: list[Sent] = field(default_factory=list)
    _waiting: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.timer = CaptureTimer(self.clock, begins_with_burst=self.begins_with_burst)

    def take(self, pts_s: float, *, dts_s: float | None = None, age_s: float = 0.0) -> list[Sent]:
        """Let a packet come now that was captured age_s ago; return what got its stamp."""
        now_us = self.clock.utc_us()
        self._waiting.append((now_us - round(age_s * MICROSECONDS), now_us))
        stamps = self.timer.stamp(pts_s if dts_s is None else dts_s, pts_s)
        ready = []
        for stamp in stamps:
            assert stamp is not None
            ready.append(Sent(*self._waiting.pop(0), stamp))
        self.sent += ready
        return ready

    def run(self, seconds: float, *, pts_s: float, drift: float = 0.0, fps: float = FPS) -> float:
        """Let a camera send evenly; return the pts of its next packet."""
        for _ in range(round(seconds * fps)):
            self.take(pts_s)
            self.clock.advance(1 / fps)
            pts_s += (1 + drift) / fps
        return pts_s

    def anchors(self) -> list[int]:
        return list(dict.fromkeys(each.stamp.anchor_us for each in self.sent))


def steps_s(sent: Iterable[Sent]) -> list[float]:
    stamps_us = [each.stamp.captured_at_us for each in sent]
    return [(after - before) / MICROSECONDS for before, after in pairwise(stamps_us)]


def test_counts_capture_times_from_the_anchor_by_the_cameras_own_steps() -> None:
    rig = Rig()

    rig.run(60.0, pts_s=1234.5)
    assert len(rig.sent) == 60 * FPS
    assert {each.off_s for each in rig.sent} == {0.0}
    assert rig.anchors() == [rig.sent[0].true_us]


def test_the_first_packets_wait_until_the_cameras_time_is_known() -> None:
    rig = Rig()

    ready = []
    for number in range(6):
        ready.append(len(rig.take(number * 0.0625)))
        rig.clock.advance(0.0625)

    # In 0.2 s nothing came faster than it plays: so long did the first five wait.
    assert ready == [0, 0, 0, 0, 5, 1]


def test_a_slow_camera_is_stamped_by_its_arrival_without_waiting() -> None:
    rig = Rig(begins_with_burst=False)

    rig.run(60.0, pts_s=0.0, fps=0.1)

    assert [each.off_s for each in rig.sent] == [0.0] * 6


@pytest.mark.parametrize("stored_s", [0.4, 1.0, 2.0, 5.0, 9.0])
def test_a_burst_of_stored_packets_was_captured_before_it_came(stored_s: float) -> None:
    rig = Rig()
    count = round(stored_s * FPS)

    # Given a camera that sends what it has stored, at once, then what it sees
    for number in range(count):
        rig.take(number * STEP_S, age_s=(count - number) * STEP_S)
        rig.clock.advance(0.0001)
    rig.clock.advance(STEP_S - count * 0.0001)
    rig.run(5.0, pts_s=count * STEP_S)

    # Then all of it stands under one anchor, at the true times, none in the future
    assert rig.anchors() == [rig.sent[0].stamp.captured_at_us]
    assert len(rig.sent) == count + 5 * FPS
    assert max(abs(each.off_s) for each in rig.sent[count:]) < 0.001
    assert all(each.stamp.captured_at_us <= each.arrived_us for each in rig.sent)


def test_a_burst_at_twice_its_pace_is_waited_for() -> None:
    rig = Rig()
    for number in range(50):
        rig.take(number * STEP_S)
        rig.clock.advance(STEP_S / 2)
    assert rig.sent == []

    rig.run(1.0, pts_s=50 * STEP_S)

    assert len(rig.anchors()) == 1
    assert rig.sent[-1].off_s == pytest.approx(0.0, abs=0.001)


@pytest.mark.parametrize("ppm", [-300, -100, 100, 300])
def test_follows_the_drift_of_the_cameras_clock_to_some_milliseconds(ppm: int) -> None:
    rig = Rig()

    # Ten minutes, in which the clocks part by 180 ms at 300 ppm
    rig.run(600.0, pts_s=0.0, drift=ppm * 1e-6)

    assert len(rig.anchors()) == 1
    assert max(abs(each.off_s) for each in rig.sent) <= 300e-6 * (WINDOW_S + 1)
    # What is read off the least delay of ten seconds hangs behind by as much, and no more
    assert abs(rig.sent[-1].off_s) <= abs(ppm) * 1e-6 * (WINDOW_S + 1)


@pytest.mark.parametrize("ppm", [-3000, -300, 300, 3000])
def test_corrects_at_most_500_ppm(ppm: int) -> None:
    rig = Rig()

    rig.run(60.0, pts_s=0.0, drift=ppm * 1e-6)

    camera_step_s = STEP_S * (1 + ppm * 1e-6)
    for step_s in steps_s(rig.sent):
        # One microsecond is the rounding of two stamps.
        assert abs(step_s - camera_step_s) <= MAX_SLEW * STEP_S + 1.1e-6


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), ppm=st.integers(-300, 300))
def test_jitter_on_the_way_is_not_taken_for_the_cameras_time(seed: int, ppm: int) -> None:
    rng, rig = random.Random(seed), Rig()
    pts_s = next_s = 0.0

    # Packets are delayed by up to 80 ms, in their order, for 30 s
    for _ in range(30 * FPS):
        delay_s = rng.uniform(0.0, 0.08)
        came_s = max(next_s + delay_s, rig.clock.elapsed_s - 1000.0)
        rig.clock.advance(came_s - (rig.clock.elapsed_s - 1000.0))
        rig.take(pts_s, age_s=came_s - next_s)
        next_s += STEP_S
        pts_s += STEP_S * (1 + ppm * 1e-6)

    # Then it is off by less than what the least delayed of the first ones was late, and by the
    # 3 ms that drift makes in the window, whatever the jitter.
    assert len(rig.anchors()) == 1
    assert all(-0.0035 < each.off_s < 0.08 for each in rig.sent)
    assert all(step_s > 0 for step_s in steps_s(rig.sent))


def test_a_camera_that_stalls_and_catches_up_was_only_late() -> None:
    rig = Rig()
    pts_s = rig.run(20.0, pts_s=0.0)
    # Given 5 s without a packet
    rig.clock.advance(5.0)
    # When all that was held up comes at once
    held_up = round(5.0 * FPS)
    for number in range(held_up):
        rig.take(pts_s, age_s=(held_up - number) * STEP_S)
        pts_s += STEP_S
    rig.run(20.0, pts_s=pts_s)

    assert len(rig.anchors()) == 1
    assert max(abs(each.off_s) for each in rig.sent) < 0.001


def test_a_stall_in_which_the_oldest_packets_were_lost_is_no_jump() -> None:
    rig = Rig()
    pts_s = rig.run(20.0, pts_s=0.0)
    rig.clock.advance(5.0)
    # Given that of 5 s only the newest 2 s were kept on the way
    pts_s += 3.0
    for number in range(2 * FPS):
        rig.take(pts_s, age_s=2.0 - number * STEP_S)
        pts_s += STEP_S
    rig.run(20.0, pts_s=pts_s)

    assert len(rig.anchors()) == 1
    assert max(abs(each.off_s) for each in rig.sent) < 0.001


def test_a_gap_in_which_the_cameras_clock_went_on_is_no_jump() -> None:
    rig = Rig()
    pts_s = rig.run(5.0, pts_s=0.0)
    rig.clock.advance(8.0)
    rig.run(5.0, pts_s=pts_s + 8.0)

    assert len(rig.anchors()) == 1
    assert max(abs(each.off_s) for each in rig.sent) < 0.001


def test_a_camera_whose_clock_stood_still_gets_a_new_anchor_when_it_stays_late() -> None:
    rig = Rig()
    pts_s = rig.run(20.0, pts_s=0.0)
    rig.clock.advance(5.0)

    rig.run(30.0, pts_s=pts_s)

    assert len(rig.anchors()) == 2
    assert rig.sent[-1].off_s == pytest.approx(0.0, abs=0.001)
    late = [each for each in rig.sent if each.off_s < -1.0]
    assert len(late) == pytest.approx(WINDOW_S * FPS, abs=1)


@pytest.mark.parametrize(
    "jump_s", [-WRAP_S + 30.0, -3600.0, -2.0, 2.0, 60.0, 3600.0, WRAP_S], ids=lambda s: f"{s:.0f}"
)
def test_a_jump_of_pts_makes_a_new_anchor_and_leaves_the_past_alone(jump_s: float) -> None:
    rig = Rig()
    pts_s = rig.run(30.0, pts_s=0.0)

    rig.run(30.0, pts_s=pts_s + jump_s)

    assert len(rig.anchors()) == 2
    assert len(rig.sent) == 60 * FPS
    assert {each.off_s for each in rig.sent} == {0.0}
    assert rig.sent[30 * FPS].stamp.anchor_us == rig.sent[30 * FPS].true_us


def test_a_33_bit_counter_that_wraps_is_a_jump() -> None:
    rig = Rig()
    ticks = 2**33 - 10 * 90_000

    for _ in range(20 * FPS):
        rig.take((ticks % 2**33) / 90_000)
        rig.clock.advance(STEP_S)
        ticks += 90_000 // FPS

    assert len(rig.anchors()) == 2
    assert max(abs(each.off_s) for each in rig.sent) < 0.001


def test_a_jump_among_the_first_packets_parts_them() -> None:
    rig = Rig()
    # Many a camera's first packet bears a time of its own.
    rig.take(0.0)
    rig.clock.advance(STEP_S)

    rig.run(5.0, pts_s=50_000.0)

    assert len(rig.anchors()) == 2
    assert {each.off_s for each in rig.sent} == {0.0}


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_step_of_the_hosts_clock_makes_a_new_anchor(hours: int) -> None:
    rig = Rig()
    pts_s = rig.run(30.0, pts_s=0.0)

    rig.clock.step(hours * 3600.0)
    rig.run(30.0, pts_s=pts_s)

    assert len(rig.anchors()) == 2
    assert {each.off_s for each in rig.sent} == {0.0}


@pytest.mark.parametrize("step_s", [-0.05, 0.05])
def test_a_small_step_of_the_hosts_clock_is_slewed(step_s: float) -> None:
    rig = Rig()
    pts_s = rig.run(30.0, pts_s=0.0)

    rig.clock.step(step_s)
    rig.run(WINDOW_S + 0.05 / MAX_SLEW + 1.0, pts_s=pts_s)

    assert len(rig.anchors()) == 1
    assert abs(rig.sent[-1].off_s) < 0.001
    assert all(abs(step - STEP_S) <= MAX_SLEW * STEP_S + 1.1e-6 for step in steps_s(rig.sent))


def test_two_anchors_never_bear_one_name() -> None:
    rig = Rig(begins_with_burst=False)

    rig.take(0.0)
    rig.timer.restart()
    rig.take(0.0)

    assert len(rig.anchors()) == 2


def test_at_the_end_of_a_stream_all_that_wait_get_their_stamps() -> None:
    clock = FakeClock()
    timer = CaptureTimer(clock)
    assert timer.settle() == []
    assert timer.stamp(4.0, 4.0) == []

    assert timer.settle() == [Stamp(clock.utc_us(), clock.utc_us())]
    assert timer.settle() == []


def test_packets_that_were_waiting_at_a_restart_are_forgotten() -> None:
    rig = Rig()
    rig.take(0.0)
    rig.timer.restart()
    assert rig.timer.stamp(1.0, 1.0) == []
    rig.clock.advance(SETTLED_AFTER_S)
    assert len(rig.timer.stamp(1.2, 1.2)) == 2


def test_frames_out_of_order_are_captured_at_their_pts() -> None:
    rig = Rig()
    # I0 P3 B1 B2 P6 B4 B5 ...: a P can be sent when its B frames have been seen, one each step.
    pictures = [0, *(3 * group + each for group in range(100) for each in (3, 1, 2))]
    for number, picture in enumerate(pictures):
        # The I comes with the P behind it, which is there when it was captured.
        came = number + 2
        rig.take(picture * STEP_S, dts_s=(number - 1) * STEP_S, age_s=(came - picture) * STEP_S)
        rig.clock.advance(STEP_S)

    assert len(rig.anchors()) == 1
    assert max(abs(each.off_s) for each in rig.sent) < 0.001
    assert all(each.stamp.captured_at_us <= each.arrived_us for each in rig.sent)


def test_other_streams_are_counted_from_the_main_ones_anchor() -> None:
    rig = Rig()
    rig.run(1.0, pts_s=100.0)
    now_us = rig.clock.utc_us()

    [stamp] = rig.timer.stamp_beside(100.5)

    assert stamp == Stamp(now_us - 500_000, rig.anchors()[0])


def test_other_streams_wait_with_the_first_packets_in_their_order() -> None:
    clock = FakeClock()
    timer = CaptureTimer(clock)
    began_us = clock.utc_us()

    assert timer.stamp(10.0, 10.0) == []
    assert timer.stamp_beside(10.01) == []
    clock.advance(SETTLED_AFTER_S)

    assert timer.stamp(10.2, 10.2) == [
        Stamp(began_us, began_us),
        Stamp(began_us + 10_000, began_us),
        Stamp(began_us + 200_000, began_us),
    ]


@pytest.mark.parametrize("apart_s", [-60.0, 5.0, 3600.0])
def test_packets_of_another_stream_with_a_time_of_its_own_are_left_out(apart_s: float) -> None:
    rig = Rig()
    pts_s = rig.run(1.0, pts_s=100.0)

    assert rig.timer.stamp_beside(pts_s + apart_s) == [None]
    rig.run(1.0, pts_s=pts_s)
    assert len(rig.anchors()) == 1


def test_another_stream_before_the_main_one_is_left_out() -> None:
    assert CaptureTimer(FakeClock()).stamp_beside(0.0) == [None]


def test_never_holds_more_than_so_many_packets() -> None:
    timer = CaptureTimer(FakeClock())
    assert timer.stamp(0.0, 0.0) == []

    answers = [timer.stamp_beside(0.0) for _ in range(BURST_PACKETS - 1)]

    assert not any(answers[:-1])
    assert len(answers[-1]) == BURST_PACKETS
