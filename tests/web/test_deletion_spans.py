"""Of which times footage is missing once some of it is gone: a table of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from web.deletions.spans import without
from web.recordings.spans import Span

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def spans(text: str) -> list[Span]:
    """Return times written as seconds: ``0-60 60-``, of which the second goes on."""
    pairs = [each.split("-") for each in text.split()]
    return [Span(_at(begun), _at(ended) if ended else None) for begun, ended in pairs]


def _at(seconds: str) -> datetime:
    return NOON + timedelta(seconds=float(seconds))


@pytest.mark.parametrize(
    ("gone", "kept", "missing"),
    [
        ("", "", ""),
        ("", "0-60", ""),
        ("0-60", "", "0-60"),
        ("60-120 0-60", "", "0-120"),
        ("0-60 60.5-120", "", "0-120"),
        ("0-60 62-120", "", "0-60 62-120"),
        ("0-60", "60-120", "0-60"),
        ("0-60", "0-60", ""),
        ("0-60", "100-200", "0-60"),
        ("0-60", "50-110", "0-50"),
        ("50-110", "0-60", "60-110"),
        ("0-100", "20-30 60-70", "0-20 30-60 70-100"),
        ("0-100 200-300", "90-210 250-260", "0-90 210-250 260-300"),
        ("20-30", "0-100", ""),
        ("20-30 40-50", "35-", "20-30"),
        # Nobody ended it, and there is another: it was broken off.
        ("20-30 70-80", "10- 25-60", "70-80"),
    ],
)
def test_what_is_missing(gone: str, kept: str, missing: str) -> None:
    assert without(spans(gone), spans(kept)) == spans(missing)
