"""Privacy masks for tests."""

from typing import Any

from vigil.messages import Mask, MaskStyle

BLACK, BLUR = MaskStyle.BLACK, MaskStyle.BLUR


def a_box(x: float, y: float, width: float, height: float, **changes: Any) -> Mask:
    """Return an upright box as a mask."""
    right, bottom = x + width, y + height
    return Mask(points=((x, y), (right, y), (right, bottom), (x, bottom)), **changes)


def a_polygon(*points: tuple[float, float], **changes: Any) -> Mask:
    return Mask(points=points, **changes)
