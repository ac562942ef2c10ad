"""Which of a stream's frames become pictures: those on an even grid of time."""

from vigil.clock import MICROSECONDS


class FramePicker:
    """Picks the first frame in each interval of ``1 / fps`` seconds.

    Args:
        fps: Pictures a second, however many frames come.
    """

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self._last_slot: int | None = None

    def is_due(self, captured_at_us: int) -> bool:
        """Return whether this frame is to be a picture; a frame is asked about once."""
        slot = int(captured_at_us * self.fps // MICROSECONDS)
        is_due = slot != self._last_slot
        self._last_slot = slot
        return is_due
