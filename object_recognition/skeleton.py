"""Keypoints in the picture: a body's joints and limbs, or dots."""

import cv2
import numpy as np
from numpy.typing import NDArray

from object_recognition.detection import ImageBgr

#: Points of less confidence are guesses, and are not drawn.
LEAST_CONFIDENCE = 0.5
#: COCO's limbs, by the numbers of its seventeen joints: nose, eyes, ears, shoulders, elbows,
#: wrists, hips, knees, ankles; the left one first.
COCO_JOINTS = 17
_COCO_LIMBS = (
    (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
    (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
)  # fmt: skip
_INK = (24, 24, 24)


def draw_skeleton(
    image: ImageBgr, points: NDArray[np.float32], color: tuple[int, int, int], *, line_px: int
) -> None:
    """Draw an object's keypoints; of COCO's seventeen the limbs between them too.

    Args:
        image: The picture.
        points: ``(k, 3)``: x, y in its pixels, and a confidence.
        color: Of the object's box.
        line_px: How wide a line is.
    """
    # As far as this outside, OpenCV's integers hold, and lines still point where they should.
    limit = 4 * max(image.shape[:2])
    places = [
        (int(x), int(y)) for x, y in np.rint(points[:, :2].clip(-limit, limit)).astype(np.int32)
    ]
    is_sure = points[:, 2] >= LEAST_CONFIDENCE
    if len(points) == COCO_JOINTS:
        for one, other in _COCO_LIMBS:
            if is_sure[one] and is_sure[other]:
                cv2.line(image, places[one], places[other], color, line_px)
    for place in np.flatnonzero(is_sure):
        cv2.circle(image, places[place], line_px + 2, _INK, -1)
        cv2.circle(image, places[place], line_px + 1, color, -1)
