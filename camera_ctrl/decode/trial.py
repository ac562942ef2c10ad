"""Whether pictures can be made of a sub-stream: who gives none is left alone for a while."""

from vigil.runtime import Backoff

#: So long after packets of it were decoded a picture must have come out.
FAILED_AFTER_S = 3.0
#: How long it is left alone then, at first and at most: while it is tried no picture comes.
LEFT_ALONE_S, LEFT_ALONE_MAX_S = 30.0, 600.0
#: What has given pictures for so long is tried again as soon as the first time.
STEADY_S = 60.0


class Trial:
    """Judges one sub-stream by what comes out of its decoder."""

    def __init__(self) -> None:
        #: Why it is left alone, or was the last time; None: it gives pictures, for all we know.
        self.error: str | None = None
        self._backoff = Backoff(first_s=LEFT_ALONE_S, max_s=LEFT_ALONE_MAX_S)
        self._until_s = 0.0
        self._began_s = 0.0
        self._asked_s: float | None = None

    def is_left_alone(self, now_s: float) -> bool:
        """Return whether it is too early to try it."""
        return now_s < self._until_s

    def begin(self, now_s: float) -> None:
        """Note that it is decoded from now on."""
        self._began_s, self._asked_s = now_s, None

    def note_decoded(self, now_s: float, *, has_frame: bool, error: str | None) -> None:
        """Note what came of some of its packets.

        Args:
            now_s: By a clock that only grows.
            has_frame: Whether a frame came out.
            error: What is wrong with it; None: nothing.
        """
        if has_frame and error is None:
            self.error = self._asked_s = None
            if now_s - self._began_s >= STEADY_S:
                self._backoff.reset()
            return
        if self._asked_s is None:
            self._asked_s = now_s
        if now_s - self._asked_s >= FAILED_AFTER_S:
            self.error = error or "nothing comes out of the decoder"
            self._until_s = now_s + self._backoff.next_s()
