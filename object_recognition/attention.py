"""Which frames of a camera are worth a look: not each of many in which nothing moves."""

from collections import deque

from vigil.domain.motion import Motion

#: So many frames are looked at in any case where something is new: the camera, its zones, what
#: looks at it, or that something moves. A recogniser that remembers needs some, nobody knows what
#: stands there already, and who is seen once is not believed yet.
FIRST_LOOKS = 5
#: Seconds after which a picture of a camera is due that nobody watches and in which nothing moves.
SHOW_EVERY_S = 1.0
#: Looks of so many seconds say how many there are in one; two at least, however old.
_RATE_OVER_S = 5.0


class Attention:
    """Says of each frame of one camera whether to look, and whether to show it at all.

    Args:
        still_look_every_s: Seconds between two looks while nothing moves; 0: always looks.
    """

    def __init__(self, still_look_every_s: float) -> None:
        self._still_look_every_s = still_look_every_s
        self._about: object = None
        self._moving_since_us = 0
        self._looks = 0
        self._looked_s = self._shown_s = float("-inf")
        self._looks_s: deque[float] = deque()

    def rests(self, motion: Motion | None, *, about: object, now_s: float) -> bool:
        """Return whether the last look is as good as one at this frame.

        Args:
            motion: What moves in it; None: nobody knows.
            about: What a look depends on; where it is another, the last look is worth nothing.
            now_s: By the monotonic clock.
        """
        if about != self._about:
            self._about, self._looks = about, 0
        if motion is not None and motion.is_moving and motion.since_us != self._moving_since_us:
            self._moving_since_us, self._looks = motion.since_us, 0
        return (
            motion is not None
            # It counts as moving for a moment longer: somebody who stands still for a step.
            and not motion.boxes
            and self._looks >= FIRST_LOOKS
            and now_s - self._looked_s < self._still_look_every_s
        )

    def begin_anew(self) -> None:
        """Say that the last look is worth nothing: its picture was another."""
        self._looks = 0

    def note_look(self, now_s: float) -> None:
        """Say that the frame was looked at."""
        self._looks += 1
        self._looked_s = now_s
        self._looks_s.append(now_s)
        while len(self._looks_s) > 2 and self._looks_s[0] < now_s - _RATE_OVER_S:
            self._looks_s.popleft()

    def looked_fps(self) -> float:
        """Return the looks a second, of late; 0 before the second look."""
        past_s = self._looks_s[-1] - self._looks_s[0] if self._looks_s else 0.0
        return round((len(self._looks_s) - 1) / past_s, 1) if past_s > 0 else 0.0

    def is_picture_due(self, now_s: float) -> bool:
        """Return whether a picture is due even if nobody watches."""
        return now_s - self._shown_s >= SHOW_EVERY_S

    def note_shown(self, now_s: float) -> None:
        """Say that a picture was shown."""
        self._shown_s = now_s
