"""When a clip begins is what somebody says, else what the file says, else nobody knows."""

from datetime import UTC, datetime

import pytest

from object_recognition.replay.begins import begins_of
from vigil.errors import SetupInvalid

CREATED_AT = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
SECOND = 1_000_000


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param("2026-11-30T02:00", "2026-11-30T02:00:01.000+01:00", id="the site's clock"),
        pytest.param("2026-07-01T02:00", "2026-07-01T02:00:01.000+02:00", id="in summer"),
        pytest.param("2026-11-30T02:00Z", "2026-11-30T03:00:01.000+01:00", id="another's clock"),
        pytest.param(None, "2026-11-30T00:30:01.000+01:00", id="as the file says"),
    ],
)
def test_it_begins_when_somebody_says_it_does(said: str | None, expected: str) -> None:
    begins = begins_of(said, created_at=CREATED_AT, time_zone="Europe/Berlin")

    assert begins.iso(SECOND) == expected
    assert begins.shown(SECOND).isoformat() == expected.replace(".000", "")


@pytest.mark.parametrize("time_zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "none"])
def test_of_a_clip_of_which_nobody_knows_the_time_counts_from_midnight(time_zone: str) -> None:
    begins = begins_of(None, created_at=None, time_zone=time_zone)

    assert begins.iso(SECOND) is None
    assert f"{begins.shown(SECOND):%H:%M:%S %Z}" == "00:00:01 from the beginning"
    # Stamps and facts have no room for less.
    assert begins.us >= 0


@pytest.mark.parametrize(
    "said", ["last night", "", "25:00", "0001-01-01T00:00", "9999-12-31T23:59"]
)
def test_what_is_no_time_is_refused(said: str) -> None:
    with pytest.raises(SetupInvalid, match=r"that is no time; right is 2026-11-30T02:00"):
        begins_of(said, created_at=None, time_zone="UTC")
