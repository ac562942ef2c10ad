"""How much of a camera's video is worth decoding: all that is wanted, or its keyframes alone."""

from collections import deque
from collections.abc import Sequence
from statistics import median

from camera_ctrl.nal import stands_alone
from vigil.clock import MICROSECONDS
from vigil.domain.camera import Stream
from vigil.domain.motion import Motion
from vigil.domain.packet import Packet
from vigil.messages import Decoding

#: How long nothing must have moved before keyframes are enough.
STILL_S = 5.0
#: Keyframes farther apart are too few to live on; half a frame more, for clocks that tremble.
GOP_MAX_S = 2.0
_TREMBLE_S = 0.1
#: Pictures a second of a sub-stream at rest whose keyframes are too few to live on: it is decoded
#: whole, which is cheap, but not every picture is made.
FLOOR_FPS = 1.0
#: Of keyframes that come faster, as of pictures that are all keyframes, one in so long is enough.
KEYFRAME_EVERY_S = 0.9
#: A packet that is so much older than the last was read before; an older one's clock was set back.
_REREAD_S = 10.0
#: How long everything is decoded because packets were large, before it is called a mistake: what
#: moves is mostly seen in those that were large.
WAKE_S = 0.5
#: The last gaps between keyframes, of which the longest counts; and the last sizes.
_GAPS, _SIZES = 4, 150
#: Fewer sizes have no median to speak of.
_LEAST_SIZES = 20
#: A packet so many times the median is large, and so are that many in a row on the mean ...
_LARGE, _LARGE_TOGETHER, _TOGETHER = 2.5, 1.6, 5
#: ... if it is not the encoder's own unrest, which matters where nearly nothing is sent.
_LEAST_MORE_BYTES = 50
#: After each mistake packets must be so much larger; no more than this.
_DULLED, _DULLEST = 1.3, 4.0


