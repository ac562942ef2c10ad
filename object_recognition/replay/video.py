"""The annotated video: what a viewer of the recognised stream would have seen, as a file."""

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from object_recognition.detection import ImageBgr
from vigil.clock import MICROSECONDS
from vigil.errors import SetupInvalid

#: Every time at which a frame may be shown: as RTP counts, so that each is kept as it is.
_TIME_BASE = Fraction(1, 90_000)
_CRF = 23


class AnnotatedVideo:
    """An MP4 of H.264 that browsers play, written under another name until it is whole.

    Its size is that of the first picture; others are fitted into it, on black.

    Args:
        path: Where it is to be.
        fps: Pictures a second, as far as they come evenly.
        may_replace: Whether it may take the place of what is there.

    Attributes:
        error: Why it was given up; None: it was not.

    Raises:
        SetupInvalid: It cannot be written there.
    """

    def __init__(self, path: Path, *, fps: float, may_replace: bool) -> None:
        if path.is_dir():
            raise SetupInvalid(f"--video {path}: that is a folder")
        if path.exists() and not may_replace:
            raise SetupInvalid(f"--video {path}: that is there already; --force replaces it")
        self.error: str | None = None
        self._path = path
        self._unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._fps = Fraction(fps).limit_denominator(1000)
        self._stream: VideoStream | None = None
        self._size_wh = (0, 0)
        self._first_us = 0
        try:
            self._unfinished.touch(exist_ok=False)
            # The index goes to the front, so that a browser begins before it has all.
            self._container: OutputContainer = av.open(
                self._unfinished, "w", format="mp4", options={"movflags": "faststart"}
            )
        except (FFmpegError, OSError) as error:
            raise SetupInvalid(f"--video {path}: {error.strerror}") from error

    def add(self, image_bgr: ImageBgr, captured_at_us: int) -> None:
        """Add a picture, unless the video was given up before.

        Args:
            image_bgr: ``(H, W, 3)`` uint8, of any size.
            captured_at_us: When it was captured, later than the one before.
        """
        if self.error is not None:
            return
        try:
            stream = self._stream or self._begun(image_bgr, captured_at_us)
            frame = av.VideoFrame.from_ndarray(self._planes(image_bgr), format="yuv420p")
            past_us = captured_at_us - self._first_us
            frame.pts, frame.time_base = round(past_us / MICROSECONDS / _TIME_BASE), _TIME_BASE
            self._container.mux(stream.encode(frame))
        except (FFmpegError, OSError) as error:
            self._give_up(error)

    def finish(self) -> bool:
        """Give the video its name, as it is whole; return whether there is one."""
        if self.error is None and self._stream is None:
            self.error = "there is no picture for it"
        if self.error is not None:
            self.discard()
            return False
        try:
            assert self._stream is not None
            self._container.mux(self._stream.encode())
            self._container.close()
            self._unfinished.replace(self._path)
        except (FFmpegError, OSError) as error:
            self._give_up(error)
        return self.error is None

    def discard(self) -> None:
        """Remove what there is of it."""
        # What is thrown away may fail once more, to be closed as it is.
        with suppress(FFmpegError, OSError):
            self._container.close()
        self._unfinished.unlink(missing_ok=True)

    def _give_up(self, error: FFmpegError | OSError) -> None:
        self.error = error.strerror or str(error)
        self.discard()

    def _begun(self, image_bgr: ImageBgr, captured_at_us: int) -> VideoStream:
        height, width = image_bgr.shape[:2]
        # Chroma has half the pixels each way.
        self._size_wh = (width + width % 2, height + height % 2)
        self._first_us = captured_at_us
        stream = self._container.add_stream("libx264", rate=self._fps)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = self._size_wh
        stream.pix_fmt = "yuv420p"
        stream.time_base = _TIME_BASE
        stream.options = {"preset": "veryfast", "crf": str(_CRF)}
        context = stream.codec_context
        context.time_base = _TIME_BASE
        # cv2 converts by BT.601; said in the stream, or a browser takes 720p for BT.709.
        context.colorspace = Colorspace.SMPTE170M
        context.color_range = ColorRange.MPEG
        self._stream = stream
        return stream

    def _planes(self, image_bgr: ImageBgr) -> ImageBgr:
        """Return a picture as planes of YUV 4:2:0, ``(H * 3 / 2, W)``, in the video's size."""
        fitted = _fitted(image_bgr, self._size_wh)
        return np.asarray(cv2.cvtColor(fitted, cv2.COLOR_BGR2YUV_I420), np.uint8)


def _fitted(image_bgr: ImageBgr, size_wh: tuple[int, int]) -> ImageBgr:
    width, height = size_wh
    own_height, own_width = image_bgr.shape[:2]
    if (own_width, own_height) == size_wh:
        return image_bgr
    scale = min(width / own_width, height / own_height)
    if own_width + own_width % 2 == width and own_height + own_height % 2 == height:
        # A column or a row more, for chroma.
        scale = 1.0
    fitted_wh = (max(1, round(own_width * scale)), max(1, round(own_height * scale)))
    resized = image_bgr if scale == 1.0 else cv2.resize(image_bgr, fitted_wh)
    left, top = (width - fitted_wh[0]) // 2, (height - fitted_wh[1]) // 2
    fitted = np.zeros((height, width, 3), np.uint8)
    fitted[top : top + fitted_wh[1], left : left + fitted_wh[0]] = resized
    return fitted
