"""A camera's packets of video and audio in the order of their times: pure.

The two come as the camera sends them: its pictures some tenths of a second behind the sound, or
before it. A file that begins with a picture is to hold what was heard from then on, so whoever is
ahead waits for the other, for a while.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from vigil.bus.packets.base import Entry, EntryId
from vigil.clock import MICROSECONDS
from vigil.domain.packet import Packet

#: A packet, and the place in the log behind which a reader misses nothing that follows it here.
Placed: TypeAlias = tuple[Entry, EntryId]

#: One that is so far ahead waits no longer for the other.
HOLD_S = 2.0
#: More never wait, whatever their times are.
_MOST_HELD, _MOST_HELD_BYTES = 1000, 16 * 2**20
#: Before every packet.
_NEVER_US = -(2**63)


@dataclass(frozen=True, slots=True)
class _Held:
    """A packet that waits.

    Attributes:
        number: Counts packets as they come.
        before: The place right before it in the log.
        at_us: When it is shown or heard, in microseconds of its stream.
    """

    number: int
    entry: Entry
    before: EntryId
    at_us: int


class Interleaver:
    """Holds packets back until those of the other kind have come as far.

    Once one does not come for so long that the other gave up waiting, nobody waits for it until it
    comes again: a camera that falls silent is recorded without delay.
    """

    def __init__(self) -> None:
        self._video: deque[_Held] = deque()
        self._audio: deque[_Held] = deque()
        self._bytes = 0
        self._number = 0
        self._anchor_us: int | None = None
        #: From the last keyframe: how much later a picture is shown than it is decoded.
        self._delay = 0
        self._video_us = _NEVER_US
        #: The end of the newest audio.
        self._audio_end_us = _NEVER_US
        self._is_silent = False

    def put(self, entry: Entry, before: EntryId) -> Iterator[Placed]:
        """Take a packet; yield those that wait no longer.

        Args:
            entry: Behind those that were taken, as it stands in the log.
            before: The place right before it in the log.

        Yields:
            A packet, and the place in the log right before the oldest that had not been yielded:
            who begins to read behind that misses nothing that follows it here.
        """
        packet = entry.packet
        self._number += 1
        self._bytes += len(packet.data)
        if packet.stream_index == 0:
            if packet.anchor_us != self._anchor_us:
                # Its times have nothing to do with those before.
                self._bytes -= len(packet.data)
                yield from self.drain()
                self._bytes += len(packet.data)
                self._begin(packet.anchor_us)
            if packet.is_keyframe:
                self._delay = packet.pts - packet.dts
            at_us = _microseconds(packet.dts + self._delay, packet)
            self._video_us = max(at_us, self._video_us)
            self._video.append(_Held(self._number, entry, before, self._video_us))
        else:
            at_us = _microseconds(packet.pts, packet)
            if self._anchor_us is None:
                # Who goes on after another begins to read with what was heard before its keyframe.
                self._begin(packet.anchor_us)
            self._audio.append(_Held(self._number, entry, before, at_us))
            if packet.anchor_us == self._anchor_us:
                self._audio_end_us = at_us + _microseconds(packet.duration, packet)
                self._is_silent = False
        while (line := self._next()) is not None:
            yield self._pop(line)

    def drain(self) -> Iterator[Placed]:
        """Yield all that wait, as ``put`` does."""
        while self._video or self._audio:
            yield self._pop(self._earliest())

    def held_from(self) -> EntryId | None:
        """Return the place in the log right before the oldest that waits; None: none does."""
        lines = [line[0] for line in (self._video, self._audio) if line]
        return min(lines, key=_number).before if lines else None

    def clear(self) -> None:
        """Forget all that wait: they are read again."""
        self._video.clear()
        self._audio.clear()
        self._bytes = 0
        self._begin(None)

    def _begin(self, anchor_us: int | None) -> None:
        self._anchor_us = anchor_us
        self._video_us = self._audio_end_us = _NEVER_US
        self._is_silent = False

    def _earliest(self) -> deque[_Held]:
        if not self._audio or not self._video:
            return self._video or self._audio
        # At one moment the picture is first: with it a file may begin.
        return self._audio if self._audio[0].at_us < self._video[0].at_us else self._video

    def _next(self) -> deque[_Held] | None:
        """Return the line whose first packet waits no longer; None: all wait."""
        line = self._earliest()
        if not line or (self._video and self._audio):
            return line or None
        is_over = (
            line[-1].at_us - line[0].at_us > HOLD_S * MICROSECONDS
            or len(line) > _MOST_HELD
            or self._bytes > _MOST_HELD_BYTES
        )
        if line is self._audio:
            return line if is_over or line[0].at_us < self._video_us else None
        self._is_silent = self._is_silent or is_over
        return line if self._is_silent or line[0].at_us <= self._audio_end_us else None

    def _pop(self, line: deque[_Held]) -> Placed:
        before = self.held_from()
        assert before is not None
        held = line.popleft()
        self._bytes -= len(held.entry.packet.data)
        return held.entry, before


def _microseconds(stamp: int, packet: Packet) -> int:
    return round(stamp * float(packet.time_base) * MICROSECONDS)


def _number(held: _Held) -> int:
    return held.number
