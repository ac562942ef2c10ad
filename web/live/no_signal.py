"""The picture of a camera that gives none: it can never be taken for a live one."""

import math
from datetime import datetime
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

WIDTH_PX, HEIGHT_PX = 960, 540
_TOP_BGR = (142, 45, 96)
_BOTTOM_BGR = (58, 16, 30)
_RED_BGR = (60, 50, 225)
_WHITE_BGR = (255, 255, 255)
_PALE_BGR = (235, 215, 228)
_FONT = cv2.FONT_HERSHEY_DUPLEX
_QUALITY = 85


@lru_cache(maxsize=256)
def no_signal_jpeg(name: str, since: datetime | None, reason: str | None) -> bytes:
    """Return the no-signal picture as a JPEG of 960x540 pixels.

    Args:
        name: Of the camera.
        since: When it was last seen, in the zone in which it shall be read; None: nobody knows.
        reason: Why there is none, in an owner's words.
    """
    image = _background()
    _draw_sign(image, center=(WIDTH_PX // 2, 170), radius_px=74)
    _center(image, "NO SIGNAL", y=330, scale=2.0, color=_WHITE_BGR, thickness=3)
    _center(image, name, y=392, scale=1.0, color=_WHITE_BGR, thickness=2)
    if reason:
        _center(image, reason, y=436, scale=0.75, color=_PALE_BGR, thickness=1)
    if since is not None:
        text = f"since {since:%Y-%m-%d %H:%M:%S %Z}".rstrip()
        _center(image, text, y=474, scale=0.7, color=_PALE_BGR, thickness=1)
    return jpeg_of(image)


def jpeg_of(image: Image) -> bytes:
    """Return a BGR picture as a JPEG."""
    _, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return buffer.tobytes()


def _background() -> Image:
    share = np.linspace(0.0, 1.0, HEIGHT_PX)[:, None, None]
    rows = (1 - share) * np.array(_TOP_BGR) + share * np.array(_BOTTOM_BGR)
    return np.ascontiguousarray(np.broadcast_to(rows, (HEIGHT_PX, WIDTH_PX, 3)).astype(np.uint8))


def _draw_sign(image: Image, *, center: tuple[int, int], radius_px: int) -> None:
    x, y = center
    cv2.circle(image, center, radius_px, _RED_BGR, -1, cv2.LINE_AA)
    cv2.circle(image, center, radius_px, _WHITE_BGR, 5, cv2.LINE_AA)
    half = radius_px // 8
    bar = np.array(
        [(x - half, y - 40), (x + half, y - 40), (x + half - 3, y + 14), (x - half + 3, y + 14)]
    )
    cv2.fillPoly(image, [bar], _WHITE_BGR, cv2.LINE_AA)
    cv2.circle(image, (x, y + 34), half + 1, _WHITE_BGR, -1, cv2.LINE_AA)


def _center(
    image: Image,
    text: str,
    *,
    y: int,
    scale: float,
    color: tuple[int, int, int],
    thickness: int,
) -> None:
    # OpenCV's fonts know ASCII alone; what they cannot draw shows as a question mark.
    shown = text.encode("ascii", "replace").decode()
    (width, _), _ = cv2.getTextSize(shown, _FONT, scale, thickness)
    widest = WIDTH_PX - 60
    if width > widest:
        scale *= widest / width
        width = math.floor(widest)
    place = ((WIDTH_PX - width) // 2, y)
    cv2.putText(image, shown, place, _FONT, scale, color, thickness, cv2.LINE_AA)
