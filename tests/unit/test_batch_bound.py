import pytest

from object_recognition.engines.batch_bound import PATIENCE, PATIENCE_MAX, BatchBound


def full_batches_until_larger(bound: BatchBound) -> int:
    """Return how many have to go well."""
    for number in range(1, 2 * PATIENCE_MAX):
        if bound.note_good(bound.now):
            return number
    return 0


def test_it_is_what_was_asked_for_while_all_goes_well() -> None:
    bound = BatchBound(8)

    assert not any(bound.note_good(8) for _ in range(10 * PATIENCE))
    assert bound.now == 8


def test_it_is_half_of_what_failed() -> None:
    bound = BatchBound(32)
    bound.note_failed(5)
    assert bound.now == 2
    bound.note_failed(2)
    assert bound.now == 1


def test_only_full_batches_say_that_there_may_be_room_for_more() -> None:
    bound = BatchBound(8)
    bound.note_failed(8)

    assert not any(bound.note_good(3) for _ in range(10 * PATIENCE))
    assert full_batches_until_larger(bound) == 2 * PATIENCE
    assert bound.now == 8


def test_it_never_grows_beyond_what_was_asked_for() -> None:
    bound = BatchBound(6)
    bound.note_failed(6)
    bound.note_failed(3)
    seen = [bound.now]
    while bound.now < 6:
        full_batches_until_larger(bound)
        seen.append(bound.now)
    assert seen == [1, 2, 4, 6]


def test_what_fails_each_time_is_tried_ever_more_seldom() -> None:
    bound = BatchBound(2)
    waits = []
    for _ in range(9):
        bound.note_failed(2)
        waits.append(full_batches_until_larger(bound))

    assert waits == [min(PATIENCE * 2**n, PATIENCE_MAX) for n in range(1, 10)]


@pytest.mark.parametrize(("went_well", "then"), [(2 * PATIENCE, 2), (2 * PATIENCE - 1, 4)])
def test_what_went_well_for_long_is_forgotten(went_well: int, then: int) -> None:
    bound = BatchBound(8)
    bound.note_failed(8)
    full_batches_until_larger(bound)
    for _ in range(went_well):
        bound.note_good(8)

    bound.note_failed(8)

    assert full_batches_until_larger(bound) == then * PATIENCE
