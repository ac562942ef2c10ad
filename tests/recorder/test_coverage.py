"""Which times are protected, of many spans: tables of cases, and the plain way beside it."""

import random

import pytest

from recorder.room.coverage import Coverage
from vigil.footage_document import ProtectedSpan


def coverage(*spans: tuple[int, int]) -> Coverage:
    return Coverage(ProtectedSpan(since_us=since, until_us=until) for since, until in spans)


@pytest.mark.parametrize(
    ("spans", "time", "touches", "holds"),
    [
        ([], (0, 10), False, False),
        ([], (0, None), False, False),
        ([(10, 20)], (0, 10), False, False),
        ([(10, 20)], (0, 11), True, False),
        ([(10, 20)], (19, 30), True, False),
        ([(10, 20)], (20, 30), False, False),
        ([(10, 20)], (0, 30), True, False),
        ([(10, 20)], (12, 18), True, True),
        ([(10, 20)], (10, 20), True, True),
        ([(10, 20)], (0, None), True, False),
        ([(10, 20)], (20, None), False, False),
        # Together they have all of it
        ([(20, 30), (10, 20)], (12, 28), True, True),
        ([(10, 25), (20, 30), (12, 14)], (12, 28), True, True),
        ([(10, 20), (21, 30)], (12, 28), True, False),
        ([(10, 20), (40, 50)], (25, 35), False, False),
        ([(10, 20), (40, 50)], (25, 45), True, False),
    ],
)
def test_what_is_protected(
    spans: list[tuple[int, int]], time: tuple[int, int | None], touches: bool, holds: bool
) -> None:
    begun, ended = time
    assert coverage(*spans).touches(begun, ended) is touches
    if ended is not None:
        assert coverage(*spans).holds(begun, ended) is holds


def test_it_is_what_the_spans_say_one_by_one() -> None:
    rng = random.Random(7)
    for _ in range(500):
        begins = [rng.randrange(100) for _ in range(rng.randrange(6))]
        spans = [(begun, begun + rng.randrange(1, 20)) for begun in begins]
        begun = rng.randrange(120)
        ended = begun + rng.randrange(1, 20)
        found = coverage(*spans)
        protected = {at for since, until in spans for at in range(since, until)}

        assert found.touches(begun, ended) is bool(protected & set(range(begun, ended)))
        assert found.holds(begun, ended) is protected.issuperset(range(begun, ended))


@pytest.mark.parametrize(
    ("spans", "at", "is_behind"),
    [([], 0, False), ([(10, 20)], 9, True), ([(10, 20)], 10, False), ([(10, 20), (5, 7)], 8, True)],
)
def test_whether_some_of_it_begins_later(
    spans: list[tuple[int, int]], at: int, is_behind: bool
) -> None:
    assert coverage(*spans).begins_behind(at) is is_behind
