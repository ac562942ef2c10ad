"""The footage that cameras show: 1920x1080 at 25 frames a second, 4 Mbit/s, a keyframe each 2 s.

A sub-stream shows the same at 640x360 and 512 kbit/s.

Where hardly anything moves the rate is variable, and 4 Mbit/s the most.

Rendered when first asked for, and kept in ``bench/clips/``, which git ignores. ``python -m
bench.clips`` renders all.
"""

import itertools
import os
from collections.abc import Iterable, Iterator
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.filter
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from standalone.demo.paint.sprite import Image
from standalone.demo.scene import NAVY, Scene, Way, person

FOLDER = Path(__file__).parent / "clips"
SIZE_WH = (1920, 1080)
FPS = 25
BITS_PER_S = 4_000_000
SUB_SIZE_WH, SUB_BITS_PER_S = (640, 360), 512_000
GOP_S = 2
#: Long enough that a camera does not repeat itself within a measured window's GOPs.
LENGTH_S = 16
#: Standard deviation of the sensor's noise, in levels: weak, as in daylight.
_NOISE = 1.5
#: Of a still clip: so much of it shows a held frame.
_STILL_SHARE = 0.8
#: Raised with the picture, so that an older clip is not taken for this one's.
_VERSION = 1


class Footage(StrEnum):
    """What a clip shows.

    ``testsrc2`` is FFmpeg's moving test pattern. ``real`` is a car and people, from the shared
    clips in VIGIL_DATA_DIR; without them the demo's street, which is then called ``painted``.
    ``still`` is the same, with the picture held for four fifths of the time. In ``empty`` nothing
    ever moves but the sensor's noise; through ``entered`` somebody walks, from the tenth second on.
    """

    TESTSRC2 = "testsrc2"
    REAL = "real"
    PAINTED = "painted"
    STILL = "still"
    EMPTY = "empty"
    ENTERED = "entered"


_UNSTEADY = {Footage.EMPTY, Footage.ENTERED}
#: Crosses the empty street at a brisk pace, and leaves it empty for longer than the clip lasts.
WALKER = person(Way(10.0, 6.0, (-60.0, 450.0), (1345.0, 454.0)), NAVY)
#: A camera rests between two walks.
ENTERED_LENGTH_S = 24


def best_footage() -> Footage:
    """Return the nearest to real footage that there is here."""
    return Footage.REAL if _shared_clips() else Footage.PAINTED


def clip(footage: Footage) -> Path:
    """Return a clip, which is rendered when it is not there."""
    source = best_footage() if footage is Footage.STILL else footage
    name = f"{footage}-of-{source}" if source is not footage else str(footage)
    path = FOLDER / f"{name}-{_VERSION}.mp4"
    if not path.exists():
        FOLDER.mkdir(exist_ok=True)
        length_s = ENTERED_LENGTH_S if footage is Footage.ENTERED else LENGTH_S
        lead_s = GOP_S if footage in _UNSTEADY else 0
        frames = (length_s + lead_s) * FPS
        pictures: Iterator[Image] = itertools.islice(_pictures(source), frames)
        if footage is Footage.STILL:
            pictures = _held(pictures)
        _render(
            path,
            pictures if footage is Footage.TESTSRC2 else _noisy(pictures),
            lead_s=lead_s,
        )
    return path


def sub_clip(footage: Footage) -> Path:
    """Return a clip as a sub-stream has it; it is rendered when it is not there."""
    path = FOLDER / f"{footage}-sub-{_VERSION}.mp4"
    if not path.exists():
        with av.open(clip(footage)) as container:
            smaller = (
                frame.to_ndarray(width=SUB_SIZE_WH[0], height=SUB_SIZE_WH[1], format="bgr24")
                for frame in container.decode(video=0)
            )
            pictures = (each.astype(np.uint8, copy=False) for each in smaller)
            _render(path, pictures, lead_s=0, size_wh=SUB_SIZE_WH, bits_per_s=SUB_BITS_PER_S)
    return path


def _shared_clips() -> list[Path]:
    folder = Path(os.environ.get("VIGIL_DATA_DIR", "")) / "video"
    paths = [folder / "plate_uk_720p.mp4", folder / "vtest_480x360.avi"]
    return paths if all(path.is_file() for path in paths) else []


