"""A camera's session description, by RFC 4566; of H.264 by 6184, H.265 by 7798, AAC by 3640."""

from base64 import b64encode

from standalone.demo.rtsp.media import AAC, G726, AudioFormat, Media, Track, VideoFormat
from standalone.demo.rtsp.nal import VideoCodec

#: The first dynamic payload type; a track's number is added to it.
FIRST_PAYLOAD_TYPE = 96
_AUDIO_NAMES = {
    AAC: "mpeg4-generic",
    G726: "G726-32",
    "opus": "opus",
    "pcm_alaw": "PCMA",
    "pcm_mulaw": "PCMU",
    "pcm_s16be": "L16",
}
_SETS_HEVC = ("sprop-vps", "sprop-sps", "sprop-pps")


def describe(media: Media) -> str:
    """Return the SDP of a file: one section a track, with control names ``track0``, ``track1``."""
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=Vigil demo camera",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
    ]
    for number, track in enumerate(media.tracks):
        lines += _section(track, number)
    return "".join(f"{line}\r\n" for line in lines)


def payload_type(track_number: int) -> int:
    """Return the RTP payload type that stands for a track."""
    return FIRST_PAYLOAD_TYPE + track_number


def _section(track: Track, number: int) -> list[str]:
    kind = payload_type(number)
    if isinstance(track.format, VideoFormat):
        name = "H264" if track.format.codec is VideoCodec.H264 else "H265"
        medium, encoding = "video", f"{name}/{track.format.clock_hz}"
        parameters = _video_parameters(track.format)
    else:
        medium = "audio"
        name = _AUDIO_NAMES[track.format.codec]
        encoding = f"{name}/{track.format.clock_hz}/{track.format.channels}"
        parameters = _audio_parameters(track.format) if track.format.codec == AAC else ""
    return [
        f"m={medium} 0 RTP/AVP {kind}",
        f"a=rtpmap:{kind} {encoding}",
        *([f"a=fmtp:{kind} {parameters}"] if parameters else []),
        f"a=control:track{number}",
    ]


def _video_parameters(video: VideoFormat) -> str:
    sets = [b64encode(unit).decode() for unit in video.parameter_sets]
    if video.codec is VideoCodec.HEVC:
        return ";".join(f"{name}={text}" for name, text in zip(_SETS_HEVC, sets, strict=True))
    profile = video.parameter_sets[0][1:4].hex()
    return f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={','.join(sets)}"


def _audio_parameters(audio: AudioFormat) -> str:
    return (
        "streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;"
        f"indexdeltalength=3;config={audio.config.hex()}"
    )
