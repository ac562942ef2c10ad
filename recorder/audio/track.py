"""The audio of one file: packets in, fragments out, and no error that touches the video."""

from collections import deque
from fractions import Fraction

from recorder.audio.copied import CopiedAac, CopiedOpus
from recorder.audio.decoder import DECODED, AudioDecoder
from recorder.audio.encoded import EncodedAudio
from recorder.audio.sources import AudioSource
from recorder.mp4.audio_boxes import AudioFormat, audio_fragment
from vigil.bus.packets.base import Entry
from vigil.domain.packet import Packet
from vigil.errors import MessageInvalid
from vigil.media.template import AudioParameters

#: Audio that is so far ahead of the newest picture is of another time.
AHEAD_S = 10


def source_of(audio: AudioParameters, decoder: AudioDecoder) -> AudioSource:
    """Return what makes samples of such audio.

    Raises:
        MessageInvalid: None can be made.
    """
    if audio.codec == "aac":
        return CopiedAac(audio)
    if audio.codec in ("opus", "libopus"):
        return CopiedOpus(audio)
    if audio.codec in DECODED:
        return EncodedAudio(audio, decoder)
    raise MessageInvalid(
        f"{audio.codec} audio is not recorded: AAC, Opus, G.711, G.722, G.726 and PCM are"
    )


class AudioTrack:
    """Takes a camera's audio for one file.

    Args:
        audio: Of all its packets.
        decoder: Of the camera.
        begins_s: When the file's first picture is shown, in seconds of its time.

    Attributes:
        error: Why audio is missing; None: none is, of what came last.
        left_out: How many packets were, and the last reason.

    Raises:
        MessageInvalid: Such audio is not recorded.
    """

    def __init__(
        self, audio: AudioParameters, decoder: AudioDecoder, *, begins_s: Fraction
    ) -> None:
        self._source = source_of(audio, decoder)
        self._begins_s = begins_s
        self._form: AudioFormat | None = None
        self.error: str | None = None
        self.left_out: tuple[int, str] = (0, "")
        #: Of each packet that was given, how much the source must have made for it to be there.
        self._waiting: deque[int] = deque()

    def form(self) -> AudioFormat | None:
        """Return what the file's index says of it; None: it has no audio then, nor later."""
        if self._form is None:
            try:
                self._form = self._source.form()
            except MessageInvalid as error:
                self._leave_out(str(error))
                self.error = str(error)
        return self._form

    def add(self, entry: Entry, at_s: Fraction, *, shown_s: Fraction) -> None:
        """Take a packet, or leave it out.

        Args:
            entry: It.
            at_s: When it begins, in seconds of the file.
            shown_s: When the newest picture is shown.
        """
        try:
            reason = self._refusal(entry.packet, at_s, shown_s)
            self.error = None
        except MessageInvalid as error:
            reason = self.error = str(error)
        if reason is not None:
            self._leave_out(reason)
        self._waiting.append(self._source.given)

    def fragment(self, number: int) -> tuple[bytes, int, int]:
        """Return a fragment of what was not taken yet; nothing where nothing is.

        Args:
            number: Of the fragment within its file.

        Returns:
            It; how many of the packets that were given are in fragments with it that were in none
            before; and when it begins, in units of the track.
        """
        begins, samples = self._source.run.take()
        done = 0
        while self._waiting and self._waiting[0] <= self._source.made:
            self._waiting.popleft()
            done += 1
        if not samples or self._form is None:
            return b"", done, begins
        return audio_fragment(samples, begins=begins, number=number), done, begins

    def finish(self) -> None:
        """Let the next fragment hold all that was given."""
        try:
            self._source.finish()
        except MessageInvalid as error:
            self._leave_out(str(error))

    def _refusal(self, packet: Packet, at_s: Fraction, shown_s: Fraction) -> str | None:
        """Give a packet to the source; return why it is left out, if it is and nothing is wrong.

        Raises:
            MessageInvalid: It cannot be kept.
        """
        if at_s > shown_s + AHEAD_S:
            raise MessageInvalid(f"audio that is more than {AHEAD_S} s ahead of its video")
        if at_s < self._begins_s and at_s + packet.duration * packet.time_base <= self._begins_s:
            return "it is of before the file's begin"
        if not self._source.add(packet, max(at_s, self._begins_s)):
            return "there is audio of its time"
        return None

    def _leave_out(self, reason: str) -> None:
        self.left_out = (self.left_out[0] + 1, reason)
