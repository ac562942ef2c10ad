"""A line of words over a picture."""

import cv2
import numpy as np

from vigil.errors import FrameInvalid
from vigil.media.text import lettering
from web.live.no_signal import jpeg_of

#: Height of the banner as a share of the picture's.
_SHARE = 0.055
#: The smallest capitals that somebody can read.
_SMALLEST_PX = 5
_TEXT_BGR = (255, 255, 255)
_BACK_BGR = (60, 50, 160)


def with_banner(jpeg: bytes, text: str) -> bytes:
    """Return jpeg with a banner along its top edge.

    Args:
        jpeg: Of any size.
        text: Made smaller, then cut, where it is too long for the width.

    Raises:
        FrameInvalid: It cannot be decoded.
    """
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise FrameInvalid("a JPEG that cannot be decoded")
    image = decoded.astype(np.uint8, copy=False)
    height, width = image.shape[:2]
    band = max(18, round(height * _SHARE))
    cv2.rectangle(image, (0, 0), (width, band), _BACK_BGR, -1)
    shown = lettering(
        text,
        capital_px=max(8, round(band * 0.45)),
        max_width_px=width - band,
        min_capital_px=_SMALLEST_PX,
    )
    base = (band + shown.capital_px) // 2
    shown.draw_on(image, left_px=band // 2, base_px=base, color=_TEXT_BGR)
    return jpeg_of(image)