def _pictures(footage: Footage) -> Iterator[Image]:
    """Yield pictures of SIZE_WH."""
    match footage:
        case Footage.TESTSRC2:
            yield from _pattern()
        case Footage.REAL:
            for path in _shared_clips():
                # Half of the clip each. A slow source moves faster: no frame is held.
                yield from itertools.islice(_scaled(path), LENGTH_S * FPS // 2)
        case Footage.EMPTY:
            yield from itertools.repeat(Scene(seed=1, actors=()).look(0.0, SIZE_WH)[0])
        case Footage.ENTERED:
            yield from _looks(Scene(seed=1, actors=(WALKER,)), begin_s=-GOP_S)
        case _:
            yield from _looks(Scene(seed=1))


def _looks(scene: Scene, *, begin_s: int = 0) -> Iterator[Image]:
    for number in itertools.count(begin_s * FPS):
        yield scene.look(number / FPS, SIZE_WH)[0]


def entered_frame() -> int:
    """Return the first frame of ``entered`` in which a part of somebody is to be seen."""
    scene = Scene(seed=1, actors=(WALKER,))
    numbers = range(ENTERED_LENGTH_S * FPS)
    return next(each for each in numbers if scene.look(each / FPS, SIZE_WH)[1])


def _pattern() -> Iterator[Image]:
    graph = av.filter.Graph()
    source = graph.add("testsrc2", f"size={SIZE_WH[0]}x{SIZE_WH[1]}:rate={FPS}")
    sink = graph.add("buffersink")
    source.link_to(sink)
    graph.configure()
    while True:
        frame = graph.pull()
        assert isinstance(frame, av.VideoFrame)
        yield frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


def _scaled(path: Path) -> Iterator[Image]:
    """Yield the frames of a clip, over and over, scaled."""
    while True:
        with av.open(path) as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(width=SIZE_WH[0], height=SIZE_WH[1], format="bgr24").astype(
                    np.uint8, copy=False
                )


def _held(pictures: Iterable[Image]) -> Iterator[Image]:
    """Yield as many pictures, of which all but the first of each five seconds are held ones."""
    period = 5 * FPS
    moving = round(period * (1 - _STILL_SHARE))
    held: Image | None = None
    for number, picture in enumerate(pictures):
        if held is None or number % period < moving:
            held = picture
        yield held


def _noisy(pictures: Iterable[Image]) -> Iterator[Image]:
    rng = np.random.default_rng(1)
    # One picture of noise, shifted at random: drawing it anew costs more than the encoder.
    grain = rng.normal(0, _NOISE, (SIZE_WH[1] + 64, SIZE_WH[0] + 64, 1)).repeat(3, axis=2)
    grain = grain.round().astype(np.int16)
    for picture in pictures:
        down, across = rng.integers(0, 64, 2)
        part = grain[down : down + SIZE_WH[1], across : across + SIZE_WH[0]]
        yield cv2.add(picture, part, dtype=cv2.CV_8U).astype(np.uint8, copy=False)


def _render(
    path: Path,
    pictures: Iterable[Image],
    *,
    lead_s: int,
    size_wh: tuple[int, int] = SIZE_WH,
    bits_per_s: int = BITS_PER_S,
) -> None:
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        with av.open(unfinished, "w") as container:
            stream = container.add_stream("libx264", rate=FPS)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height = size_wh
            _configure(stream, bits_per_s, is_steady=not lead_s)
            for number, picture in enumerate(pictures):
                frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                _mux(container, stream.encode(frame), lead_s)
            _mux(container, stream.encode(), lead_s)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _mux(container: OutputContainer, packets: Iterable["av.Packet[Any]"], lead_s: int) -> None:
    """Write packets, but those of the lead: an encoder begins otherwise than it goes on."""
    for packet in packets:
        assert packet.pts is not None
        assert packet.dts is not None
        lead = round(lead_s / packet.time_base)
        if packet.pts >= lead:
            packet.pts, packet.dts = packet.pts - lead, packet.dts - lead
            container.mux(packet)


def _configure(stream: VideoStream, bits_per_s: int, *, is_steady: bool) -> None:
    stream.pix_fmt = "yuv420p"
    # Of a scene at rest, a camera of variable rate sends little; one of a steady rate its noise.
    rate: dict[str, str] = {}
    if is_steady:
        stream.bit_rate = bits_per_s
    else:
        rate = {"crf": "26"}
    # As cameras do: a steady rate, keyframes at fixed places, no B-frames.
    gop = GOP_S * FPS
    stream.options = {
        **rate,
        "preset": "veryfast",
        "maxrate": str(bits_per_s),
        "bufsize": str(bits_per_s),
        "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0",
    }
    stream.codec_context.thread_count = 2


if __name__ == "__main__":
    for each in (Footage.TESTSRC2, best_footage(), Footage.STILL):
        print(clip(each))
