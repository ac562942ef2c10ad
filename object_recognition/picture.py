"""JPEG to pixels and back, for pictures that somebody else made."""

from functools import cached_property

import numpy as np
import simplejpeg

from object_recognition.detection import ImageBgr
from vigil.errors import FrameInvalid
from vigil.media.bounds import require_size


def decoded(jpeg: bytes) -> ImageBgr:
    """Return the pixels of a JPEG.

    Raises:
        FrameInvalid: It is no whole JPEG, or its size is out of bounds; nothing was decoded then.
    """
    measured(jpeg)
    try:
        # Strict: half a picture with a grey rest is no picture of what happened.
        pixels = simplejpeg.decode_jpeg(jpeg, colorspace="BGR", strict=True)
    except ValueError as error:
        raise FrameInvalid(f"a broken JPEG: {error}") from error
    return np.asarray(pixels, np.uint8)


def measured(jpeg: bytes) -> tuple[int, int]:
    """Return the width and height that a JPEG has by its header.

    Raises:
        FrameInvalid: It is no JPEG, or its size is out of bounds.
    """
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(jpeg)
    except ValueError as error:
        raise FrameInvalid(f"no JPEG: {error}") from error
    require_size(width, height)
    return (width, height)


def encoded(image_bgr: ImageBgr, *, quality: int) -> bytes:
    """Return a JPEG of a picture.

    Args:
        image_bgr: ``(H, W, 3)`` uint8.
        quality: 1 to 100, as libjpeg means it.
    """
    jpeg: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(image_bgr), quality=quality, colorspace="BGR", colorsubsampling="420"
    )
    return jpeg


class JpegPicture:
    """A frame whose pixels are decoded when they are first asked for. See ``detection.Picture``."""

    def __init__(self, jpeg: bytes) -> None:
        self.jpeg = jpeg

    @cached_property
    def size_wh(self) -> tuple[int, int]:
        """Its width and height."""
        return measured(self.jpeg)

    @cached_property
    def image_bgr(self) -> ImageBgr:
        """Its pixels."""
        return decoded(self.jpeg)
