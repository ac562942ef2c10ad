"""Sound that a camera sends in other codecs than files hold, as numbers."""

from typing import Any

import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.error import FFmpegError
from av.packet import Packet as AvPacket
from numpy.typing import NDArray

from vigil.domain.packet import Packet
from vigil.errors import MessageInvalid
from vigil.media.template import AudioParameters

#: ``(channels, n)``, within -1 and 1.
Samples = NDArray[np.float32]

#: The decoders that are let at what a camera sends: simple ones, that cannot be led far astray.
DECODED = (
    "pcm_alaw", "pcm_mulaw", "g726", "g726le", "g722",
    "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_u8",
)  # fmt: skip
_G726 = ("g726", "g726le")
_G726_RATE, _G726_BITS = 8000, range(2, 6)
#: More is no packet of a camera.
_MAX_PACKET_BYTES = 2**20
_MAX_CHANNELS = 8


class AudioDecoder:
    """Decodes the audio of one camera, over all its files: ADPCM goes on from what was before."""

    def __init__(self) -> None:
        self._decoder: AudioCodecContext | None = None
        self._audio: AudioParameters | None = None

    def samples_of(self, audio: AudioParameters, packet: Packet) -> Samples:
        """Return what a packet sounds like.

        Args:
            audio: Of the packet, and of those before as long as it is the same.
            packet: Behind those that were decoded.

        Raises:
            MessageInvalid: The decoder makes nothing of it.
        """
        if not 0 < len(packet.data) <= _MAX_PACKET_BYTES:
            raise MessageInvalid(f"a packet of audio of {len(packet.data)} bytes")
        try:
            if self._decoder is None or audio != self._audio:
                self._decoder, self._audio = _decoder_of(audio, packet), audio
            frames = self._decoder.decode(AvPacket(packet.data))
        except FFmpegError as error:
            reason = f"{audio.codec} that cannot be decoded: {error.strerror}"
            raise MessageInvalid(reason) from error
        if not frames:
            raise MessageInvalid(f"a packet of {audio.codec} in which nothing is")
        return np.concatenate([_samples_of(frame, audio) for frame in frames], axis=1)


def _samples_of(frame: AudioFrame, audio: AudioParameters) -> Samples:
    channels = frame.layout.nb_channels
    if frame.sample_rate != audio.sample_rate or channels != audio.channels:
        raise MessageInvalid(f"{audio.codec} whose layout changes is not recorded")
    values = frame.to_ndarray()
    return _as_float(values if frame.format.is_planar else values.reshape(-1, channels).T)


def _decoder_of(audio: AudioParameters, packet: Packet) -> AudioCodecContext:
    if not 1 <= audio.channels <= _MAX_CHANNELS:
        raise MessageInvalid(f"{audio.codec} of {audio.channels} channels is not recorded")
    decoder = AudioCodecContext.create(audio.codec, "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate = audio.sample_rate
    decoder.layout = {1: "mono", 2: "stereo"}.get(audio.channels, f"{audio.channels}c")
    if audio.codec in _G726:
        decoder.options = {"bits_per_coded_sample": str(_g726_bits(packet))}
    decoder.open()
    return decoder


def _g726_bits(packet: Packet) -> int:
    """Return how many bits a sample has, by how many samples a packet is long.

    Raises:
        MessageInvalid: No such kind is known.
    """
    samples = packet.duration * packet.time_base * _G726_RATE
    bits = round(8 * len(packet.data) / samples) if samples else 4
    if bits not in _G726_BITS:
        raise MessageInvalid(f"G.726 of {bits} bits a sample is not recorded")
    return bits


def _as_float(values: NDArray[Any]) -> Samples:
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - np.float32(128)) / np.float32(128)
    if np.issubdtype(values.dtype, np.integer):
        return values.astype(np.float32) / np.float32(2 ** (8 * values.dtype.itemsize - 1))
    return values.astype(np.float32)
