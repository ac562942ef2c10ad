"""A picture that is drawn on, and knows where: what nobody drew on need not be coded again."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from object_recognition.detection import ImageBgr
from vigil.media.strips import STRIP_PX, tops_of
from vigil.media.text import Bgr, Lettering

Point = tuple[int, int]

#: How far beyond half its width a line may reach: soft edges, and corners.
_REACH_PX = 3


class Canvas:
    """Draws on a picture.

    Args:
        image_bgr: ``(H, W, 3)`` uint8, changed in place.
    """

    def __init__(self, image_bgr: ImageBgr) -> None:
        self.image_bgr = image_bgr
        self.height_px, self.width_px = image_bgr.shape[:2]
        self._is_drawn = [False] * len(tops_of(self.height_px))

    @property
    def drawn_strips(self) -> list[int]:
        """The numbers of the strips that were drawn on. See ``vigil.media.strips``."""
        return [number for number, is_drawn in enumerate(self._is_drawn) if is_drawn]

    def outline(self, low: Point, high: Point, color: Bgr, *, line_px: int) -> None:
        """Draw a rectangle's edge."""
        # Not anti-aliased: lines along the pixels are crisper without.
        cv2.rectangle(self.image_bgr, low, high, color, line_px)
        self._note(low[1], high[1], line_px)

    def fill(self, low: Point, high: Point, color: Bgr) -> None:
        """Fill a rectangle, its far corner included."""
        cv2.rectangle(self.image_bgr, low, high, color, -1)
        self._note(low[1], high[1])

    def stroke(
        self,
        lines: Sequence[NDArray[np.int32]],
        color: Bgr,
        *,
        line_px: int,
        is_closed: bool = False,
        is_soft: bool = True,
    ) -> None:
        """Draw lines through points, each ``(n, 2)``.

        Args:
            lines: In pixels.
            color: Of the ink.
            line_px: How wide a line is.
            is_closed: Whether each returns to its first point.
            is_soft: Whether edges are smoothed.
        """
        if not lines:
            return
        kind = cv2.LINE_AA if is_soft else cv2.LINE_8
        cv2.polylines(self.image_bgr, lines, is_closed, color, line_px, kind)
        for line in lines:
            rows = line[:, 1]
            self._note(int(rows.min()), int(rows.max()), line_px)

    def tint(self, corners: NDArray[np.int32], color: Bgr, *, share: float) -> None:
        """Mix a colour into a polygon.

        Args:
            corners: ``(n, 2)`` in pixels.
            color: It.
            share: How much of it, from 0 to 1.
        """
        low = corners.min(axis=0).clip(0, (self.width_px, self.height_px))
        high = (corners.max(axis=0) + 1).clip(0, (self.width_px, self.height_px))
        if (high <= low).any():
            return
        part = self.image_bgr[low[1] : high[1], low[0] : high[0]]
        filled = part.copy()
        cv2.fillPoly(filled, [corners - low], color)
        cv2.addWeighted(filled, share, part, 1 - share, 0, dst=part)
        self._note(int(low[1]), int(high[1]))

    def shade(self, top_px: int, *, share: float) -> None:
        """Darken all from a row downwards by a share, from 0 to 1."""
        part = self.image_bgr[max(0, top_px) :]
        cv2.convertScaleAbs(part, dst=part, alpha=1 - share)
        self._note(top_px, self.height_px)

    def dot(self, middle: Point, color: Bgr, *, radius_px: int) -> None:
        """Draw a filled circle."""
        cv2.circle(self.image_bgr, middle, radius_px, color, -1)
        self._note(middle[1], middle[1], 2 * radius_px)

    def write(self, text: Lettering, *, left_px: int, base_px: int, color: Bgr) -> None:
        """Write a text whose baseline is at row base_px."""
        text.draw_on(self.image_bgr, left_px=left_px, base_px=base_px, color=color)
        top = base_px - text.base_px
        self._note(top, top + text.alpha.shape[0])

    def _note(self, top: int, bottom: int, line_px: int = 0) -> None:
        """Note that rows from top to bottom were drawn on, by lines so wide."""
        reach = line_px // 2 + _REACH_PX
        first = max(0, min(top, bottom) - reach) // STRIP_PX
        last = min(self.height_px - 1, max(top, bottom) + reach) // STRIP_PX
        for number in range(first, last + 1):
            self._is_drawn[number] = True
