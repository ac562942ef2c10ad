import sys
import threading
from collections.abc import Iterator

import pytest

from camera_ctrl.rate import RateMeter


def test_an_idle_meter_says_nothing_comes() -> None:
    assert RateMeter().events_per_s(100.0) == 0.0
    assert RateMeter().size_per_s(100.0) == 0.0


def test_counts_events_and_their_sizes_over_its_window() -> None:
    meter = RateMeter(window_s=5.0)
    for number in range(250):
        meter.count(number * 0.04, 1000)

    assert meter.events_per_s(9.98) == pytest.approx(25.0)
    assert meter.size_per_s(9.98) == pytest.approx(25_000.0)


def test_forgets_what_is_older_than_its_window() -> None:
    meter = RateMeter(window_s=5.0)
    meter.count(0.0, 100)
    meter.count(1.0, 100)

    assert meter.events_per_s(5.0) == pytest.approx(0.4)
    assert meter.events_per_s(5.5) == pytest.approx(0.2)
    assert meter.size_per_s(5.5) == pytest.approx(20.0)
    assert meter.events_per_s(6.5) == 0.0
    assert meter.size_per_s(6.5) == 0.0


def test_is_right_from_the_first_seconds_on() -> None:
    meter = RateMeter(window_s=5.0)
    for number in range(50):
        meter.count(100.0 + number * 0.04)

    assert meter.events_per_s(102.0) == pytest.approx(25.0, abs=0.5)


def test_holds_no_more_than_its_window() -> None:
    meter = RateMeter(window_s=5.0)
    for number in range(100_000):
        meter.count(number * 0.01)

    assert len(meter._events) <= 501


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before_s)


def test_can_be_read_in_another_thread_than_it_is_counted_in(hasty_threads: None) -> None:
    meter = RateMeter(window_s=0.001)
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            meter.events_per_s(1e9)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(20_000):
        meter.count(float(number), 7)
    is_over.set()
    for reader in readers:
        reader.join()

    # All is out of the window, and nothing of it was taken off twice or never.
    assert meter.events_per_s(1e9) == 0.0
    assert meter.size_per_s(1e9) == 0.0
