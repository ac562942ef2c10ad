"""Keypoints in the picture: a body's joints and limbs, or dots."""

import numpy as np
from numpy.typing import NDArray

from object_recognition.canvas import Canvas

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
    canvas: Canvas, points: NDArray[np.float32], color: tuple[int, int, int], *, line_px: int
) -> None:
    """Draw an object's keypoints; of COCO's seventeen the limbs between them too.

    Args:
        canvas: The picture.
        points: ``(k, 3)``: x, y in its pixels, and a confidence.
        color: Of the object's box.
        line_px: How wide a line is.
    """
    # As far as this outside, OpenCV's integers hold, and lines still point where they should.
    limit = 4 * max(canvas.width_px, canvas.height_px)
    places = np.rint(points[:, :2].clip(-limit, limit)).astype(np.int32)
    is_sure = points[:, 2] >= LEAST_CONFIDENCE
    if len(points) == COCO_JOINTS:
        limbs = [places[list(limb)] for limb in _COCO_LIMBS if is_sure[list(limb)].all()]
        canvas.stroke(limbs, color, line_px=line_px, is_soft=False)
    for x, y in places[is_sure].tolist():
        canvas.dot((x, y), _INK, radius_px=line_px + 2)
        canvas.dot((x, y), color, radius_px=line_px + 1)
