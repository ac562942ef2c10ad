"""Which times have no footage, and why: pure."""

from dataclasses import dataclass

from vigil.clock import MICROSECONDS
from vigil.messages import GapReason

#: Frames come unevenly: less than that between two is no gap.
LEAST_GAP_S = 1.0
#: Pictures so many times as far apart as the two before have lost some between them.
_STEPS_APART = 8


def is_pause(silent_us: int, step_us: int) -> bool:
    """Return whether a camera that sent nothing for so long has stopped, by its own rhythm.

    Args:
        silent_us: Behind its last picture.
        step_us: Between that and the one before; 0: there was none.
    """
    return bool(step_us) and silent_us > max(LEAST_GAP_S * MICROSECONDS, _STEPS_APART * step_us)


@dataclass(slots=True)
class GapLedger:
    """What one camera's footage lacks, told when it goes on.

    Attributes:
        ended_us: The end of what is recorded so far; None: nothing is yet.
        reason: Why it was broken off; None: nobody but the camera did.
    """

    ended_us: int | None = None
    reason: GapReason | None = None

    def broken_off(self, reason: GapReason) -> None:
        """Take note of why nothing is recorded from now on. The first reason counts."""
        if self.reason is None:
            self.reason = reason

    def resumed_at(self, begun_us: int) -> tuple[int, int, GapReason] | None:
        """Return the gap before footage that begins now, and its reason; None: there is none.

        Args:
            begun_us: When the first picture was captured.
        """
        ended_us, reason = self.ended_us, self.reason or GapReason.CAMERA
        self.reason = None
        if ended_us is None or begun_us - ended_us < LEAST_GAP_S * 1e6:
            return None
        return ended_us, begun_us, reason
