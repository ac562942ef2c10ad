"""Which pictures are keyframes, and which are left out where they come too fast: pure."""

from recorder.gaps import is_pause
from vigil.clock import MICROSECONDS

#: A keyframe comes at least so often, where pictures do.
GOP_S = 2.0
#: Who is that much behind what was captured last has to leave out pictures, if it is too slow.
BEHIND_S = 3.0
#: How fast what was measured is forgotten, and of how many pictures it is something to go by.
_NEW_SHARE, _ENOUGH = 0.1, 5
#: How much longer a picture counts at most than those before.
_MOST_OFF = 3
#: Of the time that a picture may take: from where on that is too long, and until when it stays so.
_TOO_LONG, _SHORT_AGAIN = 0.95, 0.8
#: While it is behind it takes on that much less than it could.
_SPARE = 1.1


class KeyframePace:
    """Says which pictures are to be keyframes."""

    def __init__(self) -> None:
        self._anchor_us: int | None = None
        self._keyframe_us = self._last_us = self._step_us = 0

    def begin_gop(self) -> None:
        """Let the next picture be one."""
        self._anchor_us = None

    def is_keyframe(self, anchor_us: int, captured_us: int) -> bool:
        """Take the next picture; return whether it is to be one.

        Args:
            anchor_us: From which its time was counted.
            captured_us: When it was captured.
        """
        passed_us = captured_us - self._last_us
        is_due = (
            anchor_us != self._anchor_us
            or captured_us - self._keyframe_us >= GOP_S * MICROSECONDS
            # A file may have to end there.
            or is_pause(passed_us, self._step_us)
        )
        if anchor_us != self._anchor_us:
            self._anchor_us, self._step_us = anchor_us, 0
        elif passed_us > 0:
            self._step_us = passed_us
        self._last_us = captured_us
        if is_due:
            self._keyframe_us = captured_us
        return is_due


class Thinning:
    """Says which pictures are encoded: all, as long as that is fast enough.

    Who was away catches up, and leaves none out: only where pictures come faster than they are
    encoded, and it is behind for that, some are left out evenly.

    Attributes:
        is_on: Whether some are.
    """

    def __init__(self) -> None:
        self.is_on = False
        self._took_s, self._step_s = 0.0, 0.0
        self._pictures = self._steps = 0
        self._last_us = self._due_us = 0.0

    @property
    def took_s(self) -> float:
        """What a picture takes, of late; 0: that is not known yet."""
        return self._took_s if self._pictures >= _ENOUGH else 0.0

    def note_took(self, took_s: float) -> None:
        """Take note of what a picture took."""
        if self.took_s:
            # A machine that stood still for once is not slow.
            took_s = min(took_s, _MOST_OFF * self._took_s)
        self._pictures += 1
        self._took_s += (took_s - self._took_s) * max(_NEW_SHARE, 1 / self._pictures)

    def takes(self, captured_us: int, *, behind_s: float) -> bool:
        """Take the next picture; return whether it is to be encoded.

        Args:
            captured_us: When it was captured.
            behind_s: How much later the newest one was.
        """
        self._learn_step(captured_us)
        if self._pictures < _ENOUGH or self._steps < _ENOUGH:
            return True
        share = self._took_s / self._step_s
        if self.is_on:
            self.is_on = share > _SHORT_AGAIN
        elif share > _TOO_LONG and behind_s > BEHIND_S:
            self.is_on, self._due_us = True, captured_us
        if not self.is_on:
            return True
        if captured_us < self._due_us:
            return False
        spare = _SPARE if behind_s > BEHIND_S / 2 else 1.0
        every_us = self._took_s * spare * MICROSECONDS
        # Evenly: a picture that came late does not put off all that follow.
        self._due_us = max(self._due_us, captured_us - every_us) + every_us
        return True

    def words(self) -> str:
        """Return what is to be said while some are left out."""
        encoded, come = 1 / self._took_s, 1 / self._step_s
        return (
            f"the machine encodes {encoded:.1f} of the {come:.1f} pictures that come a second: "
            "the others are left out"
        )

    def _learn_step(self, captured_us: int) -> None:
        step_s = (captured_us - self._last_us) / MICROSECONDS
        self._last_us = captured_us
        if not 0 < step_s <= GOP_S:
            return
        self._steps += 1
        self._step_s += (step_s - self._step_s) * max(_NEW_SHARE, 1 / self._steps)
