"""When a packet was captured: from the camera's own steps of time, held to the host's clock.

Each connection has an anchor, the pair of a pts and a UTC. ``captured_at = anchor + (pts - pts0)``;
what the camera's clock drifts against the host's is slewed at most 500 ppm. A jump makes a new
anchor, and so a new segment: the past is never written anew.

No packet comes before it was captured, and what comes late was delayed on its way. So the packet
that came earliest, measured by its pts, tells the camera's time, and the others' delay is jitter.
"""

from collections import deque
from dataclasses import dataclass, field, replace

from vigil.clock import MICROSECONDS, Clock

#: The fastest a capture time is corrected: so slowly that no step is seen.
MAX_SLEW = 500e-6
#: Beyond this a difference is no drift, but a jump.
JUMP_S = 1.0
#: Over so many seconds the least delay is taken for the network's true one; the rest is jitter.
WINDOW_S = 10
#: A burst is over when for so long none of its packets gained more than this on the host's clock.
SETTLED_AFTER_S = 0.2
SETTLED_GAIN_S = 0.02
#: A burst that plays longer, comes for longer or has more packets is taken for what it seems.
BURST_S = 10.0
BURST_ARRIVES_S = 5.0
BURST_PACKETS = 2000
#: Another stream's packet that is later than this against the main one's is not of this time.
ASTRAY_S = 20.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a packet's times come to.

    Attributes:
        captured_at_us: UTC in microseconds since 1970.
        anchor_us: When the first packet of its anchor was captured, which is the anchor's name.
    """

    captured_at_us: int
    anchor_us: int


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A packet of the main stream, and both clocks of the host when it came."""

    dts_s: float
    pts_s: float
    monotonic_s: float
    utc_us: int

    def later_s(self, other: "_Arrival") -> float:
        """Return how much later than the other it came, beyond what their pts explain."""
        return (self.utc_us - other.utc_us) / MICROSECONDS - (self.pts_s - other.pts_s)

    def begins_anew(self, before: "_Arrival") -> bool:
        """Whether the stream went back, or the host's clock was set, since the packet before."""
        waited_s = self.monotonic_s - before.monotonic_s
        clock_step_s = (self.utc_us - before.utc_us) / MICROSECONDS - waited_s
        return self.dts_s - before.dts_s < -JUMP_S or abs(clock_step_s) > JUMP_S


@dataclass(slots=True)
class _Burst:
    """The first packets behind a start, whose anchor is not known yet.

    FFmpeg hands over at once what it read while it opened the stream, and many cameras begin with
    what they have stored. Only when packets come as fast as they play is the newest one new.
    """

    first: _Arrival
    #: The last that gained on the clock, against the one that did so before.
    gained: _Arrival
    earliest: _Arrival
    #: The pts of every packet that waits for its stamp, and whether it is of the main stream.
    waiting: list[tuple[float, bool]] = field(default_factory=list)

    def is_over(self, arrival: _Arrival) -> bool:
        """Take a packet of the main stream; return whether those behind it come as they play."""
        if arrival.later_s(self.earliest) < -1 / MICROSECONDS:
            self.earliest = arrival
        if arrival.later_s(self.gained) < -SETTLED_GAIN_S:
            self.gained = arrival
        return (
            arrival.monotonic_s - self.gained.monotonic_s >= SETTLED_AFTER_S
            or arrival.monotonic_s - self.first.monotonic_s >= BURST_ARRIVES_S
            or arrival.dts_s - self.first.dts_s >= BURST_S
            or self.is_full()
        )

    def is_full(self) -> bool:
        """Return whether no more packets may wait."""
        return len(self.waiting) >= BURST_PACKETS

    def is_of_another_time(self, arrival: _Arrival) -> bool:
        """Return whether a packet of the main stream cannot have the anchor of those before it."""
        return arrival.begins_anew(self.earliest) or arrival.later_s(self.earliest) < -BURST_S


