"""Which times are protected, of many spans that may overlap: pure."""

from bisect import bisect_right
from collections.abc import Iterable

from vigil.footage_document import ProtectedSpan


class Coverage:
    """The times that some spans have together.

    Args:
        spans: In any order.
    """

    def __init__(self, spans: Iterable[ProtectedSpan]) -> None:
        #: Where each of them begins and ends; none touches the next.
        self._since: list[int] = []
        self._until: list[int] = []
        for since_us, until_us in sorted((each.since_us, each.until_us) for each in spans):
            if self._until and since_us <= self._until[-1]:
                self._until[-1] = max(self._until[-1], until_us)
            else:
                self._since.append(since_us)
                self._until.append(until_us)

    def touches(self, begun_us: int, ended_us: int | None) -> bool:
        """Return whether a part of a time is protected; that goes on where ended_us is None."""
        first = bisect_right(self._until, begun_us)
        if first == len(self._until):
            return False
        return ended_us is None or self._since[first] < ended_us

    def holds(self, begun_us: int, ended_us: int) -> bool:
        """Return whether all of a time is protected."""
        first = bisect_right(self._until, begun_us)
        return (
            first < len(self._until)
            and self._since[first] <= begun_us
            and ended_us <= self._until[first]
        )

    def begins_behind(self, at_us: int) -> bool:
        """Return whether something is protected that begins later than a moment."""
        return bool(self._since) and self._since[-1] > at_us
