"""Of which times footage is missing once some of it is gone: pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

Span = tuple[datetime, datetime]

#: Two files that lie no farther apart are one time.
SAME_TIME: Final = timedelta(seconds=1)


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
                missing.append((at, kept_begun))
            at = max(at, kept_ended)
        if at < ended:
            missing.append((at, ended))
    return missing


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for begun, ended in sorted(spans):
        if joined and begun <= joined[-1][1] + SAME_TIME:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ended))
        else:
            joined.append((begun, ended))
    return joined
