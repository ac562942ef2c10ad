"""How long there is room, and how far back footage reaches: tables of cases."""

from dataclasses import replace
from math import inf

import pytest

from recorder.room.forecast import HOUR_US, Forecast, Use, forecast, measured_hours

#: 100 bytes a day, of which 300 are there and 700 may come; by its age alone it would take 3000.
A_USE = Use(
    used_bytes=300, protected_bytes=0, daily_bytes=100.0, steady_bytes=3000.0, room_bytes=700.0
)


@pytest.mark.parametrize(
    ("about", "use", "days_left", "reach_days"),
    [
        ("it fills", A_USE, 7.0, 10.0),
        ("age keeps it below its limit", replace(A_USE, steady_bytes=900.0), None, 10.0),
        ("age is all that limits it", replace(A_USE, room_bytes=inf), None, 30.0),
        ("its age comes first", replace(A_USE, room_bytes=5000.0), None, 30.0),
        ("full", replace(A_USE, room_bytes=0.0), 0.0, 3.0),
        ("beyond its limit", replace(A_USE, room_bytes=-100.0), 0.0, 2.0),
        ("a part is protected", replace(A_USE, protected_bytes=200), 7.0, 8.0),
        ("all is protected", replace(A_USE, protected_bytes=300, room_bytes=0.0), 0.0, 0.0),
        ("not known yet", replace(A_USE, daily_bytes=None), None, None),
        ("nothing comes", replace(A_USE, daily_bytes=0.0), None, None),
    ],
)
def test_what_is_to_be_expected(
    about: str, use: Use, days_left: float | None, reach_days: float | None
) -> None:
    assert forecast([use], kept_days=30) == Forecast(days_left, reach_days)


def test_of_two_limits_the_nearer_counts() -> None:
    shared = replace(A_USE, used_bytes=1000, daily_bytes=500.0, room_bytes=1500.0)
    assert forecast([A_USE, shared], kept_days=30) == Forecast(3.0, 5.0)
    assert forecast([shared, A_USE], kept_days=4) == Forecast(3.0, 4.0)


def test_where_nothing_goes_there_is_no_end_to_its_age() -> None:
    endless = replace(A_USE, steady_bytes=inf)
    assert forecast([endless], kept_days=inf) == Forecast(7.0, 10.0)
    assert forecast([replace(endless, room_bytes=inf)], kept_days=inf) == Forecast(None, None)


@pytest.mark.parametrize(
    ("oldest_h", "now_h", "hours"),
    [
        (0.0, 100.5, range(76, 100)),
        (75.9, 100.5, range(76, 100)),
        # Of the hour in which it began nothing is known before that
        (90.2, 100.5, range(91, 100)),
        (98.5, 100.5, range(99, 100)),
        (99.0, 100.5, range(100, 100)),
        (100.2, 100.5, range(101, 100)),
        # A clock that was set back
        (200.0, 100.5, range(201, 100)),
    ],
)
def test_whole_hours_say_what_comes_in_a_day(oldest_h: float, now_h: float, hours: range) -> None:
    assert measured_hours(round(oldest_h * HOUR_US), round(now_h * HOUR_US)) == hours
