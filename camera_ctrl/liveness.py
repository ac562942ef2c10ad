"""Alive means packets: when silence is longer than a camera's own rhythm explains."""

from vigil.domain.interval import IntervalMeter

#: No camera that sends once a second or more is silent for so long while it lives.
DEAD_AFTER_S = 3.0
#: A slow still camera may miss two of its pictures.
DEAD_AFTER_INTERVALS = 3


class Liveness:
    """Judges one camera by when its packets came."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._interval = IntervalMeter()
        self._expected_s = 0.0

    def note(self, now_s: float) -> None:
        """Say that a packet came."""
        self._interval.note(now_s)
        self._last_s = now_s

    def reconnected(self) -> None:
        """Say that packets come by a new connection: the time away is no interval."""
        self._interval.interrupted()

    def dead_after_s(self) -> float:
        """Return the longest silence that this camera's interval explains."""
        interval_s = max(self._interval.interval_s(), self._expected_s)
        return max(DEAD_AFTER_S, DEAD_AFTER_INTERVALS * interval_s)

    def is_alive(self, now_s: float) -> bool:
        """Return whether packets come now."""
        return self._last_s is not None and now_s - self._last_s <= self.dead_after_s()

    def expect(self, interval_s: float) -> None:
        """Say that packets are asked for so seldom: the first may be followed by a long silence."""
        self._expected_s = interval_s
