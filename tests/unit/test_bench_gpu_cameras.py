"""Cameras that play against a detector: what is counted, and how many hold."""

from collections.abc import Sequence

import pytest

from bench.gpu_cameras import Played, most_that_hold, played
from vigil.clock import FakeClock

JPEGS = [bytes([n]) for n in range(10)]


def play(
    *, cameras: int, look_s: float, batch_max: int = 4, length_s: float = 10.0
) -> tuple[Played, list[int]]:
    clock, sizes = FakeClock(), []

    def look(jpegs: Sequence[bytes]) -> None:
        sizes.append(len(jpegs))
        clock.advance(look_s)

    result = played(
        look,
        JPEGS,
        cameras=cameras,
        length_s=length_s,
        batch_max=batch_max,
        clock=clock,
        pause=lambda seconds: clock.advance(max(seconds, 1e-6)),
    )
    return result, sizes


def test_a_detector_that_is_quick_looks_at_each_frame_at_once() -> None:
    result, sizes = play(cameras=4, look_s=0.01)

    # Four cameras of five a second, for ten seconds
    assert len(result.latency_s) == pytest.approx(200, abs=1)
    assert result.skipped == 0
    assert {*sizes} == {1}
    assert result.p95_ms == pytest.approx(10, abs=0.1)


def test_a_detector_that_is_slower_than_frames_come_has_them_in_batches() -> None:
    result, sizes = play(cameras=40, look_s=0.1, batch_max=32)

    assert result.skipped == 0
    assert max(sizes) == pytest.approx(20, abs=1)
    # A frame waits for the batch before, and for its own
    assert 100 < result.p95_ms <= 200.1


def test_frames_that_nobody_had_time_for_are_skipped_and_counted() -> None:
    # Eight a second can be looked at, of twenty
    result, sizes = play(cameras=4, look_s=0.125, batch_max=1)

    assert len(sizes) == len(result.latency_s) == 80
    assert result.skipped == pytest.approx(120, abs=5)


def test_a_detector_that_never_answers_in_time_has_seen_nothing_of_the_rest() -> None:
    result, _ = play(cameras=2, look_s=20.0, batch_max=1)

    assert result.batches == 1
    assert result.skipped > 0


@pytest.mark.parametrize("true", [0, 1, 2, 3, 7, 8, 50, 997, 1000])
def test_the_largest_number_is_found_to_within_a_twentieth(true: int) -> None:
    asked: list[int] = []

    def holds(number: int) -> bool:
        asked.append(number)
        return number <= true

    found = most_that_hold(holds, at_most=1000)

    assert true * 0.94 <= found <= true
    assert max(asked) <= 1000
    assert len(asked) <= 2 + 2 * true.bit_length()
