"""Codec parameters that travel: a NUT file of a header and one packet.

Verified with H.264 (with B-frames), H.265, MJPEG and AAC: what is muxed or decoded with the
reopened streams equals what came from the camera. An MP4 header would corrupt Annex-B streams.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import av
import structlog
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError

from vigil.bus.packets.base import Template
from vigil.errors import MessageInvalid

log = structlog.get_logger(__name__)

#: What a camera sends that we keep.
MediaStream: TypeAlias = av.VideoStream | av.AudioStream

_ID_HEX_DIGITS = 16
#: NUT has no place for all that makes up this audio: another stands in its stead, and a word beside
#: the streams says what it is.
_STAND_IN = "pcm_mulaw"
_UNFAITHFUL = ("g726",)
_AUDIO_CODEC = "audio_codec"


@dataclass(frozen=True, slots=True)
class AudioParameters:
    """What the packets of a template's audio are.

    Attributes:
        codec: FFmpeg's name of its decoder.
        sample_rate: Hz.
        extradata: As FFmpeg has it; empty: there is none.
    """

    codec: str
    sample_rate: int
    channels: int
    extradata: bytes = b""


def template_of(streams: Sequence[MediaStream], first: bytes) -> Template:
    """Return the template of packets whose stream_index counts along streams.

    Args:
        streams: The main video first.
        first: The payload of a keyframe of the first stream, from which parameters are read where
            the stream itself has none.
    """
    file = io.BytesIO()
    with av.open(file, "w", format="nut", metadata_errors="replace") as output:
        outputs = [output.add_stream_from_template(streams[0], opaque=True)]
        for stream in streams[1:]:
            _add_audio(output, stream)
        packet = av.Packet(first)
        packet.stream = outputs[0]
        packet.time_base = streams[0].time_base or Fraction(1, 90_000)
        packet.pts = packet.dts = 0
        packet.is_keyframe = True
        output.mux(packet)
    return Template(_template_id(streams), file.getvalue())


def with_video_of(template: Template, nut: bytes) -> Template:
    """Return a template of another video, with the audio that a template has.

    Args:
        template: Of the packets that the video was made of.
        nut: A template's, of that video.

    Raises:
        MessageInvalid: FFmpeg cannot read one of them.
    """
    file = io.BytesIO()
    with reopened(template) as old, reopened(Template(template.template_id, nut)) as new:
        video = new.streams.video[0]
        try:
            with av.open(file, "w", format="nut", metadata_errors="replace") as output:
                if _AUDIO_CODEC in old.metadata:
                    output.metadata[_AUDIO_CODEC] = old.metadata[_AUDIO_CODEC]
                made = output.add_stream_from_template(video, opaque=True)
                for audio in old.streams.audio[:1]:
                    output.add_stream_from_template(audio, opaque=True)
                packet = next(new.demux(video))
                packet.stream = made
                output.mux(packet)
        except FFmpegError as error:
            raise MessageInvalid(f"template {template.template_id}: {error}") from error
        digest = hashlib.sha256(f"{template.template_id} {_template_id([video])}".encode())
    return Template(digest.hexdigest()[:_ID_HEX_DIGITS], file.getvalue())


def audio_in(container: InputContainer) -> AudioParameters | None:
    """Return what the audio of a reopened template is; None: it has none."""
    if not container.streams.audio:
        return None
    context = container.streams.audio[0].codec_context
    # FFmpeg may know no decoder of it.
    name = getattr(context, "name", None)
    if name is None:
        return None
    return AudioParameters(
        codec=container.metadata.get(_AUDIO_CODEC, name),
        sample_rate=context.sample_rate,
        channels=context.channels,
        extradata=bytes(context.extradata or b""),
    )


@contextmanager
def reopened(template: Template) -> Iterator[InputContainer]:
    """Open a template, whose streams then serve to decode or to mux packets that name it.

    Raises:
        MessageInvalid: FFmpeg cannot read it.
    """
    try:
        container = av.open(io.BytesIO(template.nut), "r", format="nut", metadata_errors="replace")
    except FFmpegError as error:
        raise MessageInvalid(f"template {template.template_id}: {error}") from error
    with container:
        yield container


def _add_audio(output: OutputContainer, stream: MediaStream) -> None:
    """Add audio to a template, unless it is none that one could use: the video goes on without."""
    context = stream.codec_context
    assert isinstance(context, av.AudioCodecContext)
    if not context.sample_rate or not context.channels:
        log.info("audio_left_out", codec=context.name, reason="it tells no rate or no channels")
        return
    if context.name in output.supported_codecs and context.name not in _UNFAITHFUL:
        output.add_stream_from_template(stream, opaque=True)
        return
    output.metadata[_AUDIO_CODEC] = context.name
    output.add_stream(_STAND_IN, rate=context.sample_rate, layout=context.layout.name)


def _template_id(streams: Sequence[MediaStream]) -> str:
    digest = hashlib.sha256()
    for stream in streams:
        context = stream.codec_context
        size = (
            (stream.codec_context.width, stream.codec_context.height)
            if isinstance(stream, av.VideoStream)
            else (stream.codec_context.sample_rate, stream.codec_context.channels)
        )
        digest.update(repr((context.name, *size)).encode())
        digest.update(bytes(context.extradata or b""))
    return digest.hexdigest()[:_ID_HEX_DIGITS]
