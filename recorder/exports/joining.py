"""How files of footage go on from each other in one clip: pure.

Files may overlap, where a recorder took over from another that had died: then both hold the same
packets. They are found by what they are, and not by the clock, which may have been set.
"""

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from recorder.gaps import LEAST_GAP_S
from vigil.clock import MICROSECONDS

#: By how much two files may disagree on when the same packet was captured.
SAME_WITHIN_US = 500_000
#: Keyframes that are remembered of what was written: minutes, and no overlap is as long as two.
_REMEMBERED = 1024


class Keyframe(NamedTuple):
    """A keyframe, by which files are found to hold the same packets.

    Attributes:
        captured_us: UTC in microseconds since 1970.
        dts, pts: In ticks of its video.
        digest: Of its bytes.
    """

    captured_us: int
    dts: int
    pts: int
    digest: int


@dataclass(frozen=True, slots=True)
class Joint:
    """How a file goes on behind what was written.

    Attributes:
        offset: What is added to its times, in ticks of its video.
        gap_us: How much time lies between, of which there is no footage; 0: none.
    """

    offset: int
    gap_us: int = 0


@dataclass(slots=True)
class Written:
    """What a clip holds so far: of its video, in ticks of the clip.

    Attributes:
        time_base: Seconds of a tick.
        captured_us: When the latest picture was captured.
        captured_pts: ... and when it is shown.
        next_dts: Where the next packet would be decoded if it followed at once.
    """

    time_base: Fraction
    captured_us: int = 0
    captured_pts: int = 0
    _ended: tuple[int, int] = (0, 0)
    next_dts: int = 0
    _keyframes: deque[Keyframe] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def add(self, captured_us: int, *, dts: int, pts: int, duration: int) -> None:
        """Note a packet that was written."""
        self.next_dts = dts + duration
        if captured_us >= self.captured_us or pts > self.captured_pts:
            self.captured_us, self.captured_pts = captured_us, pts
            self._ended = captured_us, duration

    @property
    def ended_us(self) -> int:
        """When the latest picture ends."""
        captured_us, duration = self._ended
        return captured_us + round(duration * self.time_base * MICROSECONDS)

    def add_keyframe(self, keyframe: Keyframe) -> None:
        """Note that a packet is a keyframe, with the clip's own times."""
        self._keyframes.append(keyframe)

    def join(self, first: Keyframe) -> Joint:
        """Return how a file goes on whose first packet is a keyframe.

        What of it is decoded before ``next_dts`` was written already, where it overlaps.
        """
        same = [
            each
            for each in self._keyframes
            if each.digest == first.digest
            and abs(each.captured_us - first.captured_us) <= SAME_WITHIN_US
        ]
        if same:
            nearest = min(same, key=lambda each: abs(each.captured_us - first.captured_us))
            return Joint(nearest.dts - first.dts)
        after_us = first.captured_us - self.captured_us
        gap_us = first.captured_us - self.ended_us
        if after_us <= 0 or gap_us > LEAST_GAP_S * MICROSECONDS:
            # A gap is closed up, and told; so is a clock that was set back: nothing is missing.
            return Joint(self.next_dts - first.dts, max(gap_us, 0))
        # As they were captured, so that an uneven camera stays as uneven as it is.
        pts = self.captured_pts + round(after_us / (self.time_base * MICROSECONDS))
        return Joint(max(pts - first.pts, self.next_dts - first.dts - self._slack))

    @property
    def _slack(self) -> int:
        """Ticks by which rounding to microseconds may have moved a picture."""
        return max(1, round(Fraction(2, MICROSECONDS) / self.time_base))
