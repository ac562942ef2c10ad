"""Of which times footage is missing once some of it is gone: a table of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from web.deletions.spans import Span, without

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def spans(text: str) -> list[Span]:
    """Return times written as seconds: ``0-60 60-120``."""
    pairs = [each.split("-") for each in text.split()]
    return [
        (NOON + timedelta(seconds=float(begun)), NOON + timedelta(seconds=float(ended)))
        for begun, ended in pairs
    ]


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
    ],
)
def test_what_is_missing(gone: str, kept: str, missing: str) -> None:
    assert without(spans(gone), spans(kept)) == spans(missing)
