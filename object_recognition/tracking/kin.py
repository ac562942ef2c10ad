"""Classes that one object may be called by turns."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

#: What detectors confuse from frame to frame, by label.
FLICKERING = (
    frozenset({"car", "truck", "bus", "van"}),
    frozenset({"bicycle", "motorcycle"}),
    # The basic recogniser says that something moves, before it is sure of a person.
    frozenset({"person", "moving"}),
)


def kin_of(labels: Sequence[str]) -> list[frozenset[int]]:
    """Return the sets of class ids that are one thing by turns, by their labels.

    A label may stand there twice, as of two models that look at one camera.
    """
    sets: dict[object, set[int]] = {}
    for class_id, label in enumerate(labels):
        kin = next((each for each in FLICKERING if label in each), label)
        sets.setdefault(kin, set()).add(class_id)
    return [frozenset(each) for each in sets.values() if len(each) > 1]


class Kin:
    """Gives all classes of a set the same number.

    Args:
        sets: Of class ids. No class is in two.

    Raises:
        ValueError: One is, or is below 0.
    """

    def __init__(self, sets: Sequence[Collection[int]]) -> None:
        members = [class_id for each in sets for class_id in each]
        if len(set(members)) < len(members) or min(members, default=0) < 0:
            raise ValueError(f"kin {list(sets)}: a class id must be 0 or more, and in one set only")
        self._number = np.arange(max(members, default=-1) + 1)
        for each in sets:
            self._number[list(each)] = min(each, default=0)

    def of(self, class_id: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of each class's set; a class of no set keeps its own."""
        if not len(self._number):
            return class_id
        is_known = (class_id >= 0) & (class_id < len(self._number))
        return np.where(is_known, self._number[np.where(is_known, class_id, 0)], class_id)
