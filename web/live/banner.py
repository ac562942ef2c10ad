"""A line of words over a picture."""

import cv2
import numpy as np

from vigil.errors import FrameInvalid
from web.live.no_signal import jpeg_of

_FONT = cv2.FONT_HERSHEY_DUPLEX
#: Height of the banner as a share of the picture's.
_SHARE = 0.055
_TEXT_BGR = (255, 255, 255)
_BACK_BGR = (60, 50, 160)


def with_banner(jpeg: bytes, text: str) -> bytes:
    """Return jpeg with a banner along its top edge.

    Args:
        jpeg: Of any size.
        text: ASCII; made to fit the width.

    Raises:
        FrameInvalid: It cannot be decoded.
    """
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise FrameInvalid("a JPEG that cannot be decoded")
    height, width = image.shape[:2]
    band = max(18, round(height * _SHARE))
    cv2.rectangle(image, (0, 0), (width, band), _BACK_BGR, -1)
    scale = cv2.getFontScaleFromHeight(_FONT, max(8, round(band * 0.45)), 1)
    (text_width, text_height), _ = cv2.getTextSize(text, _FONT, scale, 1)
    if text_width > width - band:
        scale *= (width - band) / text_width
    place = (band // 2, (band + text_height) // 2)
    cv2.putText(image, text, place, _FONT, scale, _TEXT_BGR, 1, cv2.LINE_AA)
    return jpeg_of(image.astype(np.uint8, copy=False))
