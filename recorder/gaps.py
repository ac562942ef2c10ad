"""Which times have no footage, and why: pure."""

from dataclasses import dataclass
from typing import TypeAlias

from vigil.clock import MICROSECONDS
from vigil.domain.camera import CameraId, Epoch
from vigil.facts import GapFact
from vigil.messages import GapReason

#: When it begins, when it ends (UTC in microseconds since 1970), and why it is.
Gap: TypeAlias = tuple[int, int, GapReason]

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

    def turned_at(self, now_us: int, reason: GapReason) -> Gap | None:
        """Take note of another reason from now on; return the gap up to now, if there was one.

        Args:
            now_us: UTC.
            reason: Of what follows.
        """
        ended_us, before = self.ended_us, self.reason
        self.reason = reason
        is_long = ended_us is not None and now_us - ended_us >= LEAST_GAP_S * 1e6
        if ended_us is None or before in {None, reason} or not is_long:
            return None
        self.ended_us = now_us
        return ended_us, now_us, before

    def resumed_at(self, begun_us: int) -> Gap | None:
        """Return the gap before footage that begins now, and its reason; None: there is none.

        Args:
            begun_us: When the first picture was captured.
        """
        ended_us, reason = self.ended_us, self.reason or GapReason.CAMERA
        self.reason = None
        if ended_us is None or begun_us - ended_us < LEAST_GAP_S * 1e6:
            return None
        return ended_us, begun_us, reason


def gap_fact(camera_id: CameraId, epoch: Epoch, gap: Gap) -> GapFact:
    """Return what is to be told of a gap."""
    begun_us, ended_us, reason = gap
    return GapFact(
        camera_id=camera_id, epoch=epoch, begun_us=begun_us, ended_us=ended_us, reason=reason
    )
