"""A decoded frame as a JPEG in strips, without the way over BGR.

Video carries luma in 16 to 235 and chroma in 16 to 240, a JPEG (JFIF) both in 0 to 255. Its colours
are those of ITU-R BT.601, while large video is often in BT.709 and says so. OpenCV brings the
planes to what a JPEG has, and libjpeg-turbo then takes them as they are: strip by strip, while they
are in the processor's cache.
"""

import av
import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace

from vigil.errors import FrameInvalid
from vigil.media.bounds import require_size
from vigil.media.strips import STRIP_PX, together, tops_of

Plane = npt.NDArray[np.uint8]
#: Luma, and the two of chroma.
Planes = tuple[Plane, Plane, Plane]

#: Formats whose first plane is luma, a byte a pixel: what cameras send, and nearly all there is.
_PLANAR_8 = frozenset(
    f"yuv{range_}{sampling}p" for range_ in ("", "j") for sampling in ("420", "422", "440", "444")
) | {"nv12", "nv21", "gray"}

#: Black, and the least chroma, of video (ITU-R BT.601): below lies only overshoot.
_LEAST = 16


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
        is_narrow = frame.format.name == "yuv420p" and frame.color_range != ColorRange.JPEG
        is_jpeg = frame.format.name == "yuvj420p"
        planes = _planes(frame if is_narrow or is_jpeg else frame.reformat(format="yuvj420p"))
        if frame.colorspace == Colorspace.ITU709:
            # As a whole: what a row of luma takes of chroma lies in two rows of that.
            planes = _in_bt601(*(_widened_planes(planes) if is_narrow else planes))
            is_narrow = False
        jpegs = []
        for top in tops_of(frame.height):
            strip = _strip(planes, top)
            luma, blue, red = _widened_planes(strip) if is_narrow else strip
            jpegs.append(simplejpeg.encode_jpeg_yuv_planes(_even(luma), blue, red, quality=quality))
    except (FFmpegError, ValueError) as error:
        raise FrameInvalid(f"no JPEG can be made of {frame.format.name}: {error}") from error
    return together(jpegs, height_px=frame.height).joined()


def luma_of(frame: av.VideoFrame) -> Plane | None:
    """Return the luma plane ``(H, W)``, without a copy; None where a format has none of bytes."""
    if frame.format.name not in _PLANAR_8:
        return None
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def _strip(planes: Planes, top: int) -> Planes:
    """Return the planes, in 4:2:0, of the strip that begins at row top of luma."""
    luma, blue, red = planes
    low, high = top // 2, (top + STRIP_PX) // 2
    return (
        np.ascontiguousarray(luma[top : top + STRIP_PX]),
        np.ascontiguousarray(blue[low:high]),
        np.ascontiguousarray(red[low:high]),
    )


def _even(luma: Plane) -> Plane:
    """Return a plane behind which lies another row and column, where a side of it is odd.

    The encoder reads whole squares of two by two pixels, and beyond a plane's end if it must.
    """
    height, width = luma.shape
    if height % 2 == width % 2 == 0:
        return luma
    padded = cv2.copyMakeBorder(luma, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8)[:, :width]


def _widened_planes(planes: Planes) -> Planes:
    """Return planes with every level from 0 to 255."""
    luma, blue, red = planes
    return (
        _widened(luma, 255 / 219, 0.0),
        _widened(blue, 255 / 224, 128 - 112 * 255 / 224),
        _widened(red, 255 / 224, 128 - 112 * 255 / 224),
    )


def _widened(plane: Plane, scale: float, least: float) -> Plane:
    """Return ``(plane - 16) * scale + least``, from 0 to 255: faster than a table look-up."""
    # Of all that OpenCV has for it, this takes one pass and ends at zero.
    wide = cv2.addWeighted(plane, scale, plane, 0.0, least - _LEAST * scale)
    return np.asarray(wide, np.uint8)


def _in_bt601(luma: Plane, blue: Plane, red: Plane) -> Planes:
    """Return planes of BT.709 as BT.601 has the same colours: its matrix inverted, times theirs."""
    # Half way between 0 and 255, because it may be less than nothing.
    more_luma = cv2.addWeighted(blue, 0.1016, red, 0.1961, 128 * (1 - 0.1016 - 0.1961))
    more_luma = cv2.resize(more_luma, (luma.shape[1], luma.shape[0]))
    return (
        np.asarray(cv2.addWeighted(luma, 1.0, more_luma, 1.0, -128.0), np.uint8),
        _mixed(blue, 0.9899, red, -0.1107),
        _mixed(red, 0.9834, blue, -0.0725),
    )


def _mixed(chroma: Plane, share: float, other: Plane, other_share: float) -> Plane:
    """Return a sum of chroma planes, whose zero is 128."""
    zero = 128 * (1 - share - other_share)
    return np.asarray(cv2.addWeighted(chroma, share, other, other_share, zero), np.uint8)


def _planes(frame: av.VideoFrame) -> Planes:
    """Return the planes without the padding at the end of each row."""
    views = [
        np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[
            :, : plane.width
        ]
        for plane in frame.planes
    ]
    return views[0], views[1], views[2]
