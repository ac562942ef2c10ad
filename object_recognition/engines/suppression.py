"""One box for each object."""

import cv2
import numpy as np

from object_recognition.detection import Detections

#: More boxes than this are not looked at: a scene does not hold them, a broken model gives them.
_MAX_CANDIDATES = 3000


def suppress_overlaps(found: Detections, *, max_iou: float) -> Detections:
    """Return the surest boxes, without those that overlap a surer one of the same class.

    Args:
        found: Candidates in any order.
        max_iou: Two boxes of a class that overlap more are one object.
    """
    if len(found) == 0:
        return found
    if len(found) > _MAX_CANDIDATES:
        found = found.take(np.argsort(-found.confidence, kind="stable")[:_MAX_CANDIDATES])
    xywh = found.xyxy.copy()
    xywh[:, 2:] -= xywh[:, :2]
    kept = cv2.dnn.NMSBoxesBatched(
        xywh.tolist(), found.confidence.tolist(), found.class_id.tolist(), 0.0, max_iou
    )
    return found.take(np.asarray(kept, np.int64).reshape(-1))