class Demand:
    """Says how much of one camera to decode. It is told of packets, motion and watchers.

    Args:
        is_on_demand: False: everything that is wanted, always.
        stream: Which of its streams is decoded.
    """

    def __init__(self, *, is_on_demand: bool, stream: Stream = Stream.MAIN) -> None:
        self._is_on_demand = is_on_demand
        self._is_sub = stream is Stream.SUB
        self._motion: Motion | None = None
        self._is_watched = True
        self._last_us = 0
        self._keyframe_us: int | None = None
        self._gaps_us: deque[int] = deque(maxlen=_GAPS)
        self._sizes: deque[int] = deque(maxlen=_SIZES)
        self._dullness = 1.0
        self._woken_us: int | None = None

    def of_stream(self, stream: Stream) -> "Demand":
        """Return one that knows nothing yet, for another stream of the camera."""
        return Demand(is_on_demand=self._is_on_demand, stream=stream)

    def note_packets(self, packets: Sequence[Packet], codec: str | None) -> bool:
        """Take note of what the camera sent; return whether its size says that something moves.

        Args:
            packets: As they were read. Those that were noted before are left out.
            codec: FFmpeg's name of it; None: not known yet.
        """
        hints = False
        for packet in packets:
            past_us = packet.captured_at_us - self._last_us
            if packet.stream_index != 0 or -_REREAD_S * MICROSECONDS < past_us <= 0:
                continue
            self._last_us = packet.captured_at_us
            if not packet.is_keyframe:
                hints |= self._is_large(len(packet.data))
            elif codec is not None and stands_alone(codec, packet.data):
                if self._keyframe_us is not None and packet.captured_at_us > self._keyframe_us:
                    self._gaps_us.append(packet.captured_at_us - self._keyframe_us)
                self._keyframe_us = packet.captured_at_us
        return hints

    def note_motion(self, motion: Motion | None, *, now_us: int) -> None:
        """Take note of what the gate said of the newest frame."""
        self._motion = motion
        if self._woken_us is None:
            return
        if motion is not None and motion.boxes:
            self._woken_us, self._dullness = None, 1.0
        elif now_us - self._woken_us > WAKE_S * MICROSECONDS:
            # Nothing moved: this encoder's packets are sometimes large.
            self._woken_us = None
            self._dullness = min(_DULLEST, self._dullness * _DULLED)

    def note_watched(self, is_watched: bool) -> None:
        """Take note of whether somebody watches."""
        self._is_watched = is_watched

    def note_hint(self, now_us: int) -> None:
        """Take note that all is decoded for a while because packets were large."""
        self._woken_us = now_us

    def gop_s(self) -> float | None:
        """Return how far keyframes lie apart; None: not known."""
        return max(self._gaps_us) / MICROSECONDS if self._gaps_us else None

    def asks(self, now_us: int, *, is_looked_at: bool) -> bool:
        """Return whether it matters now if somebody watches.

        Args:
            now_us: UTC.
            is_looked_at: Whether a recogniser wants to see what moves.
        """
        can_rest = self._has_short_gops() or self._is_sub
        return self._is_on_demand and can_rest and self._rests(now_us, is_looked_at)

    def is_at_floor(self, now_us: int, *, is_looked_at: bool) -> bool:
        """Return whether few pictures are enough, though keyframes alone would be too few."""
        is_unseen = not self._is_watched and self.asks(now_us, is_looked_at=is_looked_at)
        return is_unseen and not self._has_short_gops()

    def decoding(self, now_us: int, *, is_looked_at: bool) -> Decoding:
        """Return how much to decode now."""
        if self._motion is None:
            return Decoding.FULL
        is_unseen = not self._is_watched and self.asks(now_us, is_looked_at=is_looked_at)
        if is_unseen and self._has_short_gops():
            return Decoding.IDLE
        return Decoding.FULL if self._motion.is_moving else Decoding.GATED

    def why_not_idle(self, now_us: int, *, is_looked_at: bool) -> str | None:
        """Return in words what keeps a camera from resting where nothing moves; None: nothing."""
        if self._motion is None or not self._rests(now_us, is_looked_at):
            return None
        if not self._is_on_demand:
            return "decoding on demand is switched off"
        gop_s = self.gop_s()
        if gop_s is None:
            return "it has sent no keyframes that stand alone"
        if not self._has_short_gops():
            is_at_floor = self.is_at_floor(now_us, is_looked_at=is_looked_at)
            few = f", and a picture made each {1 / FLOOR_FPS:g} s" if is_at_floor else ""
            return (
                f"its keyframes are {gop_s:.1f} s apart, so every frame is decoded{few}; "
                f"set the camera to one each {GOP_MAX_S:g} s or less"
            )
        return "somebody watches" if self._is_watched else None

    def _has_short_gops(self) -> bool:
        gop_s = self.gop_s()
        return gop_s is not None and gop_s <= GOP_MAX_S + _TREMBLE_S

    def _rests(self, now_us: int, is_looked_at: bool) -> bool:
        """Return whether nothing has moved for long enough, or nobody would care."""
        if self._motion is None:
            return False
        if self._woken_us is not None:
            return False
        if not is_looked_at:
            return True
        still_us = now_us - self._motion.since_us
        return not self._motion.is_moving and still_us >= STILL_S * MICROSECONDS

    def _is_large(self, size_bytes: int) -> bool:
        """Return whether a packet between keyframes is much larger than most, and remember it."""
        sizes = self._sizes
        usual = median(sizes) if len(sizes) >= _LEAST_SIZES else None
        sizes.append(size_bytes)
        if usual is None:
            return False
        together = sum(list(sizes)[-_TOGETHER:]) / _TOGETHER
        more = _LEAST_MORE_BYTES * self._dullness
        return size_bytes > max(_LARGE * self._dullness * usual, usual + more) or together > max(
            _LARGE_TOGETHER * self._dullness * usual, usual + more
        )
