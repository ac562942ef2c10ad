"""A decoded frame as a JPEG, without the way over BGR.

Video carries luma in 16 to 235 and chroma in 16 to 240, a JPEG (JFIF) both in 0 to 255. The planes
are widened by OpenCV, and libjpeg-turbo then takes them as they are.
"""

import av
import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg
from av.error import FFmpegError

from vigil.errors import FrameInvalid
from vigil.media.bounds import require_size

Plane = npt.NDArray[np.uint8]

#: Black, and the least chroma, of video (ITU-R BT.601): below lies only overshoot. To OpenCV an
#: array of one is a number.
_LEAST = np.array([16.0])


def encoded(frame: av.VideoFrame, *, quality: int) -> bytes:
    """Return frame as a JPEG of its own size.

    Args:
        frame: In any pixel format.
        quality: 1 to 100, as libjpeg means it.

    Raises:
        FrameInvalid: Its size is out of bounds, or no JPEG can be made of it.
    """
    require_size(frame.width, frame.height)
    try:
        luma, blue, red = _wide_planes(frame)
        jpeg: bytes = simplejpeg.encode_jpeg_yuv_planes(luma, blue, red, quality=quality)
    except (FFmpegError, ValueError) as error:
        raise FrameInvalid(f"no JPEG can be made of {frame.format.name}: {error}") from error
    return jpeg


def _wide_planes(frame: av.VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Return the planes of frame in 4:2:0, with every level from 0 to 255."""
    if frame.format.name == "yuv420p" and frame.color_range != av.video.reformatter.ColorRange.JPEG:
        luma, blue, red = _planes(frame)
        return (
            _widened(luma, 255 / 219, 0.0),
            _widened(blue, 255 / 224, 128 - 112 * 255 / 224),
            _widened(red, 255 / 224, 128 - 112 * 255 / 224),
        )
    full = frame if frame.format.name == "yuvj420p" else frame.reformat(format="yuvj420p")
    luma, blue, red = (np.ascontiguousarray(plane) for plane in _planes(full))
    return luma, blue, red


def _widened(plane: Plane, scale: float, least: float) -> Plane:
    """Return ``(plane - 16) * scale + least``, from 0 to 255: faster than a table look-up."""
    # Apart, because this ends at zero; what came out below it there would come out above.
    wide = cv2.subtract(plane, _LEAST)
    return np.asarray(cv2.convertScaleAbs(wide, dst=wide, alpha=scale, beta=least), np.uint8)


def _planes(frame: av.VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Return the planes without the padding at the end of each row."""
    views = [
        np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[
            :, : plane.width
        ]
        for plane in frame.planes
    ]
    return views[0], views[1], views[2]
