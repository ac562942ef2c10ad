"""Of which times footage is missing once some of it is gone: pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from web.recordings.spans import Span, joined

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def without(gone: Iterable[Span], kept: Iterable[Span]) -> list[Span]:
    """Return the times that what is gone had, and nothing that is kept has, joined, in order."""
    missing: list[Span] = []
    staying, first = _joined(kept), 0
    for begun, ended in _joined(gone):
        at = begun
        while first < len(staying) and staying[first][1] <= begun:
            first += 1
        for kept_begun, kept_ended in staying[first:]:
            if kept_begun >= ended:
                break
            if kept_begun > at:
                missing.append(Span(at, kept_begun))
            at = max(at, kept_ended)
        if at < ended:
            missing.append(Span(at, ended))
    return missing


def _joined(spans: Iterable[Span]) -> list[tuple[datetime, datetime]]:
    return [(span.begun_at, span.ended_at or _NEVER) for span in joined(spans)]
