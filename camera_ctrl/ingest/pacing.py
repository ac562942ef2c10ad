"""Video that lies ready, handed on as if it were happening now."""

from vigil.clock import Clock
from vigil.runtime import StopSignal

#: Who is later than this (a suspended machine, a slow disk) does not hurry to catch up.
MAX_LATE_S = 2.0
#: Who would be earlier than this has timestamps that jump, and goes on at once.
MAX_EARLY_S = 10.0


class Pacer:
    """Holds packets back until they are due by their own times, over any number of rounds.

    Args:
        clock: Its monotonic face is the pace.
        stop: Ends every wait.
    """

    def __init__(self, clock: Clock, stop: StopSignal) -> None:
        self._clock = clock
        self._stop = stop
        #: What the clock shows where the packets' time is zero; None: the next packet tells.
        self._zero_s: float | None = None
        self._round_ends_s: float | None = None

    def begin_round(self) -> None:
        """Begin again with the next packet, when the last round has been played to its end."""
        self._zero_s = None

    def wait(self, at_s: float, length_s: float) -> None:
        """Return when a packet is due.

        Args:
            at_s: Its dts in seconds.
            length_s: How long it is shown.
        """
        now_s = self._clock.monotonic_s()
        if self._zero_s is None:
            begin_s = now_s if self._round_ends_s is None else self._round_ends_s
            self._zero_s = max(begin_s, now_s - MAX_LATE_S) - at_s
        due_s = self._zero_s + at_s
        if not now_s - MAX_LATE_S <= due_s <= now_s + MAX_EARLY_S:
            self._zero_s += now_s - due_s
            due_s = now_s
        if due_s > now_s:
            self._stop.wait(due_s - now_s)
        self._round_ends_s = max(self._round_ends_s or 0.0, due_s + length_s)
