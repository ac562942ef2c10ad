"""A file's video and audio, in memory, cut into what RTP carries."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import structlog
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from standalone.demo.rtsp.nal import SETS_OF, VideoCodec, parameter_sets, split_annexb
from vigil.errors import SetupInvalid

log = structlog.get_logger(__name__)

#: The whole file is held in memory, once for all clients.
MAX_FILE_BYTES = 512 * 1024 * 1024
VIDEO_CLOCK_HZ = 90_000
AAC, G726 = "aac", "g726"
#: Audio that RTP carries as it is, and the bytes of a sample where a packet may be cut anywhere.
_PLAIN_AUDIO = {"pcm_alaw": 1, "pcm_mulaw": 1, "pcm_s16be": 2, G726: 0, "opus": 0}
#: The most of such a packet: it is never put together from several.
_MAX_PLAIN_BYTES = 1400
_NEEDS_START_CODES = {
    VideoCodec.H264: "h264_mp4toannexb",
    VideoCodec.HEVC: "hevc_mp4toannexb",
}


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One frame of video, or one block of audio.

    Attributes:
        pts, dts: In ticks of the track's RTP clock, from the beginning of the file's video.
        is_key: Whether a decoder can begin here.
        parts: NAL units without start codes; for audio, the one raw frame, or what is one packet.
    """

    pts: int
    dts: int
    is_key: bool
    parts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What an SDP says of the video: parameter sets are VPS (HEVC alone), SPS, PPS."""

    codec: VideoCodec
    parameter_sets: tuple[bytes, ...]
    clock_hz: int = VIDEO_CLOCK_HZ


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What an SDP says of the audio.

    Attributes:
        config: AAC's AudioSpecificConfig; empty of other codecs.
        codec: FFmpeg's name.
    """

    config: bytes
    channels: int
    clock_hz: int
    codec: str = AAC


@dataclass(frozen=True, slots=True)
class Track:
    """One stream of a file.

    Attributes:
        units: In the order they are sent in, which is that of their dts.
    """

    format: VideoFormat | AudioFormat
    units: tuple[AccessUnit, ...]


@dataclass(frozen=True, slots=True)
class Media:
    """A file that is played round and round.

    Attributes:
        tracks: The video, and the audio where the file has some.
        span_s: How long one round takes: the video's length, exactly.
    """

    tracks: tuple[Track, ...]
    span_s: Fraction


