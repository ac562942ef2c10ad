"""Which times have no footage, and why."""

import pytest

from recorder.gaps import GapLedger
from vigil.messages import GapReason

S = 1_000_000


@pytest.mark.parametrize(
    ("ended_s", "begun_s", "reason", "expected"),
    [
        # The first footage of all
        (None, 100, None, None),
        # It goes on, or overlaps
        (100, 100, None, None),
        (100, 100.9, GapReason.RECORDER, None),
        (100, 90, GapReason.RECORDER, None),
        # Nobody said why: nothing came of the camera
        (100, 101, None, GapReason.CAMERA),
        (100, 160, GapReason.DISK, GapReason.DISK),
    ],
)
def test_a_gap_has_its_reason(
    ended_s: float | None, begun_s: float, reason: GapReason | None, expected: GapReason | None
) -> None:
    ledger = GapLedger(None if ended_s is None else round(ended_s * S))
    if reason is not None:
        ledger.broken_off(reason)

    gap = ledger.resumed_at(round(begun_s * S))

    if expected is None:
        assert gap is None
    else:
        assert ended_s is not None
        assert gap == (round(ended_s * S), round(begun_s * S), expected)


def test_the_first_reason_counts_and_is_told_once() -> None:
    ledger = GapLedger(100 * S)
    ledger.broken_off(GapReason.DISK)
    ledger.broken_off(GapReason.SWITCHED_OFF)
    assert ledger.resumed_at(200 * S) == (100 * S, 200 * S, GapReason.DISK)

    ledger.ended_us = 300 * S
    assert ledger.resumed_at(400 * S) == (300 * S, 400 * S, GapReason.CAMERA)


def test_another_reason_ends_the_gap_of_the_first() -> None:
    ledger = GapLedger(100 * S)
    ledger.broken_off(GapReason.DISK)

    assert ledger.turned_at(130 * S, GapReason.NOT_WANTED) == (100 * S, 130 * S, GapReason.DISK)
    assert ledger.resumed_at(150 * S) == (130 * S, 150 * S, GapReason.NOT_WANTED)


@pytest.mark.parametrize(
    ("before", "now_s"), [(None, 130), (GapReason.NOT_WANTED, 130), (GapReason.DISK, 100.5)]
)
def test_where_there_was_none_there_is_no_gap_before(
    before: GapReason | None, now_s: float
) -> None:
    ledger = GapLedger(100 * S, before)

    assert ledger.turned_at(round(now_s * S), GapReason.NOT_WANTED) is None
    assert ledger.resumed_at(150 * S) == (100 * S, 150 * S, GapReason.NOT_WANTED)
