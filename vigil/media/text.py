"""Text in pictures: one line in any script, painted and drawn. Needs the extra ``text``.

A text is painted once and kept, since the same few are drawn on picture after picture.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
import uharfbuzz as hb

from vigil.media.fonts import CAPITAL_SHARE, UNITS_PER_EM
from vigil.media.shaping import Shaped, fitting, printable, shaped

Bgr = tuple[int, int, int]
Image = npt.NDArray[np.uint8]

#: How far above and below the baseline a line may reach, in ems: Thai stacks marks on vowels.
_ASCENT, _DESCENT = 1.15, 0.45


@dataclass(frozen=True, slots=True, eq=False)
class Lettering:
    """A text, painted on one line.

    Attributes:
        alpha: ``(H, W)`` uint8: how much of each pixel the ink covers.
        base_px: The row of the baseline in it.
        capital_px: Height of a capital letter.
    """

    alpha: Image
    base_px: int
    capital_px: int

    @property
    def width_px(self) -> int:
        """Width in pixels; 0 when the text had nothing to show."""
        return int(self.alpha.shape[1])

    def draw_on(self, image_bgr: Image, *, left_px: int, base_px: int, color: Bgr) -> None:
        """Draw the text onto a picture; what lies outside of it is left out.

        Args:
            image_bgr: ``(H, W, 3)`` uint8, changed in place.
            left_px: Where the text begins.
            base_px: The row of its baseline.
            color: Of the ink.
        """
        top_px = base_px - self.base_px
        height, width = image_bgr.shape[:2]
        rows = slice(max(0, -top_px), max(0, height - top_px))
        columns = slice(max(0, -left_px), max(0, width - left_px))
        alpha = self.alpha[rows, columns]
        if not alpha.size:
            return
        top_px, left_px = max(0, top_px), max(0, left_px)
        part = image_bgr[top_px : top_px + alpha.shape[0], left_px : left_px + alpha.shape[1]]
        shares = cv2.cvtColor(alpha, cv2.COLOR_GRAY2BGR)
        # As a scalar: an array of one colour takes five times as long.
        ink = cv2.multiply(shares, np.array((*color, 0.0)), scale=1 / 255)
        cv2.multiply(part, cv2.bitwise_not(shares), dst=part, scale=1 / 255)
        cv2.add(part, ink, dst=part)


@lru_cache(maxsize=256)
def lettering(
    text: str, *, capital_px: int, max_width_px: int, min_capital_px: int | None = None
) -> Lettering:
    """Return text as one line; what is too long for its room ends in an ellipsis.

    Args:
        text: Whatever somebody called something.
        capital_px: Height of a capital letter.
        max_width_px: The room that it has.
        min_capital_px: How small it may become before it is cut; None: it keeps its size.
    """
    shown, room_px = printable(text), max(0, max_width_px)
    em_px = capital_px / CAPITAL_SHARE
    if min_capital_px is not None:
        fits_px = room_px * UNITS_PER_EM / max(1, shaped(shown).advance)
        em_px = min(em_px, max(fits_px, min_capital_px / CAPITAL_SHARE))
    glyphs = fitting(shown, int(room_px * UNITS_PER_EM / em_px))
    base_px = round(_ASCENT * em_px)
    height = base_px + round(_DESCENT * em_px)
    width = min(math.ceil(glyphs.advance * em_px / UNITS_PER_EM), room_px)
    alpha = _painted(glyphs, em_px, (width, height), base_px)
    return Lettering(alpha, base_px, round(em_px * CAPITAL_SHARE))


def _painted(glyphs: Shaped, em_px: float, size_wh: tuple[int, int], base_px: int) -> Image:
    width, height = size_wh
    if not width:
        return np.zeros((height, 0), np.uint8)
    brush = hb.RasterDraw()
    brush.scale_factor = (UNITS_PER_EM / em_px, UNITS_PER_EM / em_px)
    for glyph in glyphs.glyphs:
        brush.transform = (1, 0, 0, 1, glyph.x, glyph.y)
        brush.draw_glyph(glyph.font, glyph.glyph_id)
    # HarfBuzz counts rows upwards.
    brush.extents = hb.RasterExtents(0, base_px - height, width, height, 0)
    image = brush.render()
    rows = np.frombuffer(image.buffer, np.uint8).reshape(height, image.extents.stride)
    return np.ascontiguousarray(rows[::-1, :width])
