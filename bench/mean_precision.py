"""mAP50-95, as COCO counts it: the mean over labels and overlaps of the average precision."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from object_recognition.boxes import Boxes, iou_of
from object_recognition.detection import Detections

_OVERLAPS = np.linspace(0.5, 0.95, 10)
#: Precision is read at these shares of recall.
_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is in one picture.

    Attributes:
        xyxy: ``(n, 4)`` corners in its pixels.
        class_id: ``(n,)`` what each is.
    """

    xyxy: Boxes
    class_id: NDArray[np.int64]


@dataclass(slots=True)
class MeanPrecision:
    """How well pictures were read, over those counted so far."""

    _right: dict[int, list[NDArray[np.bool_]]] = field(default_factory=dict)
    _confidence: dict[int, list[NDArray[np.float32]]] = field(default_factory=dict)
    _true: dict[int, int] = field(default_factory=dict)

    def add(self, seen: Detections, truth: Truth) -> None:
        """Count one picture."""
        for label in {*seen.class_id.tolist(), *truth.class_id.tolist()}:
            told = seen.take(np.flatnonzero(seen.class_id == label))
            told = told.take(np.argsort(-told.confidence, kind="stable"))
            true = truth.xyxy[truth.class_id == label]
            self._true[label] = self._true.get(label, 0) + len(true)
            overlap = iou_of(told.xyxy, true)
            right = [_right(overlap, least) for least in _OVERLAPS]
            self._right.setdefault(label, []).append(np.stack(right, axis=1))
            self._confidence.setdefault(label, []).append(told.confidence)

    def by_label(self) -> float:
        """Return the mAP50-95, 0..1: each label that is in a picture counts as much."""
        return self._mean({label: 1 for label, count in self._true.items() if count})

    def by_object(self) -> float:
        """Return the same, where a label counts as often as it is in the pictures.

        A label with one object has an average precision of 1 or next to 0, by which of two boxes of
        hardly any confidence is the surer.
        """
        return self._mean({label: count for label, count in self._true.items() if count})

    def _mean(self, weights: dict[int, int]) -> float:
        precisions = [self._of(label) for label in weights]
        return float(np.average(precisions, weights=[*weights.values()])) if weights else 0.0

    def _of(self, label: int) -> float:
        order = np.argsort(-np.concatenate(self._confidence[label]), kind="stable")
        right = np.concatenate(self._right[label])[order]
        return float(np.mean([_average_precision(column, self._true[label]) for column in right.T]))


def _right(overlap: NDArray[np.floating], least: float) -> NDArray[np.bool_]:
    """Return which boxes, the surest first, find something true that none before them found."""
    left = overlap.copy()
    right = np.zeros(len(left), bool)
    for row in range(len(left)):
        if left.shape[1] and left[row].max() >= least:
            left[:, left[row].argmax()] = 0
            right[row] = True
    return right


def _average_precision(right: NDArray[np.bool_], true: int) -> float:
    found = np.cumsum(right)
    precision = found / np.arange(1, len(right) + 1)
    # What a lower confidence reaches counts for a higher one too.
    best = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(found / true, _RECALLS - 1e-9)
    return float(np.mean([best[k] if k < len(best) else 0.0 for k in place]))
