"""What makes the samples of an audio track of a camera's packets."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from recorder.audio.timeline import Place, Timeline
from recorder.mp4.audio_boxes import AudioFormat, AudioSample
from vigil.domain.packet import Packet
from vigil.errors import MessageInvalid

#: A frame of AAC has 8 KiB at most, a packet of Opus less.
MAX_COPIED_BYTES = 64 * 1024


class AudioSource(Protocol):
    """Makes samples of packets.

    Attributes:
        run: What was made, and not taken yet.
        given: Of what was given so far, in a measure of its own.
        made: Of that, how much is in samples.
    """

    run: "Run"
    given: int
    made: int

    def form(self) -> AudioFormat:
        """Return what a file's index says of it. What is given from then on is of this form.

        Raises:
            MessageInvalid: Nothing is known of it.
        """
        ...

    def add(self, packet: Packet, at_s: Fraction) -> bool:
        """Take a packet; return False where it is left out: there is audio of its time.

        Args:
            packet: Behind those that were taken.
            at_s: When it begins, in seconds of the file.

        Raises:
            MessageInvalid: It is none that can be kept; the others go on.
        """
        ...

    def finish(self) -> None:
        """Make samples of all that was given: no more will come."""
        ...


@dataclass(slots=True)
class Run:
    """Samples that follow each other.

    Attributes:
        begins: When the first of samples does, in units of the track.
    """

    begins: int = 0
    samples: list[AudioSample] = field(default_factory=list)
    _end: int | None = None

    def append(self, data: bytes, duration: int, *, begins: int) -> None:
        """Add a sample; the one before it lasts until it begins."""
        if self._end is None:
            self.begins = self._end = begins
        elif begins > self._end:
            if self.samples:
                self.samples[-1].duration += begins - self._end
            else:
                self.begins = begins
            self._end = begins
        self.samples.append(AudioSample(data, duration))
        self._end += duration

    def take(self) -> tuple[int, list[AudioSample]]:
        """Return when what was not taken yet begins, and its samples."""
        taken = self.begins, self.samples
        self.samples = []
        self.begins = self._end or 0
        return taken


@dataclass(frozen=True, slots=True)
class Silence:
    """A frame of silence, to stand where some are missing."""

    data: bytes
    duration: int


class CopiedAudio:
    """Packets that a file takes as they are."""

    given = made = 0

    def __init__(self, units_in_s: int) -> None:
        self.run = Run()
        self.timeline = Timeline(units_in_s)

    def finish(self) -> None:
        """Nothing waits here."""

    def copy(self, data: bytes, duration: int, at_s: Fraction, silence: Silence | None) -> bool:
        """Add what a packet holds; return False where there is audio of its time.

        Raises:
            MessageInvalid: It is larger than any.
        """
        if len(data) > MAX_COPIED_BYTES:
            raise MessageInvalid(f"a packet of audio of {len(data)} bytes")
        timeline = self.timeline
        place = timeline.place(round(at_s * timeline.units_in_s), duration)
        if place is None:
            return False
        begins = place.begins
        if place.missing and silence is not None:
            begins = self._fill(place, silence)
            timeline.end = begins + duration
        self.run.append(data, duration, begins=begins)
        return True

    def _fill(self, place: Place, silence: Silence) -> int:
        """Put silence where something is missing, in whole frames; return where it ends."""
        at = place.begins - place.missing
        for _ in range(round(place.missing / silence.duration)):
            self.run.append(silence.data, silence.duration, begins=at)
            at += silence.duration
        return at
