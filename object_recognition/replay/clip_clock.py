"""When each frame of a clip was captured, counted from its first."""

from fractions import Fraction

from vigil.clock import MICROSECONDS

#: A frame that comes later than this behind the one before was stamped by another clock. Cameras
#: that record only what moves leave gaps of minutes, which are as long as they say.
_LONGEST_GAP_US = 3600 * MICROSECONDS


class ClipClock:
    """Turns presentation times into microseconds since the first frame, which only grow.

    Where time jumps back, or too far on, as where two files were put together, it goes on with a
    usual step behind the frame before.

    Args:
        step_us: From frame to frame, where the stream does not say.

    Attributes:
        jumps: How often it jumped.
    """

    def __init__(self, *, step_us: int) -> None:
        self.jumps = 0
        self._step_us = step_us
        self._last_us: int | None = None
        #: What makes the stream's time ours.
        self._offset_us = 0

    def at_us(self, pts: int | None, time_base: Fraction) -> int:
        """Return when a frame was captured; frames come in the order in which they are shown.

        Args:
            pts: In units of ``time_base``; None: the stream does not say.
            time_base: In seconds.
        """
        said_us = None if pts is None else round(pts * time_base * MICROSECONDS)
        at_us = self._placed(said_us)
        if self._last_us is not None and 0 < at_us - self._last_us < MICROSECONDS:
            self._step_us = at_us - self._last_us
        self._last_us = at_us
        return at_us

    def _placed(self, said_us: int | None) -> int:
        if self._last_us is None:
            self._offset_us = -(said_us or 0)
            return 0
        next_us = self._last_us + self._step_us
        if said_us is None:
            return next_us
        at_us = said_us + self._offset_us
        if self._last_us <= at_us <= self._last_us + _LONGEST_GAP_US:
            return at_us
        self.jumps += 1
        self._offset_us = next_us - said_us
        return next_us
