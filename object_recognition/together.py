"""Several detectors that look at the same frames of one camera, as if they were one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from object_recognition.bounds import Bounds
from object_recognition.boxes import iou_of
from object_recognition.detection import Detections, Detector, ImageBgr
from vigil.errors import ModelInvalid

#: Boxes of one label that two models found are one object when they overlap more.
MAX_IOU = 0.5


class PartInvalid(ModelInvalid):
    """One of several detectors does not work on a frame.

    Attributes:
        part: Which.
    """

    def __init__(self, part: Detector, reason: str) -> None:
        super().__init__(reason)
        self.part = part


class DetectorGroup:
    """Detectors of one camera, one after the other. Their labels stand one behind the other.

    What two of them found and call the same is one object: of those boxes the one stays that
    counts, and of these the surest.

    Args:
        parts: Two or more.
        bounds: What counts of all of them, in their order.
    """

    def __init__(self, parts: Sequence[Detector], *, bounds: Bounds) -> None:
        self.name = " + ".join(each.name for each in parts)
        self.labels = bounds.labels
        self._parts = tuple(parts)
        self._bounds = bounds
        counts = [len(each.labels) for each in parts]
        self._offsets = np.cumsum([0, *counts[:-1]])
        self._part_of = np.repeat(np.arange(len(parts)), counts)
        first = {label: place for place, label in reversed(list(enumerate(self.labels)))}
        self._same = np.array([first[label] for label in self.labels])

    def detect(self, image_bgr: ImageBgr) -> Detections:
        """Return what any of them sees in a frame.

        Raises:
            PartInvalid: One of them does not work on it.
        """
        return self.without_twins(self.detect_twins(image_bgr))

    def detect_twins(self, image_bgr: ImageBgr) -> Detections:
        """Return what each of them sees in a frame, whatever another calls the same.

        It depends on no bounds, as which of two twins stays does.

        Raises:
            PartInvalid: One of them does not work on it.
        """
        seen = []
        for part, offset in zip(self._parts, self._offsets, strict=True):
            try:
                found = part.detect(image_bgr)
            except ModelInvalid as error:
                raise PartInvalid(part, str(error)) from error
            seen.append(found.named(found.class_id + offset))
        return Detections.joined(seen)

    def without_twins(self, found: Detections) -> Detections:
        """Return what any of them sees, each object once."""
        return found.take(self._stays(found))

    def _stays(self, found: Detections) -> NDArray[np.bool_]:
        """Return which rows stay: a mask ``(n,)``."""
        part, same = self._part_of[found.class_id], self._same[found.class_id]
        is_twin = (part[:, None] != part) & (same[:, None] == same)
        if not is_twin.any():
            return np.ones(len(found), np.bool_)
        is_twin &= iou_of(found.xyxy, found.xyxy) > MAX_IOU
        counts = self._bounds.sure(found) & self._bounds.wants(found)
        stays = np.ones(len(found), np.bool_)
        # In this order: what yields to one box takes no other away.
        for row in np.lexsort((-found.confidence, ~counts)):
            if stays[row]:
                stays &= ~is_twin[row]
        return stays
