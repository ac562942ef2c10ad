"""How many looks a second a worker can do: measured, in steps, and not moved by noise."""

import math

from vigil.clock import Clock

#: Seconds over which looks are counted.
WINDOW_S = 5.0
#: Fewer looks say nothing of what could be done: those of the next window are counted with them.
_LEAST_LOOKS = 5
#: A step is a fourth of a doubling, 19 %: two equal machines are one step apart at most.
_STEPS_A_DOUBLING = 4
#: By how many steps, and in how many windows in a row, it must be another to be said.
_OFF_BY_STEPS, _WINDOWS_IN_A_ROW = 1.0, 4
#: Who was given no camera for so long is measured anew: twice as long each time it was in vain.
DOUBTED_AFTER_S, _DOUBTED_AFTER_AT_MOST_S = 30.0, 3600.0


class CapacityMeter:
    """Measures looks while they last, so that an idle worker knows what it could do.

    What is announced changes only after it was wrong for long: each change moves cameras.

    Args:
        clock: For how long a window lasts.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_s = clock.monotonic_s()
        self._looks_in_window = 0
        self._looked_fps = 0.0
        self._looks, self._busy_s, self._slowest_s = 0, 0.0, 0.0
        self._step: int | None = None
        self._times_off = 0
        self._without_cameras_since_s: float | None = None
        self._doubted_after_s = DOUBTED_AFTER_S

    def note(self, busy_s: float) -> None:
        """Note a look that took so long, with all that belongs to it."""
        self._looks_in_window += 1
        self._looks += 1
        self._busy_s += busy_s
        self._slowest_s = max(self._slowest_s, busy_s)

    def note_share(self, cameras: int) -> None:
        """Note of how many cameras one is the worker.

        Of none it learns nothing more of itself. If it was measured while the machine was busy with
        something else, it would be left out for ever: so after a while it does not know any more.
        """
        now_s = self._clock.monotonic_s()
        if cameras or self._step is None:
            self._without_cameras_since_s = None
        elif self._without_cameras_since_s is None:
            self._without_cameras_since_s = now_s
        elif now_s - self._without_cameras_since_s >= self._doubted_after_s:
            self._step, self._without_cameras_since_s = None, None
            self._doubted_after_s = min(2 * self._doubted_after_s, _DOUBTED_AFTER_AT_MOST_S)

    @property
    def looked_fps(self) -> float:
        """Looks a second in the last window."""
        self._close_window()
        return self._looked_fps

    @property
    def capacity_fps(self) -> float | None:
        """Looks a second to announce; None: not known."""
        self._close_window()
        return None if self._step is None else round(2.0 ** (self._step / _STEPS_A_DOUBLING), 3)

    def _close_window(self) -> None:
        past_s = self._clock.monotonic_s() - self._began_s
        if past_s < WINDOW_S:
            return
        self._began_s += past_s
        self._looked_fps = self._looks_in_window / past_s
        self._looks_in_window = 0
        # One that was held up, because the machine slept or a model was loaded, says nothing.
        looks, busy_s = self._looks - 1, self._busy_s - self._slowest_s
        if self._looks < _LEAST_LOOKS or busy_s <= 0:
            return
        self._looks, self._busy_s, self._slowest_s = 0, 0.0, 0.0
        self._take(math.log2(looks / busy_s) * _STEPS_A_DOUBLING)

    def _take(self, measured: float) -> None:
        if self._step is not None:
            # It has had cameras for longer than it takes others to take them away.
            self._doubted_after_s = DOUBTED_AFTER_S
            if abs(measured - self._step) <= _OFF_BY_STEPS:
                self._times_off = 0
                return
        self._times_off += 1
        if self._step is None or self._times_off >= _WINDOWS_IN_A_ROW:
            self._step, self._times_off = round(measured), 0
