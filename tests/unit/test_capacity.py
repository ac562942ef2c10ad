import pytest

from object_recognition.capacity import WINDOW_S, CapacityMeter
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


def test_a_worker_that_has_few_looks_says_what_it_last_knew(clock: FakeClock) -> None:
    meter = CapacityMeter(clock)
    let_look(meter, clock, 32.0)
    for _ in range(20):
        meter.note(10.0)
        clock.advance(WINDOW_S)
        assert meter.capacity_fps == 32.0
