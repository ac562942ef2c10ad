"""Pictures that tests look at."""

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def bgr_of(jpeg: bytes) -> Image:
    """Return the picture of a JPEG as ``(H, W, 3)``, decoded by another library than ours."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None, "not a JPEG"
    return image.astype(np.uint8, copy=False)
