"""How much comes a second, over the last seconds."""

from collections import deque


class RateMeter:
    """Counts events and their sizes in a sliding window.

    Args:
        window_s: Over how long a rate is taken.
    """

    def __init__(self, window_s: float = 5.0) -> None:
        self._window_s = window_s
        self._events: deque[tuple[float, int]] = deque()
        self._total = 0

    def count(self, now_s: float, size: int = 1) -> None:
        """Note one event."""
        self._events.append((now_s, size))
        self._total += size
        self._drop(now_s)

    def events_per_s(self, now_s: float) -> float:
        """Return events a second."""
        self._drop(now_s)
        return len(self._events) / self._window_s

    def size_per_s(self, now_s: float) -> float:
        """Return the sum of sizes a second."""
        self._drop(now_s)
        return self._total / self._window_s

    def _drop(self, now_s: float) -> None:
        while self._events and self._events[0][0] < now_s - self._window_s:
            self._total -= self._events.popleft()[1]
