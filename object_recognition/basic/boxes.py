"""How boxes lie to another: rows against columns."""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]


def areas_of(xyxy: Boxes) -> Boxes:
    """Return the areas ``(n,)`` of boxes ``(n, 4)``, in square pixels."""
    size: Boxes = np.clip(xyxy[:, 2:] - xyxy[:, :2], 0, None)
    return size[:, 0] * size[:, 1]


def overlaps_of(a: Boxes, b: Boxes) -> Boxes:
    """Return the common area ``(len(a), len(b))`` of each pair, in square pixels."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    size: Boxes = np.clip(high - low, 0, None)
    return size[..., 0] * size[..., 1]


def iou_of(a: Boxes, b: Boxes) -> Boxes:
    """Return intersection over union ``(len(a), len(b))``; 0 for boxes without an area."""
    common = overlaps_of(a, b)
    union = areas_of(a)[:, None] + areas_of(b)[None] - common
    return common / np.maximum(union, np.float32(1e-6))


def stack(boxes: list[Boxes]) -> Boxes:
    """Return boxes ``(n, 4)`` of a list, which may be empty."""
    return np.stack(boxes) if boxes else np.empty((0, 4), np.float32)
