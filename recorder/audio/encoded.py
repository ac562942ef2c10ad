"""Audio that is decoded, and encoded to AAC, since browsers do not take it as it is."""

from fractions import Fraction

import numpy as np
from av.audio.frame import AudioFrame
from av.error import FFmpegError
from typing_extensions import override

from recorder.audio.aac import FRAME_SAMPLES, RATES, audio_frame, config_of, encoder_of
from recorder.audio.decoder import AudioDecoder, Samples
from recorder.audio.sources import AudioSource, Run
from recorder.audio.timeline import Timeline
from recorder.mp4.audio_boxes import AudioFormat, aac_entry
from vigil.domain.packet import Packet
from vigil.errors import MessageInvalid
from vigil.media.template import AudioParameters

#: The first frame of FFmpeg's encoder is heard by no one: it is what the next one builds on.
PRIMING = 1024
#: What is missing is encoded as silence, up to so much.
_LONGEST_SILENCE_S = 60


class EncodedAudio(AudioSource):
    """G.711, G.726, G.722 and PCM as AAC.

    Each file has an encoder of its own, which begins with the file's first packet and is emptied at
    its end: a file holds what was said in its time, to a sample, whoever wrote the one before.

    Args:
        audio: Of all packets.
        decoder: Of the camera.

    Raises:
        MessageInvalid: AAC has no such rate, or there is no such layout.
    """

    def __init__(self, audio: AudioParameters, decoder: AudioDecoder) -> None:
        if audio.sample_rate not in RATES:
            raise MessageInvalid(f"{audio.codec} of {audio.sample_rate} Hz is not recorded")
        self._audio = audio
        #: Two channels are kept; of more all are heard in one.
        self._channels = audio.channels if audio.channels <= 2 else 1
        self._decoder = decoder
        self.run = Run()
        self.given = self.made = 0
        self._timeline = Timeline(audio.sample_rate)
        self._begin_encoding()

    def _begin_encoding(self) -> None:
        try:
            self._encoder = encoder_of(self._audio.sample_rate, self._channels)
        except FFmpegError as error:
            raise MessageInvalid(f"no AAC can be made of it: {error.strerror}") from error
        #: What does not fill a frame yet.
        self._rest: Samples = np.zeros((self._channels, 0), np.float32)
        #: Where in the track the encoder's first sample stands, and how much went into it.
        self._zero: int | None = None
        self._encoded = 0

    @override
    def form(self) -> AudioFormat:
        config = config_of(bytes(self._encoder.extradata or b""))
        entry = aac_entry(config.specific, sample_rate=config.sample_rate, channels=config.channels)
        return AudioFormat(entry, config.sample_rate, skipped=PRIMING)

    @override
    def add(self, packet: Packet, at_s: Fraction) -> bool:
        heard = self._decoder.samples_of(self._audio, packet)
        if self._channels < len(heard):
            heard = heard.mean(axis=0, keepdims=True)
        count, rate = heard.shape[1], self._audio.sample_rate
        place = self._timeline.place(round(at_s * rate), count)
        if place is None:
            return False
        if place.missing > _LONGEST_SILENCE_S * rate:
            self.finish()
            self._begin_encoding()
        elif place.missing:
            self._give(np.zeros((self._channels, place.missing), np.float32))
        if self._zero is None:
            self._zero = place.begins
        self._give(heard)
        return True

    @override
    def finish(self) -> None:
        try:
            if self._rest.shape[1]:
                self._encode(self._rest)
            self._keep(None)
        except FFmpegError as error:
            raise MessageInvalid(f"its AAC has no end: {error.strerror}") from error
        finally:
            self._rest = self._rest[:, :0]
            self.made = self.given

    def _give(self, samples: Samples) -> None:
        self.given += samples.shape[1]
        waiting = np.concatenate((self._rest, samples), axis=1)
        whole = waiting.shape[1] - waiting.shape[1] % FRAME_SAMPLES
        for at in range(0, whole, FRAME_SAMPLES):
            self._encode(waiting[:, at : at + FRAME_SAMPLES])
        self._rest = waiting[:, whole:]

    def _encode(self, samples: Samples) -> None:
        frame = audio_frame(
            np.ascontiguousarray(samples), sample_rate=self._audio.sample_rate, at=self._encoded
        )
        self._encoded += samples.shape[1]
        self._keep(frame)

    def _keep(self, frame: AudioFrame | None) -> None:
        for packet in self._encoder.encode(frame):
            assert packet.pts is not None
            # In the track's time all is later by the priming, which its index tells to skip.
            begins = (self._zero or 0) + packet.pts + PRIMING
            self.run.append(bytes(packet), FRAME_SAMPLES, begins=begins)
            self.made += FRAME_SAMPLES if packet.pts >= 0 else 0
