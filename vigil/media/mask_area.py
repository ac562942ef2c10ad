"""Which pixels of a picture privacy masks cover: never one too few.

A pixel that a mask touches is covered, and so is the rest of its cell: chroma is kept once for so
many pixels, and half a cell would keep its colour. What the outline of a mask encloses is covered
too, so one that crosses itself has no hole.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vigil.messages import Mask, MaskStyle

#: ``(H, W)`` bool.
Area = NDArray[np.bool_]

#: The format of a polygon's corners in OpenCV: so many bits behind the binary point.
_SHIFT = 4
#: What a sum of fractions may be wrong by, and more.
_NEAR_PX = 1e-6
#: Farther out a corner is moved to there: OpenCV reckons in 32 bits.
_REACH_PX = 2.0**26


@dataclass(frozen=True, slots=True)
class CoveredArea:
    """What one mask covers of a picture.

    Attributes:
        top, left: Of ``is_covered`` in the picture; multiples of the cell.
        is_covered: ``(h, w)``; whole cells, so it may reach beyond the picture.
    """

    style: MaskStyle
    top: int
    left: int
    is_covered: Area


def covered_areas(
    masks: Sequence[Mask],
    picture_wh: tuple[int, int],
    *,
    full_wh: tuple[int, int] | None = None,
    cell_px: int,
) -> list[CoveredArea]:
    """Return what masks cover of a picture; one that lies outside of it covers nothing.

    Args:
        masks: In pixels of the frame on which each was drawn.
        picture_wh: The picture, which shows the whole scene in any size.
        full_wh: The full frame, for masks that do not say on what they were drawn; None: the
            picture is it.
        cell_px: Of how many pixels each way a cell is.
    """
    areas = (_covered(mask, picture_wh, full_wh or picture_wh, cell_px) for mask in masks)
    return [area for area in areas if area is not None]


def _covered(
    mask: Mask, picture_wh: tuple[int, int], full_wh: tuple[int, int], cell_px: int
) -> CoveredArea | None:
    drawn_on = np.array(mask.frame_wh or full_wh, np.float64)
    # What a division leaves over is no pixel.
    corners = np.round(np.array(mask.points, np.float64) * (picture_wh / drawn_on), 6)
    # Of the picture only the part that can be covered is looked at, from a corner of cells on.
    low = np.clip(np.floor(corners.min(axis=0) - _NEAR_PX), 0, picture_wh).astype(int)
    high = np.clip(np.floor(corners.max(axis=0) + _NEAR_PX) + 1, 0, picture_wh).astype(int)
    low -= low % cell_px
    if (high <= low).any():
        return None
    area_of = _box if _is_upright_box(corners) else _polygon
    width, height = (high - low).tolist()
    touched = area_of(corners - low, (width, height))
    return _in_cells(touched, mask.style, cell_px, left=int(low[0]), top=int(low[1]))


def _is_upright_box(corners: NDArray[np.float64]) -> bool:
    if len(corners) != 4:
        return False
    # One side runs along x, the next along y, or the other way round.
    sides = np.roll(corners, -1, axis=0) - corners
    runs_along = (sides != 0).tolist()
    return runs_along in ([[True, False], [False, True]] * 2, [[False, True], [True, False]] * 2)


def _box(corners: NDArray[np.float64], picture_wh: tuple[int, int]) -> Area:
    low = np.clip(np.floor(corners.min(axis=0)), 0, picture_wh).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), 0, picture_wh).astype(int)
    area = np.zeros((picture_wh[1], picture_wh[0]), np.bool_)
    area[low[1] : high[1], low[0] : high[0]] = True
    return area


def _polygon(corners: NDArray[np.float64], picture_wh: tuple[int, int]) -> Area:
    raster = np.zeros((picture_wh[1], picture_wh[0]), np.uint8)
    # OpenCV counts from the middle of a pixel. It is right but for the outline, which it clips.
    placed = np.clip(corners - 0.5, -_REACH_PX, _REACH_PX)
    cv2.fillPoly(raster, [np.rint(placed * 2**_SHIFT).astype(np.int32)], 1, shift=_SHIFT)
    raster |= _outline(corners, picture_wh)
    enclosing, _ = cv2.findContours(raster, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(raster, enclosing, -1, 1, cv2.FILLED)
    return raster.astype(np.bool_)


def _outline(corners: NDArray[np.float64], picture_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Return every pixel through which an outline runs, even by a corner."""
    width, height = picture_wh
    # One more where a run of pixels begins, one less behind its end.
    steps = np.zeros((height, width + 1), np.int32)
    for begin, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        (x_up, y_up), (x_down, y_down) = sorted((begin, end), key=lambda corner: float(corner[1]))
        rows = np.arange(max(0, math.floor(y_up)), min(height - 1, math.floor(y_down)) + 1)
        slope = 0.0 if y_up == y_down else (x_down - x_up) / (y_down - y_up)
        # Where it enters each row of pixels, and where it leaves it.
        enters = x_up + (np.maximum(rows, y_up) - y_up) * slope
        leaves = x_up + (np.minimum(rows + 1, y_down) - y_up) * slope
        if y_up == y_down:
            leaves = np.full_like(enters, x_down)
        left = np.floor(np.minimum(enters, leaves) - _NEAR_PX)
        right = np.floor(np.maximum(enters, leaves) + _NEAR_PX)
        is_within = (right >= 0) & (left < width)
        rows = rows[is_within]
        np.add.at(steps, (rows, np.clip(left[is_within], 0, width).astype(int)), 1)
        np.add.at(steps, (rows, np.clip(right[is_within] + 1, 0, width).astype(int)), -1)
    return (np.cumsum(steps, axis=1)[:, :width] > 0).astype(np.uint8)


def _in_cells(
    touched: Area, style: MaskStyle, cell_px: int, *, left: int, top: int
) -> CoveredArea | None:
    height, width = touched.shape
    padded = np.pad(touched, ((0, -height % cell_px), (0, -width % cell_px)))
    rows, columns = padded.shape[0] // cell_px, padded.shape[1] // cell_px
    blocks = padded.reshape(rows, cell_px, columns, cell_px)
    cells: Area = np.asarray(blocks.any(axis=(1, 3)), np.bool_)
    if not cells.any():
        return None
    # A box is covered as a whole, and painted so.
    (first_row, last_row), (first, last) = (
        np.flatnonzero(cells.any(axis=axis))[[0, -1]].tolist() for axis in (1, 0)
    )
    within = cells[first_row : last_row + 1, first : last + 1]
    is_covered = within.repeat(cell_px, axis=0).repeat(cell_px, axis=1)
    return CoveredArea(style, top + first_row * cell_px, left + first * cell_px, is_covered)
