"""A client of cameras, as tests want one: FFmpeg through PyAV, with every wait bounded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame

from standalone.demo.counter import read_counter
from standalone.demo.rtsp.nal import split_annexb

Transport = Literal["tcp", "udp"]
TRANSPORTS: tuple[Transport, ...] = ("tcp", "udp")
#: Seconds that a camera may say nothing.
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A packet as it came.

    Attributes:
        pts: In ticks of 1/90000 s; FFmpeg gives none to the first packet.
        units: NAL units of video.
    """

    pts: int | None
    is_key: bool
    units: tuple[bytes, ...]


@contextmanager
def watching(
    url: str, *, transport: Transport = "tcp", patience_s: float = PATIENCE_S
) -> Iterator[InputContainer]:
    """Give an opened camera."""
    options = {"timeout": str(round(patience_s * 1_000_000))}
    if url.startswith("rtsp:"):
        # A stream is known by its SDP: to look at more of it first would only take time.
        options |= {"rtsp_transport": transport, "probesize": "20000", "analyzeduration": "300000"}
    with av.open(url, options=options) as container:
        yield container


def packets(container: InputContainer, count: int) -> list[Seen]:
    """Return the next packets of the video."""
    return [
        Seen(packet.pts, packet.is_keyframe, tuple(split_annexb(bytes(packet))))
        for packet in islice(container.demux(video=0), count)
        if packet.size
    ]


def numbers(container: InputContainer, count: int) -> list[int | None]:
    """Return the numbers burnt into the next frames; None for a frame that shows none."""
    return [number_of(frame) for frame in islice(container.decode(video=0), count)]


def number_of(frame: VideoFrame) -> int | None:
    """Return the number burnt into a decoded frame."""
    return read_counter(frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False))
