"""When a packet was captured: from the camera's own steps of time, held to the host's clock.

Each connection has an anchor, the pair of a pts and a UTC. ``captured_at = anchor + (pts - pts0)``;
what the camera's clock drifts against the host's is slewed at most 500 ppm. A jump makes a new
anchor, and so a new segment: the past is never written anew.
"""

from collections import deque
from dataclasses import dataclass

from vigil.clock import MICROSECONDS, Clock

#: The fastest a capture time is corrected: so slowly that no step is seen.
MAX_SLEW = 500e-6
#: Beyond this a difference is no drift, but a jump.
JUMP_S = 1.0
#: Over this long the least delay is taken for the network's true one; the rest is jitter.
WINDOW_S = 10.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a packet's times come to.

    Attributes:
        captured_at_us: UTC in microseconds since 1970.
        anchor_us: The UTC of the anchor it was counted from, which is also the anchor's name.
    """

    captured_at_us: int
    anchor_us: int


@dataclass(slots=True)
class _Anchor:
    utc_us: int
    monotonic_s: float
    pts_s: float
    slewed_s: float = 0.0


class CaptureTimer:
    """Stamps the packets of one connection, in the order they came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._anchor: _Anchor | None = None
        self._last_pts_s = 0.0
        self._last_arrival_s = 0.0
        #: (arrival, lateness) of the last seconds.
        self._lateness: deque[tuple[float, float]] = deque()

    def restart(self) -> None:
        """Begin a new anchor with the next packet: packets were lost in between."""
        self._anchor = None

    def stamp(self, dts_s: float, pts_s: float) -> Stamp:
        """Return when the packet that came just now was captured.

        Args:
            dts_s: Its decoding time in the stream's seconds: it grows from packet to packet.
            pts_s: Its presentation time: what it shows was captured then.
        """
        now_s, now_us = self._clock.monotonic_s(), self._clock.utc_us()
        anchor = self._anchor
        if anchor is None or self._has_jumped(anchor, dts_s, now_s, now_us):
            anchor = self._new_anchor(dts_s, now_s, now_us)
        else:
            self._slew(anchor, dts_s, now_s)
        self._last_pts_s, self._last_arrival_s = dts_s, now_s
        elapsed_s = pts_s - anchor.pts_s + anchor.slewed_s
        return Stamp(anchor.utc_us + round(elapsed_s * MICROSECONDS), anchor.utc_us)

    def _new_anchor(self, dts_s: float, now_s: float, now_us: int) -> _Anchor:
        # Two anchors never bear one name, even when the host's clock was set back onto it.
        last_us = self._anchor.utc_us if self._anchor is not None else now_us - 1
        utc_us = now_us + 1 if now_us == last_us else now_us
        self._anchor = _Anchor(utc_us=utc_us, monotonic_s=now_s, pts_s=dts_s)
        self._lateness.clear()
        return self._anchor

    def _has_jumped(self, anchor: _Anchor, dts_s: float, now_s: float, now_us: int) -> bool:
        advanced_s = dts_s - self._last_pts_s
        waited_s = now_s - self._last_arrival_s
        clock_step_s = (now_us - anchor.utc_us) / MICROSECONDS - (now_s - anchor.monotonic_s)
        return (
            # Backwards, or further than the time that passed.
            advanced_s < -JUMP_S
            or advanced_s > waited_s + JUMP_S
            or abs(clock_step_s) > JUMP_S
            # Ahead of the clock: a camera that sent its store first.
            or self._lateness_of(anchor, dts_s, now_s) < -JUMP_S
            # Steadily behind: its clock stood still while it sent nothing.
            or (self._is_window_full(now_s) and self._least_lateness() > JUMP_S)
        )

    def _slew(self, anchor: _Anchor, dts_s: float, now_s: float) -> None:
        self._lateness.append((now_s, self._lateness_of(anchor, dts_s, now_s)))
        while self._lateness[0][0] < now_s - WINDOW_S:
            self._lateness.popleft()
        most_s = MAX_SLEW * max(0.0, now_s - self._last_arrival_s)
        step_s = min(max(self._least_lateness(), -most_s), most_s)
        anchor.slewed_s += step_s

    @staticmethod
    def _lateness_of(anchor: _Anchor, dts_s: float, now_s: float) -> float:
        """Return how much later than its corrected time a packet came; jitter is positive."""
        return (now_s - anchor.monotonic_s) - (dts_s - anchor.pts_s + anchor.slewed_s)

    def _least_lateness(self) -> float:
        return min((lateness for _, lateness in self._lateness), default=0.0)

    def _is_window_full(self, now_s: float) -> bool:
        return bool(self._lateness) and now_s - self._lateness[0][0] > 0.9 * WINDOW_S
