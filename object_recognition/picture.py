"""JPEG to pixels and back, for pictures that somebody else made.

A picture in strips is decoded and coded by two threads, half of it each: libjpeg-turbo runs without
Python's lock, and half the time is half the wait for whoever watches.
"""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from functools import cache, cached_property, partial
from typing import TypeVar

import numpy as np
import simplejpeg

from object_recognition.detection import ImageBgr
from vigil.errors import FrameInvalid
from vigil.media.bounds import require_size
from vigil.media.strips import STRIP_PX, apart, together, tops_of

T = TypeVar("T")

#: Held by who is helped: there is one helper.
_is_helping = threading.Lock()
#: Of a smaller picture, handing half of it over takes longer than it spares.
_PIXELS_FOR_TWO = 640 * 480


def decoded(jpeg: bytes) -> ImageBgr:
    """Return the pixels of a JPEG.

    Raises:
        FrameInvalid: It is no whole JPEG, or its size is out of bounds.
    """
    width, height = measured(jpeg)
    striped = apart(jpeg)
    pixels = np.empty((height, width, 3), np.uint8)
    is_whole = striped is None or striped.size_wh != (width, height) or len(striped.strips) < 2
    if striped is None or is_whole or width * height < _PIXELS_FOR_TWO:
        _decode(jpeg, pixels)
        return pixels
    middle = len(striped.strips) // 2
    upper, lower = striped.joined(0, middle), striped.joined(middle)
    rows = middle * STRIP_PX
    _at_once(partial(_decode, lower, pixels[rows:]), partial(_decode, upper, pixels[:rows]))
    return pixels


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
    """Return a JPEG of a picture, in strips.

    Args:
        image_bgr: ``(H, W, 3)`` uint8.
        quality: 1 to 100, as libjpeg means it.
    """
    height = image_bgr.shape[0]
    return together(_strips(image_bgr, tops_of(height), quality), height_px=height).joined()


def redrawn(
    jpeg: bytes, image_bgr: ImageBgr, drawn_strips: Sequence[int], *, quality: int
) -> bytes:
    """Return a JPEG of a picture that was drawn on.

    Where the picture has strips of this quality, and was drawn on, those that nobody drew on are
    copied.

    Args:
        jpeg: The picture as it was.
        image_bgr: As it is now, ``(H, W, 3)`` uint8.
        drawn_strips: The numbers of the strips that were drawn on.
        quality: 1 to 100, as libjpeg means it.
    """
    before, (height, width) = apart(jpeg), image_bgr.shape[:2]
    if before is None or before.size_wh != (width, height) or not drawn_strips:
        return encoded(image_bgr, quality=quality)
    if before.coding != _coding(quality):
        return encoded(image_bgr, quality=quality)
    tops = tops_of(height)
    jpegs = _strips(image_bgr, [tops[number] for number in drawn_strips], quality)
    drawn = together(jpegs, height_px=height)
    strips = list(before.strips)
    for number, strip in zip(drawn_strips, drawn.strips, strict=True):
        strips[number] = strip
    return replace(drawn, strips=strips).joined()


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


def _decode(jpeg: bytes, pixels: ImageBgr) -> None:
    try:
        # Strict: half a picture with a grey rest is no picture of what happened.
        simplejpeg.decode_jpeg(jpeg, colorspace="BGR", strict=True, buffer=pixels)
    except ValueError as error:
        raise FrameInvalid(f"a broken JPEG: {error}") from error


def _strips(image_bgr: ImageBgr, tops: Sequence[int], quality: int) -> list[bytes]:
    """Return JPEGs of the strips of a picture that begin at these rows."""

    def coded(some: Sequence[int]) -> list[bytes]:
        return [_coded(image_bgr[top : top + STRIP_PX], quality) for top in some]

    if len(tops) * STRIP_PX * image_bgr.shape[1] < _PIXELS_FOR_TWO:
        return coded(tops)
    middle = len(tops) // 2
    lower, upper = _at_once(partial(coded, tops[middle:]), partial(coded, tops[:middle]))
    return upper + lower


def _coded(image_bgr: ImageBgr, quality: int) -> bytes:
    jpeg: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(image_bgr), quality=quality, colorspace="BGR", colorsubsampling="420"
    )
    return jpeg


@cache
def _coding(quality: int) -> bytes:
    """Return what the coded bytes of our pictures mean."""
    return together([_coded(np.zeros((1, 1, 3), np.uint8), quality)], height_px=1).coding


def _at_once(there: Callable[[], T], here: Callable[[], T]) -> tuple[T, T]:
    """Return what two calls return, of which another thread makes the first where it can."""
    helper = _helper()
    # Where several threads decode at once they share the cores already.
    if helper is None or not _is_helping.acquire(blocking=False):
        return there(), here()
    try:
        other = helper.submit(there)
        try:
            own = here()
        finally:
            wait([other])
        return other.result(), own
    finally:
        _is_helping.release()


@cache
def _helper() -> ThreadPoolExecutor | None:
    is_any_idle = len(os.sched_getaffinity(0)) > 1
    return ThreadPoolExecutor(1, thread_name_prefix="jpeg") if is_any_idle else None
