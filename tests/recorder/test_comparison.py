"""What the check of a volume compares: pure."""

import pytest

from recorder.check.comparison import Differences, compared
from recorder.footage.listing import place_of
from vigil.clock import MICROSECONDS
from vigil.known_footage import Place

DAY_US = 86_400 * MICROSECONDS


@pytest.mark.parametrize(
    ("found", "done", "growing", "unfiled", "unended", "missing"),
    [
        ("abc", "abc", "", "", "", ""),
        ("abc", "ab", "", "c", "", ""),
        ("ab", "abc", "", "", "", "c"),
        ("abc", "a", "b", "c", "b", ""),
        ("a", "", "b", "a", "", "b"),
        ("", "a", "b", "", "", "ab"),
        ("", "", "", "", "", ""),
        # Nobody could look: nothing is known
        (None, "a", "b", "", "", ""),
    ],
)
def test_what_differs(
    found: str | None, done: str, growing: str, unfiled: str, unended: str, missing: str
) -> None:
    lying = None if found is None else frozenset(found)

    differences = compared(lying, done=done, growing=growing)

    assert differences == Differences(tuple(unfiled), tuple(unended), tuple(missing))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("7/1970-01-02/00-00-01.000002Z.mp4", Place(7, DAY_US + 1_000_002)),
        ("7/1970-01-02/00-00-01.000002Z-3.mp4", Place(7, DAY_US + 1_000_002)),
        ("7/1970-01-02/00-00-01.000002Z copy.mp4", None),
        ("7/1970-01-02/00-00-01Z.mp4", None),
        ("7/1970-01-02/25-00-01.000002Z.mp4", None),
        ("7/1970-13-02/00-00-01.000002Z.mp4", None),
        ("7/holiday/00-00-01.000002Z.mp4", None),
        ("07/1970-01-02/00-00-01.000002Z.mp4", None),
        ("door/1970-01-02/00-00-01.000002Z.mp4", None),
        ("7/1970-01-02/holiday.mp4", None),
    ],
)
def test_a_name_says_where_a_file_stands_if_it_is_ours(path: str, place: Place | None) -> None:
    assert place_of(path) == place
