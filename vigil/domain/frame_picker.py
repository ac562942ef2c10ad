"""Which of a stream's frames become pictures: as many a second as are wanted, evenly spread."""

from vigil.clock import MICROSECONDS


class FramePicker:
    """Picks the frame next to each due time; due times lie ``1 / fps`` seconds apart.

    So a stream of just the wanted rate is picked whole, even when its capture times tremble.

    Args:
        fps: Pictures a second, however many frames come.
    """

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self._due_us: float | None = None
        self._last_us: int | None = None
        #: Between the last two frames; 0: not known.
        self._step_us = 0

    def is_due(self, captured_at_us: int) -> bool:
        """Return whether this frame is to be a picture; a frame is asked about once."""
        interval_us = MICROSECONDS / self.fps
        due_us, last_us = self._due_us, self._last_us
        # After a gap, a jump back or another rate the grid begins anew.
        if (
            due_us is None
            or last_us is None
            or not -2 * interval_us <= captured_at_us - due_us <= interval_us
        ):
            due_us = last_us = captured_at_us
        # The frame behind this one will lie as far from it as the one before.
        early_us = min(captured_at_us - last_us, interval_us) / 2
        is_due = captured_at_us >= due_us - early_us
        if is_due:
            # Of due times that lie behind, one picture is enough.
            due_us += interval_us * max(1.0, 1 + (captured_at_us - due_us) // interval_us)
        self._due_us = due_us
        self.pass_over(captured_at_us)
        return is_due

    def pass_over(self, captured_at_us: int) -> None:
        """Take note of a frame that is never asked about: it tells the step between frames."""
        self._step_us = max(0, captured_at_us - (self._last_us or captured_at_us))
        self._last_us = captured_at_us

    def due_in_s(self, captured_at_us: int) -> float:
        """Return how long after a frame the next one that is due comes; 0: nobody knows."""
        if self._due_us is None:
            return 0.0
        interval_us = MICROSECONDS / self.fps
        ahead_us = self._due_us - captured_at_us
        if ahead_us <= 0:
            ahead_us = interval_us - -ahead_us % interval_us
        # However soon it is due, no frame comes before the camera's next.
        return max(ahead_us, self._step_us) / MICROSECONDS
