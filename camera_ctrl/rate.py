"""How much comes a second, over the last seconds."""

import threading
from collections import deque

#: A rate is never taken over less, or the first event alone would make it endless.
_LEAST_S = 1.0


class RateMeter:
    """Counts events and their sizes in a sliding window; may be read in any thread.

    Args:
        window_s: Over how long a rate is taken, once so much time has passed.
    """

    def __init__(self, window_s: float = 5.0) -> None:
        self._window_s = window_s
        self._lock = threading.Lock()
        self._events: deque[tuple[float, int]] = deque()
        self._total = 0
        self._began_s: float | None = None

    def count(self, now_s: float, size: int = 1) -> None:
        """Note one event."""
        with self._lock:
            if self._began_s is None:
                self._began_s = now_s
            self._events.append((now_s, size))
            self._total += size
            self._drop(now_s)

    def events_per_s(self, now_s: float) -> float:
        """Return events a second."""
        with self._lock:
            self._drop(now_s)
            return len(self._events) / self._over_s(now_s)

    def size_per_s(self, now_s: float) -> float:
        """Return the sum of sizes a second."""
        with self._lock:
            self._drop(now_s)
            return self._total / self._over_s(now_s)

    def _over_s(self, now_s: float) -> float:
        began_s = now_s if self._began_s is None else self._began_s
        return min(self._window_s, max(_LEAST_S, now_s - began_s))

    def _drop(self, now_s: float) -> None:
        while self._events and self._events[0][0] < now_s - self._window_s:
            self._total -= self._events.popleft()[1]
