"""The corners of a shape, and whether it encloses anything. Pure: no database, no frame."""

from collections.abc import Sequence
from itertools import pairwise
from math import dist
from typing import Any

#: Pixels beyond which no frame reaches.
MAX_PX = 32_768
#: The shortest line that can be crossed.
MIN_LINE_PX = 4


def corners_of(shape: dict[str, Any]) -> list[tuple[float, float]]:
    """Return the corners of a box or a polygon, as a body has it."""
    if shape.get("points") is not None:
        return [(point["x"], point["y"]) for point in shape["points"]]
    left, top = shape["x"], shape["y"]
    right, bottom = left + shape["width"], top + shape["height"]
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def fault_of(corners: Sequence[tuple[float, float]], frame_wh: tuple[int, int] | None) -> str:
    """Return what is wrong with a shape, and what would be right; empty: nothing.

    Args:
        corners: In pixels of the full frame, in order.
        frame_wh: Width and height of the camera's frame in pixels; None: not known now.
    """
    outside = _outside_of(corners, frame_wh)
    if outside:
        return outside
    if area_px2(corners) < 1:
        return (
            "holds less than one pixel: it must be at least as large as one, "
            "with three corners that lie on no line"
        )
    return ""


def segment_fault_of(
    ends: tuple[float, float, float, float], frame_wh: tuple[int, int] | None
) -> str:
    """Return what is wrong with a line that is to be crossed; empty: nothing.

    Args:
        ends: ``x, y`` of its start and of its end, in pixels of the full frame.
        frame_wh: As for ``fault_of``.
    """
    start, end = ends[:2], ends[2:]
    outside = _outside_of([start, end], frame_wh)
    if outside:
        return outside
    if dist(start, end) < MIN_LINE_PX:
        return f"is shorter than {MIN_LINE_PX} pixels, so that it has no direction to speak of"
    return ""


def _outside_of(corners: Sequence[tuple[float, float]], frame_wh: tuple[int, int] | None) -> str:
    width, height = frame_wh or (MAX_PX, MAX_PX)
    left, top = min(x for x, _ in corners), min(y for _, y in corners)
    right, bottom = max(x for x, _ in corners), max(y for _, y in corners)
    if left < 0 or top < 0:
        return "reaches beyond the frame's upper left corner: x and y begin at 0"
    if right > width or bottom > height:
        reach = f"reaches to x={right:g}, y={bottom:g}"
        limit = "frame's" if frame_wh else "largest frame's"
        return f"{reach}, beyond the {limit} {width} x {height} pixels"
    return ""


def area_px2(corners: Sequence[tuple[float, float]]) -> float:
    """Return the area of a polygon, in square pixels (the shoelace formula)."""
    closed = [*corners, corners[0]]
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(closed))) / 2