class _LeastLateness:
    """The least lateness of the last seconds, one number kept for each of them."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, float]] = deque()

    def add(self, now_s: float, lateness_s: float) -> float:
        """Note one lateness; return the least of the window."""
        second = int(now_s)
        if self._seconds and self._seconds[-1][0] == second:
            lateness_s = min(lateness_s, self._seconds.pop()[1])
        self._seconds.append((second, lateness_s))
        while self._seconds[0][0] <= second - WINDOW_S:
            self._seconds.popleft()
        return min(lateness for _, lateness in self._seconds)


@dataclass(slots=True)
class _Anchor:
    """The packet from which capture times are counted, and what was learnt since."""

    at: _Arrival
    name_us: int
    last: _Arrival
    slewed_s: float = 0.0
    #: Since when every packet was late by more than a jump.
    late_since_s: float | None = None
    least: _LeastLateness = field(default_factory=_LeastLateness)

    def stamp(self, pts_s: float) -> Stamp:
        """Return when a packet of this anchor was captured."""
        elapsed_s = pts_s - self.at.pts_s + self.slewed_s
        return Stamp(self.at.utc_us + round(elapsed_s * MICROSECONDS), self.name_us)

    def follow(self, arrival: _Arrival) -> bool:
        """Slew towards what a packet says; return False where it cannot be of this anchor."""
        if arrival.begins_anew(self.last):
            return False
        now_s, lateness_s = arrival.monotonic_s, arrival.later_s(self.at)
        late_s = lateness_s - self.slewed_s
        if late_s <= JUMP_S:
            self.late_since_s = None
        elif self.late_since_s is None:
            self.late_since_s = now_s
        # Behind for long: the camera's clock stood still while it sent nothing.
        is_behind = self.late_since_s is not None and now_s - self.late_since_s >= WINDOW_S
        # Ahead of the host: time went on in the camera by a jump.
        if is_behind or late_s < -JUMP_S:
            return False
        least_s = self.least.add(now_s, lateness_s)
        most_s = MAX_SLEW * (now_s - self.last.monotonic_s)
        self.slewed_s += min(max(least_s - self.slewed_s, -most_s), most_s)
        self.last = arrival
        return True


class CaptureTimer:
    """Stamps the packets of one connection, in the order they came.

    The main stream tells the time, the others are counted from its anchor. The first packets after
    a start or a jump get their stamps a little later, when the camera's time is known.

    Args:
        clock: Tells when a packet came.
        begins_with_burst: False for a camera so slow that waiting for its second packet would be
            worse than a first one that is off.
    """

    def __init__(self, clock: Clock, *, begins_with_burst: bool = True) -> None:
        self._clock = clock
        self._begins_with_burst = begins_with_burst
        #: One of the two, and neither before the first packet.
        self._anchor: _Anchor | None = None
        self._burst: _Burst | None = None
        self._last_name_us = 0

    def restart(self) -> None:
        """Begin a new anchor with the next packet: packets were lost in between.

        Packets that still wait for their stamps are forgotten.
        """
        self._anchor = self._burst = None

    def stamp(self, dts_s: float, pts_s: float) -> list[Stamp | None]:
        """Take a packet of the main stream, which came just now.

        Args:
            dts_s: Its decoding time in seconds of the stream: it grows from packet to packet.
            pts_s: Its presentation time: what it shows was captured then.

        Returns:
            The stamps of the packets that have waited longest, and of this one when none waits
            behind them. None stands for a packet of another stream that is to be left out.
        """
        arrival = _Arrival(dts_s, pts_s, self._clock.monotonic_s(), self._clock.utc_us())
        if self._anchor is not None and self._anchor.follow(arrival):
            return [self._anchor.stamp(pts_s)]
        ready: list[Stamp | None] = []
        if self._burst is not None and self._burst.is_of_another_time(arrival):
            ready = self.settle()
        self._anchor = None
        burst = self._burst = self._burst or _Burst(arrival, arrival, arrival)
        burst.waiting.append((pts_s, True))
        if burst.is_over(arrival) or not self._begins_with_burst:
            ready += self._settled(burst, last=arrival)
        return ready

    def stamp_beside(self, pts_s: float) -> list[Stamp | None]:
        """Take a packet of another stream, and return what ``stamp`` returns."""
        if self._burst is not None:
            self._burst.waiting.append((pts_s, False))
            return self.settle() if self._burst.is_full() else []
        if self._anchor is None:
            return [None]
        return [self._unless_astray(self._anchor.stamp(pts_s))]

    def settle(self) -> list[Stamp | None]:
        """Return the stamps of all packets that wait for one: no more will come."""
        return [] if self._burst is None else self._settled(self._burst, last=self._burst.earliest)

    def _settled(self, burst: _Burst, *, last: _Arrival) -> list[Stamp | None]:
        """Anchor a burst by its earliest packet; return the stamps of all in it."""
        first, earliest = burst.first, burst.earliest
        played_us = round((earliest.pts_s - first.pts_s) * MICROSECONDS)
        # The anchor is the first packet, when it would have come had it come as early.
        at = replace(first, utc_us=earliest.utc_us - played_us)
        # Two anchors never bear one name, even when the host's clock was set back onto it.
        name_us = at.utc_us + 1 if at.utc_us == self._last_name_us else at.utc_us
        self._last_name_us = name_us
        anchor = self._anchor = _Anchor(at, name_us, last)
        self._burst = None
        anchor.least.add(earliest.monotonic_s, 0.0)
        stamps = [(anchor.stamp(pts_s), is_main) for pts_s, is_main in burst.waiting]
        return [stamp if is_main else self._unless_astray(stamp) for stamp, is_main in stamps]

    def _unless_astray(self, stamp: Stamp) -> Stamp | None:
        """Return a stamp, or None where the streams' times are too far apart to be of one clock."""
        late_s = (self._clock.utc_us() - stamp.captured_at_us) / MICROSECONDS
        return stamp if -JUMP_S <= late_s <= ASTRAY_S else None
