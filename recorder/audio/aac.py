"""What AAC says of itself (ISO/IEC 14496-3)."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from vigil.errors import MessageInvalid

#: Hz, by their numbers.
RATES = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
)  # fmt: skip
#: Samples of each channel in a frame.
FRAME_SAMPLES = 1024
LOW_COMPLEXITY = 2
_SPECTRAL_BAND_REPLICATION, _PARAMETRIC_STEREO = 5, 29
#: Longer configurations describe what no camera sends.
_MAX_CONFIG_BYTES = 64
_ADTS_HEADER_BYTES, _ADTS_CRC_BYTES = 7, 2
#: By this frame of silence an encoder has come to rest.
_SETTLED = 4


@dataclass(frozen=True, slots=True)
class AacConfig:
    """How AAC is to be decoded.

    Attributes:
        specific: As an AudioSpecificConfig.
        kind: The object type; 2 is low complexity, as nearly all is.
        sample_rate: Hz, of the core: band replication doubles it.
        frame_samples: Of each channel.
    """

    specific: bytes
    kind: int
    sample_rate: int
    channels: int
    frame_samples: int = FRAME_SAMPLES


def config_of(specific: bytes) -> AacConfig:
    """Return what an AudioSpecificConfig says.

    Raises:
        MessageInvalid: It is none.
    """
    if not 2 <= len(specific) <= _MAX_CONFIG_BYTES:
        raise MessageInvalid(f"AAC with a configuration of {len(specific)} bytes is not recorded")
    bits = _Bits(specific)
    kind = bits.object_type()
    sample_rate = bits.rate()
    channels = bits.take(4)
    if kind in (_SPECTRAL_BAND_REPLICATION, _PARAMETRIC_STEREO):
        bits.rate()
        bits.object_type()
    is_short = bits.take(1)
    # Seven means eight; nought is said further on, by who has more than a camera does.
    count = {7: 8}.get(channels, channels)
    if not sample_rate or not 1 <= count <= 8:
        raise MessageInvalid("AAC of an unknown rate or layout is not recorded")
    return AacConfig(specific, kind, sample_rate, count, 960 if is_short else FRAME_SAMPLES)


def low_complexity(sample_rate: int, channels: int) -> AacConfig:
    """Return the configuration of plain AAC.

    Raises:
        MessageInvalid: AAC knows no such rate.
    """
    if sample_rate not in RATES or not 1 <= channels <= 7:
        raise MessageInvalid(f"AAC of {sample_rate} Hz, {channels} channels, is not recorded")
    return config_of(_specific(LOW_COMPLEXITY, RATES.index(sample_rate), channels))


def without_adts(packet: bytes) -> tuple[AacConfig, bytes] | None:
    """Return the configuration and the frame of a packet behind an ADTS header; None: of no such.

    Raises:
        MessageInvalid: It begins with one, and is not what that says.
    """
    if len(packet) < _ADTS_HEADER_BYTES or packet[0] != 0xFF or packet[1] & 0xF6 != 0xF0:
        return None
    size = (packet[3] & 0x03) << 11 | packet[4] << 3 | packet[5] >> 5
    head = _ADTS_HEADER_BYTES + (0 if packet[1] & 1 else _ADTS_CRC_BYTES)
    if size != len(packet) or size <= head or packet[6] & 0x03:
        raise MessageInvalid("a packet of AAC that is not the one frame that its header says")
    rate, channels = packet[2] >> 2 & 0x0F, (packet[2] & 0x01) << 2 | packet[3] >> 6
    return config_of(_specific((packet[2] >> 6) + 1, rate, channels)), packet[head:]


@lru_cache(maxsize=32)
def silent_frame(config: AacConfig) -> bytes | None:
    """Return a frame of silence between others; None: of what is no plain AAC."""
    is_plain = config.kind == LOW_COMPLEXITY and config.frame_samples == FRAME_SAMPLES
    if not is_plain or config.sample_rate not in RATES or config.channels > 2:
        return None
    encoder = encoder_of(config.sample_rate, config.channels)
    silence = np.zeros((config.channels, FRAME_SAMPLES), np.float32)
    frames = [
        bytes(packet)
        for number in range(_SETTLED + 2)
        for packet in encoder.encode(
            audio_frame(silence, sample_rate=config.sample_rate, at=number * FRAME_SAMPLES)
        )
    ]
    return frames[_SETTLED]


def encoder_of(sample_rate: int, channels: int) -> AudioCodecContext:
    """Return FFmpeg's own encoder of plain AAC, opened, for one channel or two.

    Raises:
        FFmpegError: It does not take that.
    """
    encoder = AudioCodecContext.create("aac", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.format = sample_rate, "fltp"
    encoder.layout = "mono" if channels == 1 else "stereo"
    encoder.time_base = Fraction(1, sample_rate)
    # Speech is clear by two bits a sample; what is more than 64 kbit/s a channel nobody hears.
    encoder.bit_rate = channels * min(max(2 * sample_rate, 24_000), 64_000)
    # It is as good for what microphones of cameras hear, and takes two thirds of the time.
    encoder.options = {"aac_coder": "fast"}
    encoder.open()
    return encoder


def audio_frame(samples: np.ndarray, *, sample_rate: int, at: int) -> av.AudioFrame:
    """Return a frame for the encoder.

    Args:
        samples: ``(channels, n)`` float32 within -1 and 1.
        sample_rate: Hz.
        at: Its pts in samples.
    """
    layout = "mono" if len(samples) == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = sample_rate, at, Fraction(1, sample_rate)
    return frame


def _specific(kind: int, rate: int, channels: int) -> bytes:
    return (kind << 11 | rate << 7 | channels << 3).to_bytes(2, "big")


class _Bits:
    """Reads numbers of any width; behind the end all are nought."""

    def __init__(self, content: bytes) -> None:
        self._left = 8 * len(content)
        self._number = int.from_bytes(content, "big")

    def take(self, count: int) -> int:
        self._left -= count
        at = self._number >> self._left if self._left >= 0 else self._number << -self._left
        return at & (1 << count) - 1

    def object_type(self) -> int:
        kind = self.take(5)
        return 32 + self.take(6) if kind == 31 else kind

    def rate(self) -> int:
        number = self.take(4)
        if number == 15:
            return self.take(24)
        return RATES[number] if number < len(RATES) else 0
