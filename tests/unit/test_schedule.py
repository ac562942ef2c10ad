"""A span of the day begins and ends by the clock on the wall, on every night of the year."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from vigil.domain.schedule import is_within

BERLIN, TAIPEI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Taipei")
NIGHT, DAY, WHOLE = ("22:00", "06:00"), ("08:00", "17:30"), ("00:00", "00:00")
MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6

# What is open, when in UTC, in whose zone, and whether it is. 2026-11-30 is a Monday.
CASES = {
    "begins with its first minute": (DAY, (), "2026-11-30T00:00", TAIPEI, True),
    "not before": (DAY, (), "2026-11-29T23:59:59.999999", TAIPEI, False),
    "ends before its last": (DAY, (), "2026-11-30T09:29:59.999999", TAIPEI, True),
    "is over with it": (DAY, (), "2026-11-30T09:30", TAIPEI, False),
    "over midnight, before": (NIGHT, (), "2026-11-30T22:30", BERLIN, True),
    "over midnight, after": (NIGHT, (), "2026-12-01T04:59", BERLIN, True),
    "over midnight, over": (NIGHT, (), "2026-12-01T05:00", BERLIN, False),
    "at noon": (NIGHT, (), "2026-12-01T11:00", BERLIN, False),
    "Friday's night is on Friday": (NIGHT, (FRIDAY,), "2026-12-04T22:00", BERLIN, True),
    "and goes on into Saturday": (NIGHT, (FRIDAY,), "2026-12-05T04:00", BERLIN, True),
    "but Saturday's is not": (NIGHT, (FRIDAY,), "2026-12-05T22:00", BERLIN, False),
    "nor is Friday's morning": (NIGHT, (FRIDAY,), "2026-12-04T04:00", BERLIN, False),
    "Sunday's goes on into Monday": (NIGHT, (SUNDAY,), "2026-12-07T04:00", BERLIN, True),
    "Saturday, all of it": (WHOLE, (SATURDAY,), "2026-12-04T23:00", BERLIN, True),
    "to its end": (WHOLE, (SATURDAY,), "2026-12-05T22:59:59", BERLIN, True),
    "and no more": (WHOLE, (SATURDAY,), "2026-12-05T23:00", BERLIN, False),
    "a day that begins at noon": (("12:00", "12:00"), (MONDAY,), "2026-12-01T10:59", BERLIN, True),
    # The clock goes from 02:00 to 03:00 at 01:00 UTC
    "spring, on until the hour that is left out": (
        ("22:00", "02:30"),
        (),
        "2027-03-28T00:59:59",
        BERLIN,
        True,
    ),
    "spring, off after it": (("22:00", "02:30"), (), "2027-03-28T01:00", BERLIN, False),
    "spring, on with the next hour": (("02:30", "06:00"), (), "2027-03-28T01:00", BERLIN, True),
    "spring, not before": (("02:30", "06:00"), (), "2027-03-28T00:59:59", BERLIN, False),
    "spring, an hour short": (NIGHT, (), "2027-03-28T03:59", BERLIN, True),
    "spring, and over": (NIGHT, (), "2027-03-28T04:00", BERLIN, False),
    "spring, within the hour that is left out": (
        ("02:15", "02:45"),
        (),
        "2027-03-28T01:15",
        BERLIN,
        False,
    ),
    # The clock goes from 03:00 back to 02:00 at 01:00 UTC
    "autumn, the first time": (("02:15", "02:45"), (), "2026-10-25T00:30", BERLIN, True),
    "autumn, between": (("02:15", "02:45"), (), "2026-10-25T01:00", BERLIN, False),
    "autumn, the second time": (("02:15", "02:45"), (), "2026-10-25T01:30", BERLIN, True),
    "autumn, an hour more": (NIGHT, (), "2026-10-25T04:59", BERLIN, True),
    "autumn, and over": (NIGHT, (), "2026-10-25T05:00", BERLIN, False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_span_of_the_day(case: str) -> None:
    (start, end), days, utc, zone, expected = CASES[case]
    local = datetime.fromisoformat(f"{utc}+00:00").astimezone(zone)

    assert is_within(time.fromisoformat(start), time.fromisoformat(end), days, local) is expected
