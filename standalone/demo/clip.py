"""Clips that the project makes itself: the demo's street, and test cards whose frames are numbered.

Written under a temporary name and renamed when whole, so that whoever finds a clip can use it.
"""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from standalone.demo.counter import burn_counter, draw_test_card
from standalone.demo.paint.sprite import Image
from standalone.demo.scene import MINUTE, SCENE_S, Actor, Scene
from standalone.demo.truth import LabelledBox, SceneTruth

_AUDIO_HZ = 48_000
_AUDIO_BLOCK = 1024
_TONE_HZ = 440.0
#: Rows and columns by which the noise may be shifted, so that one picture of it is enough.
_NOISE_SHIFT_PX = 64


class Codec(StrEnum):
    """How a clip's video is encoded."""

    H264 = "h264"
    HEVC = "hevc"


_ENCODERS = {Codec.H264: "libx264", Codec.HEVC: "libx265"}


@dataclass(frozen=True, slots=True)
class ClipFormat:
    """How a clip is made, whatever it shows.

    Attributes:
        size_wh: Width and height in pixels, both even.
        fps: Frames a second.
        length_s: Seconds of video; the street joins its own beginning at SCENE_S.
        gop_s: Seconds from keyframe to keyframe.
        b_frames: Consecutive B-frames at most; 0: frames are stored in the order shown.
        crf: Quality, as x264 and x265 understand it; lower is better and larger.
        noise: Standard deviation of the sensor's noise, in levels of luma.
        with_audio: Add a tone in AAC, as a second stream.
        counted: Burn each frame's number into it (see ``standalone.demo.counter``).
    """

    size_wh: tuple[int, int] = (1280, 720)
    fps: Fraction = Fraction(10)
    length_s: float = SCENE_S
    codec: Codec = Codec.H264
    gop_s: float = 2.0
    b_frames: int = 0
    crf: int = 26
    noise: float = 0.9
    with_audio: bool = False
    counted: bool = False

    def frame_count(self) -> int:
        """Return the number of frames of the clip."""
        return round(self.length_s * self.fps)


def render_clip(
    path: Path,
    *,
    form: ClipFormat | None = None,
    seed: int = 1,
    begin_s: float = 0.0,
    actors: Sequence[Actor] = MINUTE,
) -> SceneTruth:
    """Render the street into a file; return what each of its frames shows.

    Args:
        path: Where to; its suffix names the container, such as ``.mp4`` or ``.mkv``. What is
            there is replaced when the new clip is whole.
        form: None: 60 s of 1280x720 H.264 at 10 frames a second.
        seed: The same seed makes the same clip.
        begin_s: The second of the street's minute to begin at.
        actors: Who comes by.
    """
    form = form or ClipFormat()
    scene = Scene(seed, actors=actors)
    seen: list[tuple[LabelledBox, ...]] = []

    def pictures() -> Iterator[Image]:
        for number in range(form.frame_count()):
            image_bgr, boxes = scene.look(begin_s + float(number / form.fps), form.size_wh)
            seen.append(boxes)
            if form.counted:
                burn_counter(image_bgr, number)
            yield image_bgr

    _write(path, pictures(), form, seed)
    return SceneTruth(form.size_wh, float(form.fps), tuple(seen))


def render_test_card(path: Path, *, form: ClipFormat | None = None, seed: int = 1) -> int:
    """Render numbered test cards into a file, as render_clip; return how many."""
    form = form or ClipFormat(size_wh=(640, 360), length_s=10.0)
    cards = (draw_test_card(number, form.size_wh) for number in range(form.frame_count()))
    _write(path, cards, form, seed)
    return form.frame_count()


def _write(path: Path, pictures: Iterable[Image], form: ClipFormat, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays: it tells FFmpeg the container.
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        with av.open(unfinished, "w") as container:
            _encode(container, pictures, form, seed)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _encode(
    container: OutputContainer, pictures: Iterable[Image], form: ClipFormat, seed: int
) -> None:
    video = _add_video(container, form)
    audio = _add_audio(container) if form.with_audio else None
    grain = _Grain(form, seed)
    for number, image_bgr in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(grain.over(image_bgr), format="yuv420p")
        frame.pts, frame.time_base = number, 1 / form.fps
        container.mux(video.encode(frame))
    container.mux(video.encode())
    if audio is not None:
        for tone in _tone(form.length_s):
            container.mux(audio.encode(tone))
        container.mux(audio.encode())


def _add_video(container: OutputContainer, form: ClipFormat) -> VideoStream:
    gop = max(1, round(form.gop_s * form.fps))
    stream = container.add_stream(_ENCODERS[form.codec], rate=form.fps)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = form.size_wh
    stream.pix_fmt = "yuv420p"
    stream.gop_size = gop
    context = stream.codec_context
    context.max_b_frames = form.b_frames
    # By frames: PyAV would thread by slices, and cut each picture into as many.
    context.thread_type = "FRAME"
    context.thread_count = 2
    # cv2 converts by BT.601; said in the stream, or a browser takes 720p for BT.709.
    context.colorspace = Colorspace.SMPTE170M
    context.color_range = ColorRange.MPEG
    # Keyframes at fixed places, as cameras do, so that tests know where they are.
    fixed = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={form.b_frames}:open-gop=0"
    if form.codec is Codec.H264:
        # make run waits for this clip: little searching makes it faster, and hardly larger.
        lazy = f"{fixed}:ref=1:subme=1:me=dia:weightp=0"
        stream.options = {"preset": "veryfast", "crf": str(form.crf), "x264-params": lazy}
    else:
        quiet = f"{fixed}:log-level=error:pools=2:frame-threads=1"
        stream.options = {"preset": "ultrafast", "crf": str(form.crf), "x265-params": quiet}
    return stream


def _add_audio(container: OutputContainer) -> AudioStream:
    stream = container.add_stream("aac", rate=_AUDIO_HZ)
    assert isinstance(stream, AudioStream)
    stream.layout = "mono"
    return stream


def _tone(length_s: float) -> Iterator[av.AudioFrame]:
    for first in range(0, math.floor(length_s * _AUDIO_HZ) - _AUDIO_BLOCK, _AUDIO_BLOCK):
        at_s = (first + np.arange(_AUDIO_BLOCK)) / _AUDIO_HZ
        wave = (0.2 * np.sin(math.tau * _TONE_HZ * at_s)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = _AUDIO_HZ, first
        frame.time_base = Fraction(1, _AUDIO_HZ)
        yield frame


class _Grain:
    """The noise of a sensor, drawn once and shifted at random from frame to frame."""

    def __init__(self, form: ClipFormat, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        width, height = form.size_wh
        self._height = height
        shape = (height + _NOISE_SHIFT_PX, width + _NOISE_SHIFT_PX)
        noise = np.round(self._rng.normal(0, form.noise, shape))
        self._lighter = np.clip(noise, 0, 255).astype(np.uint8)
        self._darker = np.clip(-noise, 0, 255).astype(np.uint8)

    def over(self, image_bgr: Image) -> Image:
        """Return a picture as planes of YUV 4:2:0, ``(H * 3 / 2, W)``, with noise on its luma."""
        planes = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2YUV_I420).astype(np.uint8, copy=False)
        down, across = self._rng.integers(0, _NOISE_SHIFT_PX, 2)
        part = np.s_[down : down + self._height, across : across + planes.shape[1]]
        luma = cv2.add(planes[: self._height], self._lighter[part])
        planes[: self._height] = cv2.subtract(luma, self._darker[part])
        return planes
