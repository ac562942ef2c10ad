import pytest

from vigil.domain.interval import IntervalMeter


def measured(*moments_s: float) -> IntervalMeter:
    meter = IntervalMeter()
    for moment_s in moments_s:
        meter.note(moment_s)
    return meter


def test_one_moment_says_nothing_of_an_interval() -> None:
    assert measured(100.0).interval_s() == 0.0


def test_it_is_what_lies_between_two() -> None:
    assert measured(100.0, 106.0, 112.0).interval_s() == 6.0


def test_one_stall_makes_none_longer() -> None:
    assert measured(0.0, 1.0, 2.0, 60.0, 61.0).interval_s() == 1.0


def test_what_lies_back_is_none() -> None:
    assert measured(10.0, 16.0, 4.0, 10.0).interval_s() == 6.0


def test_nor_is_the_time_that_something_was_away() -> None:
    meter = measured(0.0)
    meter.interrupted()
    meter.note(300.0)
    assert meter.interval_s() == 0.0


def test_those_that_were_not_seen_are_counted_in() -> None:
    meter = measured(0.0)
    meter.note(6.0, steps=3)
    assert meter.interval_s() == pytest.approx(2.0)
