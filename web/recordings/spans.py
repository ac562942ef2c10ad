"""Times of which there is footage, and what has a part of some time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from web.recordings.models import RecordingGap, Segment

#: Two files that lie no farther apart are one span.
SAME_SPAN: Final = timedelta(seconds=1)

#: A time as a query knows it: a value, or the column of another table.
Bound: TypeAlias = datetime | InstrumentedAttribute[datetime]


@dataclass(frozen=True, slots=True)
class Span:
    """A time of which there is footage; it goes on where ended_at is None."""

    begun_at: datetime
    ended_at: datetime | None


def has_part_of(
    model: type[Segment] | type[RecordingGap], since: Bound | None, until: Bound | None
) -> sa.ColumnElement[bool]:
    """Return the condition on files, or gaps, that holds for those of some time.

    Args:
        model: Which of them.
        since: They end behind it, or go on; None: whenever they end.
        until: They begin before it; None: whenever they begin.
    """
    which: list[sa.ColumnElement[bool]] = [sa.true()]
    if since is not None:
        which.append(sa.or_(model.ended_at.is_(None), model.ended_at > since))
    if until is not None:
        which.append(model.begun_at < until)
    return sa.and_(*which)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return spans, the earliest first, with those that touch or overlap as one."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.begun_at):
        last = merged[-1] if merged else None
        if last is None or (last.ended_at and span.begun_at > last.ended_at + SAME_SPAN):
            merged.append(span)
        elif last.ended_at is not None:
            # One that goes on, and was overtaken, was broken off.
            ended_at = None if span.ended_at is None else max(last.ended_at, span.ended_at)
            merged[-1] = Span(last.begun_at, ended_at)
        else:
            merged[-1] = Span(last.begun_at, span.ended_at)
    return merged
