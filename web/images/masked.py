"""Saved pictures as they may be shown: masks of now hide what a picture from before still has."""

from collections.abc import Sequence

import cv2
import numpy as np

from vigil.camera_document import Mask
from vigil.domain.frame import read_stamp, stamped
from vigil.errors import FrameInvalid
from vigil.media.mask_paint import mask_picture

#: As good as the pictures that are saved; it is made for one look, and not kept.
_QUALITY = 90


def masked_picture(jpeg: bytes, masks: Sequence[Mask]) -> bytes:
    """Return a saved picture with privacy masks painted over it.

    Args:
        jpeg: Of the whole scene, with its stamp.
        masks: In pixels of the frame on which each was drawn.

    Raises:
        FrameInvalid: It cannot be painted, so it must not be shown: it is no picture, or nobody
            knows of which part of the frame.
    """
    stamp = read_stamp(jpeg)
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise FrameInvalid("a JPEG that cannot be decoded")
    image_bgr = decoded.astype(np.uint8, copy=False)
    mask_picture(image_bgr, masks, full_wh=(stamp.width_px, stamp.height_px))
    is_encoded, painted = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not is_encoded:
        raise FrameInvalid("no JPEG can be made of it")
    return stamped(painted.tobytes(), stamp)