def load(path: Path) -> Media:
    """Return a file's video, and its audio where RTP can carry it.

    Raises:
        SetupInvalid: The file cannot be played: absent, too large, no video, or of a codec that
            this camera does not send.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SetupInvalid(f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB")
        with av.open(path) as container:
            return _load(container, str(path))
    except (OSError, FFmpegError) as error:
        raise SetupInvalid(f"{path}: {error.strerror}") from error


def _load(container: InputContainer, name: str) -> Media:
    if not container.streams.video:
        raise SetupInvalid(f"{name}: has no video")
    video = container.streams.video[0]
    if video.codec_context.name not in list(VideoCodec):
        raise SetupInvalid(f"{name}: is {video.codec_context.name}; only H.264 and H.265 are sent")
    packets: dict[int, list[Packet[Stream]]] = {video.index: []}
    audio = next((stream for stream in container.streams.audio if _is_carried(stream)), None)
    if audio is not None:
        packets[audio.index] = []
    for packet in container.demux([container.streams[index] for index in packets]):
        if packet.size:
            packets[packet.stream_index].append(packet)
    track, begin_s, span_s = _video_track(video, packets[video.index], name)
    tracks = [track]
    if audio is not None:
        tracks.append(_audio_track(audio, packets[audio.index], begin_s, span_s))
    return Media(tuple(tracks), span_s)


def _is_carried(stream: AudioStream) -> bool:
    """Return whether RTP can carry audio: of AAC, without ADTS, and with a known config."""
    context = stream.codec_context
    can = context.name in _PLAIN_AUDIO or (context.name == AAC and bool(context.extradata))
    if not can:
        log.info("audio_left_out", codec=context.name, has_config=bool(context.extradata))
    return can


def _video_track(
    stream: VideoStream, packets: list["Packet[Stream]"], name: str
) -> tuple[Track, Fraction, Fraction]:
    """Return the video's track, when it begins in the file's time, and how long it is."""
    codec = VideoCodec(stream.codec_context.name)
    timed = [packet for packet in packets if packet.pts is not None and packet.dts is not None]
    first = next((i for i, packet in enumerate(timed) if packet.is_keyframe), None)
    if first is None:
        raise SetupInvalid(f"{name}: has no keyframe with a time")
    timed = timed[first:]
    shown = sorted(_seconds(packet.pts, stream) for packet in timed)
    begin_s = shown[0]
    # The last frame is shown as long as the frames before it were on average.
    frame_s = (shown[-1] - begin_s) / (len(shown) - 1) if len(shown) > 1 else Fraction(1, 25)
    units = tuple(
        AccessUnit(_ticks(pts_s - begin_s), _ticks(dts_s - begin_s), is_key, parts)
        for pts_s, dts_s, is_key, parts in _annexb(stream, codec, timed)
    )
    sets = parameter_sets(codec, (part for unit in units for part in unit.parts))
    if len(sets) != SETS_OF[codec]:
        raise SetupInvalid(f"{name}: lacks the parameter sets that a client needs to begin")
    return Track(VideoFormat(codec, sets), units), begin_s, shown[-1] - begin_s + frame_s


def _annexb(
    stream: VideoStream, codec: VideoCodec, packets: list["Packet[Stream]"]
) -> Iterator[tuple[Fraction, Fraction, bool, tuple[bytes, ...]]]:
    """Yield pts and dts in seconds, whether it is a key, and the NAL units of each packet."""
    converter = BitStreamFilterContext(_NEEDS_START_CODES[codec], in_stream=stream)
    for packet in packets:
        # Times are read first: the filter consumes the packet.
        pts_s, dts_s = _seconds(packet.pts, stream), _seconds(packet.dts, stream)
        is_key = packet.is_keyframe
        for converted in converter.filter(packet):
            yield pts_s, dts_s, is_key, tuple(split_annexb(bytes(converted)))


def _audio_track(
    stream: AudioStream, packets: list["Packet[Stream]"], begin_s: Fraction, span_s: Fraction
) -> Track:
    context = stream.codec_context
    rate = context.sample_rate
    units: list[AccessUnit] = []
    for packet in packets:
        at = round((_seconds(packet.pts, stream) - begin_s) * rate)
        length = round(_seconds(packet.duration, stream) * rate) if packet.duration else 1024
        # What does not fit into the video's round would run into the next one.
        if at >= 0 and at + length <= span_s * rate:
            units += _audio_units(context, bytes(packet), at)
    config = bytes(context.extradata or b"") if context.name == AAC else b""
    return Track(AudioFormat(config, context.channels, rate, context.name), tuple(units))


def _audio_units(context: AudioCodecContext, data: bytes, at: int) -> Iterator[AccessUnit]:
    """Yield what each packet is to hold, and when it begins."""
    sample_bytes = _PLAIN_AUDIO.get(context.name, 0) * context.channels
    most = _MAX_PLAIN_BYTES // sample_bytes if sample_bytes else 0
    if not most:
        yield AccessUnit(at, at, is_key=True, parts=(data,))
        return
    for begin in range(0, len(data) // sample_bytes, most):
        part = data[begin * sample_bytes : (begin + most) * sample_bytes]
        yield AccessUnit(at + begin, at + begin, is_key=True, parts=(part,))


def _seconds(stamp: int | None, stream: VideoStream | AudioStream) -> Fraction:
    assert stamp is not None
    assert stream.time_base is not None
    return stamp * stream.time_base


def _ticks(seconds: Fraction) -> int:
    return math.floor(seconds * VIDEO_CLOCK_HZ + Fraction(1, 2))
