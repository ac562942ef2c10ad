"""How far apart a camera's packets or pictures are, as it sends them."""

from collections import deque
from statistics import median

#: Gaps of which the median is taken: one stall does not make a camera slow.
_GAPS = 9


class IntervalMeter:
    """Measures an interval by when things came, or by when they say that they were made."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._gaps_s: deque[float] = deque(maxlen=_GAPS)
        self._was_interrupted = False

    def note(self, at_s: float, *, steps: int = 1) -> None:
        """Say when the next one was.

        Args:
            at_s: By whatever clock; what lies back is no gap.
            steps: How many intervals lie between the one before and this one.
        """
        if self._last_s is not None and not self._was_interrupted and at_s > self._last_s:
            self._gaps_s.append((at_s - self._last_s) / steps)
        self._last_s, self._was_interrupted = at_s, False

    def interrupted(self) -> None:
        """Say that the time until the next one is no interval: something was away, or jumps."""
        self._was_interrupted = True

    def interval_s(self) -> float:
        """Return the interval, of late; 0.0 before two have come."""
        return median(self._gaps_s) if self._gaps_s else 0.0
