"""Audio that MP4 and browsers take as the camera sends it."""

from fractions import Fraction

from typing_extensions import override

from recorder.audio.aac import (
    AacConfig,
    config_of,
    low_complexity,
    silent_frame,
    without_adts,
)
from recorder.audio.opus import SILENT_SAMPLES, layout_of, samples_in, silent_packet
from recorder.audio.sources import AudioSource, CopiedAudio, Silence
from recorder.mp4.audio_boxes import OPUS_RATE, AudioFormat, aac_entry, opus_entry
from vigil.domain.packet import Packet
from vigil.errors import MessageInvalid
from vigil.media.template import AudioParameters


class CopiedAac(CopiedAudio, AudioSource):
    """AAC, whose configuration the camera tells first, or each packet does (ADTS).

    Raises:
        MessageInvalid: The configuration is none.
    """

    def __init__(self, audio: AudioParameters) -> None:
        self._audio = audio
        self._config = config_of(audio.extradata) if audio.extradata else None
        self._is_framed = self._config is None
        super().__init__(self._config.sample_rate if self._config else audio.sample_rate)

    @override
    def form(self) -> AudioFormat:
        if self._config is None:
            # No packet has come yet that would tell.
            self._learn(low_complexity(self._audio.sample_rate, self._audio.channels))
        config = self._config
        assert config is not None
        entry = aac_entry(config.specific, sample_rate=config.sample_rate, channels=config.channels)
        return AudioFormat(entry, config.sample_rate)

    @override
    def add(self, packet: Packet, at_s: Fraction) -> bool:
        data = packet.data
        if self._is_framed:
            data = self._unframed(data)
        config = self._config
        assert config is not None
        if not data:
            raise MessageInvalid("an empty packet of AAC")
        frame = silent_frame(config)
        silence = None if frame is None else Silence(frame, config.frame_samples)
        return self.copy(data, config.frame_samples, at_s, silence)

    def _unframed(self, packet: bytes) -> bytes:
        found = without_adts(packet)
        if found is None:
            raise MessageInvalid("AAC without its configuration is not recorded")
        config, frame = found
        if self._config is None:
            self._learn(config)
        elif config != self._config:
            raise MessageInvalid("AAC that is of another configuration than the file's began with")
        return frame

    def _learn(self, config: AacConfig) -> None:
        self._config = config
        self.timeline.units_in_s = config.sample_rate


class CopiedOpus(CopiedAudio, AudioSource):
    """Opus.

    Raises:
        MessageInvalid: The header is none.
    """

    def __init__(self, audio: AudioParameters) -> None:
        super().__init__(OPUS_RATE)
        self._channels, self._mapping = layout_of(audio.extradata, audio.channels)
        silent = silent_packet(self._channels)
        self._silence = None if silent is None else Silence(silent, SILENT_SAMPLES)

    @override
    def form(self) -> AudioFormat:
        return AudioFormat(opus_entry(channels=self._channels, mapping=self._mapping), OPUS_RATE)

    @override
    def add(self, packet: Packet, at_s: Fraction) -> bool:
        return self.copy(packet.data, samples_in(packet.data), at_s, self._silence)
