"""The picture of a camera that gives none: it can never be taken for a live one."""

from datetime import datetime
from functools import lru_cache

import cv2
import numpy as np

from vigil.media.text import Bgr, Image, lettering

WIDTH_PX, HEIGHT_PX = 960, 540
_TOP_BGR = (142, 45, 96)
_BOTTOM_BGR = (58, 16, 30)
_RED_BGR = (60, 50, 225)
_WHITE_BGR = (255, 255, 255)
_PALE_BGR = (235, 215, 228)
#: Longer words become smaller, to this height of a capital letter.
_SMALLEST_PX = 10
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
    _center(image, "NO SIGNAL", base_px=330, capital_px=42, color=_WHITE_BGR)
    _center(image, name, base_px=392, capital_px=22, color=_WHITE_BGR)
    if reason:
        _center(image, reason, base_px=436, capital_px=16, color=_PALE_BGR)
    if since is not None:
        text = f"since {since:%Y-%m-%d %H:%M:%S %Z}"
        _center(image, text, base_px=474, capital_px=15, color=_PALE_BGR)
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


def _center(image: Image, text: str, *, base_px: int, capital_px: int, color: Bgr) -> None:
    shown = lettering(
        text, capital_px=capital_px, max_width_px=WIDTH_PX - 60, min_capital_px=_SMALLEST_PX
    )
    shown.draw_on(image, left_px=(WIDTH_PX - shown.width_px) // 2, base_px=base_px, color=color)
