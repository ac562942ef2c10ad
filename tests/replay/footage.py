"""Clips for replays, with truth."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from standalone.demo.clip import ClipFormat
from standalone.demo.truth import SceneTruth

Image = NDArray[np.uint8]
#: 16 s of the demo's street: somebody walks from its first second to its twelfth, another from the
#: sixth on.
STREET = ClipFormat(size_wh=(640, 360), fps=Fraction(10), length_s=16.0, gop_s=1.0)


class Street(NamedTuple):
    """A clip of the demo's street, and what it shows."""

    path: Path
    truth: SceneTruth


def grey(level: int, *, width: int = 320, height: int = 240) -> Image:
    """Return a picture of one grey."""
    return np.full((height, width, 3), level, np.uint8)


def write_clip(
    path: Path,
    pictures: Iterable[Image],
    *,
    fps: int = 10,
    pts: Callable[[int], int] = lambda number: number,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write H.264 of pictures that are all of one size, each a keyframe.

    Args:
        path: Its suffix names the container.
        pictures: In BGR.
        fps: Frames a second.
        pts: When each is shown, in units of a frame.
        metadata: What the container says of itself.
    """
    with av.open(path, "w") as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream("libx264", rate=fps)
        assert isinstance(stream, VideoStream)
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "1"}
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = pts(number), Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """Write a file with a second of silence, and no video."""
    with av.open(path, "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        for first in range(0, 48_000, 1024):
            frame = av.AudioFrame.from_ndarray(
                np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
            )
            frame.sample_rate, frame.pts = 48_000, first
            frame.time_base = Fraction(1, 48_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@cache
def levels_of(path: Path) -> list[int]:
    """Return the mean level of each frame of a video."""
    with av.open(path) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    return [round(float(frame.mean())) for frame in frames]
