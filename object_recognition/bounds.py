"""What of a detector's classes counts at a camera, and how sure it must be."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from object_recognition.detection import Detections


@dataclass(frozen=True, slots=True)
class Bounds:
    """What counts of each class of a detector: place i is for class i.

    Attributes:
        labels: What the classes mean; a label stands there twice where two models have it.
        min_confidence: Detections of less are dropped, 0..1.
        wanted: The labels that count of the model that the class is of; empty: all.
    """

    labels: tuple[str, ...]
    min_confidence: tuple[float, ...]
    wanted: tuple[tuple[str, ...], ...]

    @staticmethod
    def of(
        labels: Sequence[str], *, min_confidence: float, wanted: tuple[str, ...] = ()
    ) -> "Bounds":
        """Return those of one model."""
        count = len(labels)
        return Bounds(tuple(labels), (min_confidence,) * count, (wanted,) * count)

    @staticmethod
    def joined(parts: Sequence["Bounds"]) -> "Bounds":
        """Return those of several models, whose labels stand one behind the other."""
        return Bounds(
            tuple(label for each in parts for label in each.labels),
            tuple(least for each in parts for least in each.min_confidence),
            tuple(wanted for each in parts for wanted in each.wanted),
        )

    @property
    def least_to_begin(self) -> tuple[float, ...]:
        """How sure it must be of each class that something begins to be followed; may be inf."""
        return tuple(
            least if not wanted or label in wanted else inf
            for label, least, wanted in zip(
                self.labels, self.min_confidence, self.wanted, strict=True
            )
        )

    def sure(self, found: Detections) -> NDArray[np.bool_]:
        """Return for each detection whether it is sure enough: a mask ``(n,)``."""
        is_sure: NDArray[np.bool_] = (
            found.confidence >= np.array(self.min_confidence, np.float32)[found.class_id]
        )
        return is_sure

    def wants(self, found: Detections) -> NDArray[np.bool_]:
        """Return for each detection whether its label counts: a mask ``(n,)``."""
        counts = [
            not wanted or label in wanted
            for label, wanted in zip(self.labels, self.wanted, strict=True)
        ]
        does_count: NDArray[np.bool_] = np.array(counts, np.bool_)[found.class_id]
        return does_count
