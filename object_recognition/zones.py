"""Where a camera looks: detections outside its zones vanish.

A detection counts in a zone when the middle of its box's bottom edge lies in it, where a person or
a vehicle stands; or when at least half of the box's area does.

The foot point alone is the trade's habit and right for an area on the ground, but somebody who
draws a rectangle around a counter, a window or the upper half of a door means what is seen in it,
and the feet are hidden or below. The area alone would lose people whose feet are in a narrow strip
on the ground. Either is enough.

A zone with labels, a least confidence or sizes lets only these through. A zone with a schedule is
not there outside of it; while none is there, nothing counts. No zone at all: everything counts.
Zones that enclose nothing (their points lie on a line, or outside the frame) let nothing through,
as drawn; other zones go on.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from object_recognition.detection import Detections
from vigil.camera_document import Zone
from vigil.domain.schedule import is_within

ValueT = TypeVar("ValueT", np.bool_, np.float32)

#: Share of a box's area that makes it count, wherever its foot is.
MIN_AREA_SHARE = 0.5
#: Zones are drawn on a raster with this long side: an eighth of a pixel of error at 4K is for
#: nobody, and a table of sums over it gives any box's area at once.
_RASTER_SIDE_PX = 640
#: Corners this many frames outside are moved to there: beyond, fillPoly's integers overflow.
_MAX_OUTSIDE_FRAMES = 4.0


class ZoneFilter:
    """The zones of one camera at one size of frame, ready to be asked.

    Args:
        zones: Their corners in pixels of the frame; they may lie outside, cross themselves or be
            NaN.
        labels: The detector's, which zones name.
        frame_wh: The frame in pixels.
        is_open: Which zones are there at this time; None: all.
        full_scale: What makes pixels of the frame those in which sizes are meant.
    """

    def __init__(
        self,
        zones: Sequence[Zone],
        *,
        labels: Sequence[str],
        frame_wh: tuple[int, int],
        is_open: Sequence[bool] | None = None,
        full_scale: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        self._scale = min(1.0, _RASTER_SIDE_PX / max(frame_wh))
        self._size_wh = tuple(max(1, round(side * self._scale)) for side in frame_wh)
        self._is_everywhere = not zones
        self._rasters = [self._raster(zone) for zone in zones]
        self._sums = [cv2.integral(raster).astype(np.int64) for raster in self._rasters]
        self._allowed = [
            np.array([not zone.labels or label in zone.labels for label in labels], np.bool_)
            for zone in zones
        ]
        self.is_open = np.array([True] * len(zones) if is_open is None else is_open, np.bool_)
        least = [zone.min_confidence for zone in zones]
        self._least_confidence = np.array(least, np.float32)[:, None]
        # None: as large as can be.
        sizes = [(zone.min_size_px or 0, zone.max_size_px) for zone in zones]
        self._least_px = np.array([least for least, _ in sizes], np.float32)[:, None]
        most = [np.inf if most is None else most for _, most in sizes]
        self._most_px = np.array(most, np.float32)[:, None]
        self._full_scale = np.array(full_scale, np.float32)

    @property
    def is_everywhere(self) -> bool:
        """Whether there is no zone, so that everything counts."""
        return self._is_everywhere

    def in_any(self, in_each: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return of what ``in_each`` says whether that is a zone at all: a mask ``(n,)``."""
        if self._is_everywhere:
            return np.ones(in_each.shape[1], np.bool_)
        in_any: NDArray[np.bool_] = np.any(in_each, axis=0, keepdims=False)
        return in_any

    def in_each(self, found: Detections) -> NDArray[np.bool_]:
        """Return for each zone and detection whether it counts there: ``(zones, n)``."""
        if self._is_everywhere:
            return np.empty((0, len(found)), np.bool_)
        counts = self.stands_in(found) & self.allows(found) & self.is_open[:, None]
        return counts & self.fits(found) & self.is_sure(found)

    def stands_in(self, found: Detections) -> NDArray[np.bool_]:
        """Return for each zone and detection whether it is there, whatever it is."""
        boxes = np.nan_to_num(found.xyxy * np.float32(self._scale))
        feet = [self._foot_in(raster, boxes) for raster in self._rasters]
        return _rows(feet, len(found), np.bool_) | (self.shares(found) >= MIN_AREA_SHARE)

    def allows(self, found: Detections) -> NDArray[np.bool_]:
        """Return for each zone and detection whether its label counts there: ``(zones, n)``."""
        return _rows([each[found.class_id] for each in self._allowed], len(found), np.bool_)

    def is_sure(self, found: Detections) -> NDArray[np.bool_]:
        """Return for each zone and detection whether it is sure enough there: ``(zones, n)``."""
        is_sure: NDArray[np.bool_] = found.confidence >= self._least_confidence
        return is_sure

    def fits(self, found: Detections) -> NDArray[np.bool_]:
        """Return for each zone and detection whether its size counts there: ``(zones, n)``."""
        size_px = self.sizes_px(found)
        fits: NDArray[np.bool_] = (size_px >= self._least_px) & (size_px <= self._most_px)
        return fits

    def sizes_px(self, found: Detections) -> NDArray[np.float32]:
        """Return the longer side of each box ``(n,)``, in pixels of the full frame."""
        sides = (found.xyxy[:, 2:] - found.xyxy[:, :2]) * self._full_scale
        # To a tenth, as sizes are told: what is said to be 40 px is not too small for 40.
        longer: NDArray[np.float32] = np.round(np.nan_to_num(sides.max(axis=1)), 1)
        return longer

    def shares(self, found: Detections) -> NDArray[np.float32]:
        """Return for each zone and detection the share of its box in it: ``(zones, n)``."""
        boxes = np.nan_to_num(found.xyxy * np.float32(self._scale))
        return _rows([self._share_in(sums, boxes) for sums in self._sums], len(found), np.float32)

    def _raster(self, zone: Zone) -> NDArray[np.uint8]:
        raster = np.zeros((self._size_wh[1], self._size_wh[0]), np.uint8)
        points = np.asarray(zone.points, np.float64)
        if np.isfinite(points).all():
            # Half a cell off, because fillPoly counts from the middle of a cell and paints borders.
            limit = np.array(self._size_wh) * _MAX_OUTSIDE_FRAMES
            corners = np.clip(points * self._scale - 0.5, -limit, limit)
            cv2.fillPoly(raster, [np.rint(corners).astype(np.int32)], 1)
        return raster

    def _foot_in(self, raster: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
        x = np.clip((boxes[:, 0] + boxes[:, 2]) / 2, 0, self._size_wh[0] - 1).astype(np.intp)
        # The last row of the box, not the first below it.
        y = np.clip(np.ceil(boxes[:, 3]) - 1, 0, self._size_wh[1] - 1).astype(np.intp)
        inside: NDArray[np.bool_] = raster[y, x] > 0
        return inside

    def _share_in(self, sums: NDArray[np.int64], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        x = np.clip(np.rint(boxes[:, 0::2]), 0, self._size_wh[0]).astype(np.intp)
        y = np.clip(np.rint(boxes[:, 1::2]), 0, self._size_wh[1]).astype(np.intp)
        inside = sums[y[:, 1], x[:, 1]] - sums[y[:, 0], x[:, 1]]
        inside = inside - sums[y[:, 1], x[:, 0]] + sums[y[:, 0], x[:, 0]]
        area = (x[:, 1] - x[:, 0]) * (y[:, 1] - y[:, 0])
        # A box without area is nowhere.
        share: NDArray[np.float32] = (inside / np.maximum(area, 1)).astype(np.float32)
        return share * (area > 0)


def are_open(zones: Sequence[Zone], local: datetime) -> tuple[bool, ...]:
    """Return for each zone whether its schedule has it there at a time of the camera's zone."""
    return tuple(
        not zone.schedule
        or any(
            is_within(span.start_time, span.end_time, span.days, local) for span in zone.schedule
        )
        for zone in zones
    )


def _rows(rows: list[NDArray[ValueT]], count: int, dtype: type[ValueT]) -> NDArray[ValueT]:
    """Return rows as one array, which has its width even where there is no row."""
    return np.array(rows, dtype).reshape(len(rows), count)
