"""How much a place in a picture looks like a person: OpenCV's HOG detector, at known sizes.

HOG over a whole frame is slow and sees people in fences. Where a moving region gives the place and
the size, a few dozen windows are enough, and its score tells people from cars well: on the shared
clips the medians are 2.1 and -2.4.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from object_recognition.basic.background import shrink
from object_recognition.boxes import Boxes
from object_recognition.detection import ImageBgr

_WINDOW_WH = (64, 128)
#: A person in the window that the detector was trained on is this tall and wide.
_PERSON_WH = (40, 96)
_STRIDE_PX = 8
#: Windows reach this far beyond the place asked about, in pixels of the detector.
_MARGIN_PX = 16
#: Heights tried, as shares of the height asked about.
_HEIGHTS = (0.84, 1.0, 1.16)
#: A window below this is no answer at all.
_LEAST_SCORE = -4.0
#: Wider places are looked at in part: a merged region this wide is a crowd or a train.
_MAX_CROP_PX = 640


@dataclass(frozen=True, slots=True)
class Silhouettes:
    """Windows that were scored, the best first.

    Attributes:
        xyxy: ``(n, 4)`` float32. The person in each window, in pixels of the frame.
        score: ``(n,)`` float32. The SVM's distance; people are mostly above 1, others below 0.
    """

    xyxy: Boxes
    score: NDArray[np.float32]


class SilhouetteScorer:
    """Scores places of a frame as people. Keeps nothing between frames."""

    def __init__(self) -> None:
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector()))

    def score(self, image_bgr: ImageBgr, xyxy: Boxes, *, height_px: float) -> Silhouettes:
        """Return how much the windows in and around a box look like people.

        Args:
            image_bgr: The frame.
            xyxy: ``(4,)``. The place, in pixels of the frame.
            height_px: How tall a person there would be, about.
        """
        inset = np.subtract(_WINDOW_WH, _PERSON_WH).astype(np.float32) * np.float32(0.5)
        boxes, scores = [], []
        for share in _HEIGHTS:
            scale = _PERSON_WH[1] / (height_px * share)
            crop, origin_xy = _crop(image_bgr, xyxy, scale)
            corners, weights = self._hog.detect(crop, _LEAST_SCORE, (_STRIDE_PX, _STRIDE_PX))
            if len(corners) == 0:
                continue
            corner = np.asarray(corners, np.float32).reshape(-1, 2)
            top_left = (corner + inset) / np.float32(scale) + origin_xy
            size = np.array(_PERSON_WH, np.float32) / np.float32(scale)
            boxes.append(np.hstack([top_left, top_left + size]))
            scores.append(np.asarray(weights, np.float32).reshape(-1))
        if not boxes:
            return Silhouettes(np.empty((0, 4), np.float32), np.empty(0, np.float32))
        score = np.concatenate(scores)
        best = np.argsort(-score, kind="stable")
        return Silhouettes(np.concatenate(boxes)[best].astype(np.float32), score[best])


def _crop(image_bgr: ImageBgr, xyxy: Boxes, scale: float) -> tuple[ImageBgr, NDArray[np.float32]]:
    """Return the place and its margin in the detector's size, and where its corner is.

    What lies beyond the frame's edge repeats the edge.
    """
    frame_wh = np.array(image_bgr.shape[1::-1])
    spread = np.clip((xyxy[2:] - xyxy[:2]) * scale - _PERSON_WH, 0, _MAX_CROP_PX)
    size = (spread + _WINDOW_WH + 2 * _MARGIN_PX).astype(int)
    origin = (xyxy[:2] + xyxy[2:]) / 2 - size / (2 * scale)
    low = np.clip(np.floor(origin).astype(int), 0, frame_wh - 1)
    high = np.clip(np.ceil(origin + size / scale).astype(int), low + 1, frame_wh)
    part = image_bgr[low[1] : high[1], low[0] : high[0]]
    part_wh = np.maximum(1, np.rint((high - low) * scale).astype(int))
    part = shrink(part, (int(part_wh[0]), int(part_wh[1])))
    before = np.clip(np.rint((low - origin) * scale).astype(int), 0, size)
    after = np.maximum(0, size - before - part_wh)
    crop = cv2.copyMakeBorder(
        part, int(before[1]), int(after[1]), int(before[0]), int(after[0]), cv2.BORDER_REPLICATE
    )
    return crop.astype(np.uint8, copy=False), (low - before / scale).astype(np.float32)
