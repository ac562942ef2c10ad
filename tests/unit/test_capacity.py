from itertools import pairwise

import pytest

from object_recognition.capacity import DOUBTED_AFTER_S, WINDOW_S, CapacityMeter
from vigil.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def let_look(meter: CapacityMeter, clock: FakeClock, fps: float, *, windows: int = 1) -> None:
    """Let some windows pass, in each of which ten looks took what they take at a capacity."""
    for _ in range(windows):
        for _ in range(10):
            meter.note(1 / fps)
        clock.advance(WINDOW_S)
        assert meter.looked_fps == 10 / WINDOW_S


def test_nothing_is_announced_before_it_was_measured(clock: FakeClock) -> None:
    meter = CapacityMeter(clock)
    assert meter.capacity_fps is None
    clock.advance(WINDOW_S)
    assert (meter.capacity_fps, meter.looked_fps) == (None, 0.0)


def test_an_idle_worker_says_what_it_could_do(clock: FakeClock) -> None:
    meter = CapacityMeter(clock)
    let_look(meter, clock, 32.0)
    assert meter.capacity_fps == 32.0


def test_two_that_are_nearly_equal_say_the_same(clock: FakeClock) -> None:
    said = set()
    for fps in (30.0, 32.0, 34.5):
        meter = CapacityMeter(clock)
        let_look(meter, clock, fps)
        said.add(meter.capacity_fps)
    assert said == {32.0}


def test_what_flaps_is_not_announced(clock: FakeClock) -> None:
    meter = CapacityMeter(clock)
    let_look(meter, clock, 32.0)
    for _ in range(50):
        let_look(meter, clock, 8.0, windows=3)
        let_look(meter, clock, 36.0)
        assert meter.capacity_fps == 32.0


def test_what_is_another_for_long_is_announced(clock: FakeClock) -> None:
    meter = CapacityMeter(clock)
    let_look(meter, clock, 32.0)
    let_look(meter, clock, 16.0, windows=3)
    assert meter.capacity_fps == 32.0
    let_look(meter, clock, 16.0)
    assert meter.capacity_fps == 16.0


def test_the_looks_of_one_that_is_slow_are_counted_over_several_windows(clock: FakeClock) -> None:
    meter = CapacityMeter(clock)
    for _ in range(4):
        meter.note(2.0)
        clock.advance(WINDOW_S)
        assert meter.capacity_fps is None
    meter.note(2.0)
    clock.advance(WINDOW_S)
    assert meter.capacity_fps == 0.5


def test_a_worker_that_has_few_looks_says_what_it_last_knew(clock: FakeClock) -> None:
    meter = CapacityMeter(clock)
    let_look(meter, clock, 32.0)
    for _ in range(4):
        meter.note(10.0)
        clock.advance(WINDOW_S)
        assert meter.capacity_fps == 32.0


def test_a_look_over_which_the_machine_slept_does_not_count(clock: FakeClock) -> None:
    meter = CapacityMeter(clock)
    meter.note(10.0)
    for _ in range(10):
        meter.note(1 / 32)
    clock.advance(WINDOW_S)
    assert meter.capacity_fps == 32.0


def without_cameras(meter: CapacityMeter, clock: FakeClock) -> float:
    """Return how long a worker believes what it measured, while it is given no camera."""
    began_s = clock.monotonic_s()
    while meter.capacity_fps is not None:
        meter.note_share(0)
        clock.advance(WINDOW_S)
    return clock.monotonic_s() - began_s


def test_one_that_is_given_no_camera_is_measured_anew_ever_more_rarely(clock: FakeClock) -> None:
    meter, waits_s = CapacityMeter(clock), []
    for _ in range(9):
        meter.note_share(4)
        for _ in range(10):
            meter.note(10.0)
        clock.advance(WINDOW_S)
        assert meter.capacity_fps is not None
        waits_s.append(without_cameras(meter, clock))

    assert waits_s[0] == pytest.approx(DOUBTED_AFTER_S, abs=WINDOW_S + 0.1)
    assert all(later > 1.8 * earlier for earlier, later in pairwise(waits_s[:7]))
    assert waits_s[-1] == pytest.approx(3600.0, abs=WINDOW_S + 0.1)


def test_one_that_turns_out_to_be_as_good_as_the_others_is_doubted_as_soon_as_at_first(
    clock: FakeClock,
) -> None:
    meter = CapacityMeter(clock)
    let_look(meter, clock, 0.5)
    without_cameras(meter, clock)
    meter.note_share(4)
    let_look(meter, clock, 32.0, windows=2)
    assert meter.capacity_fps == 32.0
    assert without_cameras(meter, clock) == pytest.approx(DOUBTED_AFTER_S, abs=WINDOW_S + 0.1)


def test_one_that_has_cameras_and_few_looks_is_believed(clock: FakeClock) -> None:
    meter = CapacityMeter(clock)
    let_look(meter, clock, 32.0)
    for _ in range(600):
        meter.note_share(4)
        clock.advance(1.0)
    assert meter.capacity_fps == 32.0
