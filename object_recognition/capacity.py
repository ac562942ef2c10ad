"""How many looks a second a worker can do: measured, in steps, and not moved by noise."""

import math

from vigil.clock import Clock

#: Seconds over which looks are counted.
WINDOW_S = 5.0
#: Fewer looks in a window say nothing of what could be done.
_LEAST_LOOKS = 5
#: A step is a fourth of a doubling, 19 %: two equal machines are one step apart at most.
_STEPS_A_DOUBLING = 4
#: By how many steps, and in how many windows in a row, it must be another to be said.
_OFF_BY_STEPS, _WINDOWS_IN_A_ROW = 1.0, 4


class CapacityMeter:
    """Measures looks while they last, so that an idle worker knows what it could do.

    What is announced changes only after it was wrong for long: each change moves cameras.

    Args:
        clock: For how long a window lasts.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_s = clock.monotonic_s()
        self._looks, self._busy_s = 0, 0.0
        self._looked_fps = 0.0
        self._step: int | None = None
        self._times_off = 0

    def note(self, busy_s: float) -> None:
        """Note a look that took so long, with all that belongs to it."""
        self._looks += 1
        self._busy_s += busy_s

    @property
    def looked_fps(self) -> float:
        """Looks a second in the last window."""
        self._close_window()
        return self._looked_fps

    @property
    def capacity_fps(self) -> float | None:
        """Looks a second to announce; None: not known yet."""
        self._close_window()
        return None if self._step is None else round(2.0 ** (self._step / _STEPS_A_DOUBLING), 3)

    def _close_window(self) -> None:
        past_s = self._clock.monotonic_s() - self._began_s
        if past_s < WINDOW_S:
            return
        looks, busy_s = self._looks, self._busy_s
        self._began_s += past_s
        self._looks, self._busy_s = 0, 0.0
        self._looked_fps = looks / past_s
        if looks < _LEAST_LOOKS or busy_s <= 0:
            return
        measured = math.log2(looks / busy_s) * _STEPS_A_DOUBLING
        if self._step is not None and abs(measured - self._step) <= _OFF_BY_STEPS:
            self._times_off = 0
            return
        self._times_off += 1
        if self._step is None or self._times_off >= _WINDOWS_IN_A_ROW:
            self._step, self._times_off = round(measured), 0
