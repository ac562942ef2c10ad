"""Codec parameters that travel: a NUT file of a header and one packet.

Verified with H.264 (with B-frames), H.265, MJPEG and AAC: what is muxed or decoded with the
reopened streams equals what came from the camera. An MP4 header would corrupt Annex-B streams.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import TypeAlias

import av
from av.container import InputContainer
from av.error import FFmpegError

from vigil.bus.packets.base import Template
from vigil.errors import MessageInvalid

#: What a camera sends that we keep.
MediaStream: TypeAlias = av.VideoStream | av.AudioStream

_ID_HEX_DIGITS = 16


def template_of(streams: Sequence[MediaStream], first: bytes) -> Template:
    """Return the template of packets whose stream_index counts along streams.

    Args:
        streams: The main video first.
        first: The payload of a keyframe of the first stream, from which parameters are read where
            the stream itself has none.
    """
    file = io.BytesIO()
    with av.open(file, "w", format="nut", metadata_errors="replace") as output:
        outputs = [output.add_stream_from_template(stream, opaque=True) for stream in streams]
        packet = av.Packet(first)
        packet.stream = outputs[0]
        packet.time_base = streams[0].time_base or Fraction(1, 90_000)
        packet.pts = packet.dts = 0
        packet.is_keyframe = True
        output.mux(packet)
    return Template(_template_id(streams), file.getvalue())


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
