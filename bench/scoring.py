"""Boxes against truth: precision and recall of one label."""

from dataclasses import dataclass

import numpy as np

from object_recognition.boxes import Boxes, iou_of


@dataclass(slots=True)
class Score:
    """How many boxes were right, over the frames counted so far.

    Attributes:
        right: Boxes that found something true.
        told: All boxes.
        true: All that was to be found.
    """

    right: int = 0
    told: int = 0
    true: int = 0

    @property
    def precision(self) -> float:
        """The share of what was told that is right, 0..1."""
        return self.right / max(1, self.told)

    @property
    def recall(self) -> float:
        """The share of what is true that was told, 0..1."""
        return self.right / max(1, self.true)

    @property
    def f1(self) -> float:
        """The harmonic mean of both, 0..1."""
        return 2 * self.right / max(1, self.told + self.true)

    def add(self, told: Boxes, true: Boxes, *, min_iou: float = 0.4) -> None:
        """Count one frame. Each true box is found once, the closest pair first.

        Args:
            told: ``(n, 4)`` corners in pixels.
            true: ``(m, 4)`` corners in the same pixels.
            min_iou: Less overlap finds nothing.
        """
        overlap = iou_of(told.astype(np.float32), true.astype(np.float32))
        while overlap.size and overlap.max() >= min_iou:
            row, column = np.unravel_index(overlap.argmax(), overlap.shape)
            overlap[row, :] = 0
            overlap[:, column] = 0
            self.right += 1
        self.told += len(told)
        self.true += len(true)
