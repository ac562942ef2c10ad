"""How boxes lie to another: rows against columns."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
_Float = TypeVar("_Float", np.float32, np.float64)


def areas_of(xyxy: NDArray[_Float]) -> NDArray[_Float]:
    """Return the areas ``(n,)`` of boxes ``(n, 4)``, in square pixels."""
    size: NDArray[_Float] = np.maximum(xyxy[:, 2:] - xyxy[:, :2], 0)
    return size[:, 0] * size[:, 1]


def overlaps_of(a: NDArray[_Float], b: NDArray[_Float]) -> NDArray[_Float]:
    """Return the common area ``(len(a), len(b))`` of each pair, in square pixels."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    size: NDArray[_Float] = np.maximum(high - low, 0)
    return size[..., 0] * size[..., 1]


def iou_of(a: NDArray[_Float], b: NDArray[_Float]) -> NDArray[_Float]:
    """Return intersection over union ``(len(a), len(b))``; 0 for boxes without an area."""
    common = overlaps_of(a, b)
    union = areas_of(a)[:, None] + areas_of(b)[None] - common
    iou: NDArray[_Float] = common / np.maximum(union, 1e-6)
    return iou


def stack(boxes: list[Boxes]) -> Boxes:
    """Return boxes ``(n, 4)`` of a list, which may be empty."""
    return np.stack(boxes) if boxes else np.empty((0, 4), np.float32)


def union_of(xyxy: Boxes) -> Boxes:
    """Return the box ``(4,)`` around all boxes; there is at least one."""
    return np.concatenate([xyxy[:, :2].min(axis=0), xyxy[:, 2:].max(axis=0)])


def groups_of(xyxy: Boxes) -> list[list[int]]:
    """Return the row numbers of boxes that lie near each other, for each group of two or more.

    Near is within half the longer side of either above and below, a quarter beside.
    """
    if len(xyxy) < 2:
        return []
    longer = (xyxy[:, 2:] - xyxy[:, :2]).max(axis=1, keepdims=True)
    reach = longer * np.array([0.25, 0.5], np.float32)
    near = overlaps_of(np.hstack([xyxy[:, :2] - reach, xyxy[:, 2:] + reach]), xyxy) > 0
    near = near | near.T
    left, groups = set(range(len(xyxy))), []
    while left:
        group, edge = set(), {left.pop()}
        while edge:
            group |= edge
            edge = {int(j) for i in edge for j in np.flatnonzero(near[i])} - group
        left -= group
        if len(group) > 1:
            groups.append(sorted(group))
    return groups


def box_of(corners: NDArray[np.float32]) -> tuple[float, float, float, float]:
    """Return four corners as they are told to others: to a tenth of a pixel."""
    x_min, y_min, x_max, y_max = corners.tolist()
    return (round(x_min, 1), round(y_min, 1), round(x_max, 1), round(y_max, 1))
