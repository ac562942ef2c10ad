"""Paints privacy masks into pictures, on the planes of which they are made.

Black leaves nothing. Blur leaves the mean of cells so large that a face is one or two of them, in
steps of eight levels, and smoothed: light and colour, nobody and no text (docs/adr/0013).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vigil.camera_document import Mask, MaskStyle
from vigil.media.mask_area import Area, CoveredArea, covered_areas

#: ``(H, W)`` or ``(H, W, channels)`` uint8, written into.
Plane = NDArray[np.uint8]

#: A cell of blur is this part of the picture's short side, but at least so many pixels.
_BLUR_CELLS, _LEAST_BLUR_PX = 16, 16
#: What blur leaves of a mean: its upper five bits. Zero chroma, 128, stays what it is.
_KEPT_BITS = np.uint8(0xF8)


@dataclass(frozen=True, slots=True)
class PlaneForm:
    """How a plane lies over the picture.

    Attributes:
        step_x, step_y: Of how many pixels of the picture one of the plane is, each way.
        black: The level of black in it, in each of its channels.
    """

    step_x: int
    step_y: int
    black: int


@dataclass(frozen=True, slots=True)
class _Patch:
    """What is painted of one plane: a box, and where in it; None: all of it."""

    plane: int
    style: MaskStyle
    rows: slice
    columns: slice
    where: Area | None


class MaskPaint:
    """The masks of one camera, ready for planes of one form.

    Args:
        masks: In pixels of the frame on which each was drawn.
        picture_wh: The picture, which shows the whole scene in any size.
        full_wh: The full frame, for masks that do not say on what they were drawn; None: the
            picture is it.
        planes: Of the picture.

    Attributes:
        hidden: ``(H, W)`` bool: what is painted over, in pixels of the picture.
    """

    def __init__(
        self,
        masks: Sequence[Mask],
        picture_wh: tuple[int, int],
        planes: Sequence[PlaneForm],
        *,
        full_wh: tuple[int, int] | None = None,
    ) -> None:
        width, height = picture_wh
        # A cell is of whole pixels in every plane; and two by two, because a JPEG keeps chroma so.
        cell_px = max(2, *(each.step_x for each in planes), *(each.step_y for each in planes))
        areas = covered_areas(masks, picture_wh, full_wh=full_wh, cell_px=cell_px)
        # Black last: it wins where both are.
        areas.sort(key=lambda area: area.style is MaskStyle.BLACK)
        self._planes = planes
        self._blur_px = _blur_px(picture_wh, cell_px)
        self._patches = [
            patch
            for area in areas
            for index, form in enumerate(planes)
            if (patch := _patch(area, index, form, picture_wh)) is not None
        ]
        self.hidden: Area = np.zeros((height, width), np.bool_)
        for area in areas:
            part = self.hidden[area.top :, area.left :]
            covered = area.is_covered[: part.shape[0], : part.shape[1]]
            part[: covered.shape[0], : covered.shape[1]] |= covered

    def paint(self, planes: Sequence[Plane]) -> None:
        """Paint over what is hidden, in planes of the form that this was made for."""
        for patch in self._patches:
            plane, form = planes[patch.plane], self._planes[patch.plane]
            part = plane[patch.rows, patch.columns]
            if patch.style is MaskStyle.BLACK:
                _put(part, np.uint8(form.black), patch.where)
            else:
                step = (self._blur_px // form.step_x, self._blur_px // form.step_y)
                _put(part, _blurred(plane, patch, step), patch.where)


def _blur_px(picture_wh: tuple[int, int], cell_px: int) -> int:
    """Return how large a cell of blur is, in pixels of the picture: whole ones in every plane."""
    wanted = max(_LEAST_BLUR_PX, -(-min(picture_wh) // _BLUR_CELLS))
    return wanted + -wanted % cell_px


def _patch(
    area: CoveredArea, index: int, form: PlaneForm, picture_wh: tuple[int, int]
) -> _Patch | None:
    width, height = -(-picture_wh[0] // form.step_x), -(-picture_wh[1] // form.step_y)
    top, left = area.top // form.step_y, area.left // form.step_x
    # Cells are covered as a whole, so any pixel of one tells of it.
    where = area.is_covered[:: form.step_y, :: form.step_x][: height - top, : width - left]
    rows, columns = slice(top, top + where.shape[0]), slice(left, left + where.shape[1])
    return _Patch(index, area.style, rows, columns, None if where.all() else where)


def _put(part: Plane, value: Plane | np.uint8, where: Area | None) -> None:
    if where is None:
        part[...] = value
    else:
        np.copyto(part, value, where=where if part.ndim == 2 else where[..., None])


def _blurred(plane: Plane, patch: _Patch, step_wh: tuple[int, int]) -> Plane:
    """Return the patch's box, of which only the means of cells are left."""
    # From the picture's own corner, so that a cell stays where it is when a mask is moved.
    left, top = (
        begin - begin % step
        for begin, step in zip((patch.columns.start, patch.rows.start), step_wh, strict=True)
    )
    around = plane[
        top : _end(patch.rows.stop, step_wh[1]), left : _end(patch.columns.stop, step_wh[0])
    ]
    height, width = around.shape[:2]
    # Whole cells, at the picture's end too: OpenCV has their means sooner.
    whole = cv2.copyMakeBorder(
        around, 0, -height % step_wh[1], 0, -width % step_wh[0], cv2.BORDER_REPLICATE
    )
    cells_wh = (whole.shape[1] // step_wh[0], whole.shape[0] // step_wh[1])
    means = cv2.resize(whole, cells_wh, interpolation=cv2.INTER_AREA)
    coarse = np.asarray(means, np.uint8) & _KEPT_BITS
    smooth = np.asarray(cv2.resize(coarse, (whole.shape[1], whole.shape[0])), np.uint8)
    if plane.ndim == 3:
        smooth = smooth.reshape(whole.shape)
    return smooth[patch.rows.start - top :, patch.columns.start - left :][
        : patch.rows.stop - patch.rows.start, : patch.columns.stop - patch.columns.start
    ]


def _end(stop: int, step: int) -> int:
    return stop + -stop % step


def mask_picture(
    image_bgr: NDArray[np.uint8], masks: Sequence[Mask], *, full_wh: tuple[int, int]
) -> None:
    """Paint masks over a picture ``(H, W, 3)`` of a whole scene, in place.

    Args:
        image_bgr: Of any size.
        masks: In pixels of the frame on which each was drawn.
        full_wh: The full frame, for masks that do not say on what they were drawn.
    """
    height, width = image_bgr.shape[:2]
    form = PlaneForm(step_x=1, step_y=1, black=0)
    MaskPaint(masks, (width, height), [form], full_wh=full_wh).paint([image_bgr])
