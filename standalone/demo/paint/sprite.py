"""A small picture with transparency, and how it is laid into a frame."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from standalone.demo.truth import Box

#: Parts are drawn this many times larger, and scaled down, so that every edge is soft.
OVERSAMPLING = 3
#: How much of the light a shadow takes.
SHADOW_DEPTH = 0.42

Image = npt.NDArray[np.uint8]
Colour = tuple[float, float, float]
Point = tuple[float, float]


class Canvas:
    """An oversampled picture on which tapered, shaded limbs are drawn.

    Args:
        width_px, height_px: Of the finished sprite. Points are in its pixels.
    """

    def __init__(self, width_px: int, height_px: int) -> None:
        self._size_wh = (width_px, height_px)
        shape = (height_px * OVERSAMPLING, width_px * OVERSAMPLING)
        self._colour_bgr = np.zeros((*shape, 3), np.uint8)
        self._cover = np.zeros(shape, np.uint8)

    def limb(self, start: Point, end: Point, radii_px: tuple[float, float], colour: Colour) -> None:
        """Draw a tapered limb that is lit from the upper left, as a stack of shrinking ones."""
        for shrink, shift, light in ((1.0, 0.0, 0.62), (0.82, 0.1, 0.84), (0.55, 0.22, 1.05)):
            shade = (colour[0] * light, colour[1] * light, colour[2] * light)
            self._taper(
                (start[0] - shift * radii_px[0], start[1] - 0.5 * shift * radii_px[0]),
                (end[0] - shift * radii_px[1], end[1] - 0.5 * shift * radii_px[1]),
                (radii_px[0] * shrink, radii_px[1] * shrink),
                shade,
            )

    def shape(self, points: list[Point], colour: Colour) -> None:
        """Fill a polygon with one colour."""
        corners = np.rint(np.array(points) * OVERSAMPLING).astype(np.int32)
        cv2.fillPoly(self._colour_bgr, [corners], colour)
        cv2.fillPoly(self._cover, [corners], (255,))

    def disc(self, centre: Point, radius_px: float, colour: Colour) -> None:
        """Fill a circle with one colour."""
        x, y = round(centre[0] * OVERSAMPLING), round(centre[1] * OVERSAMPLING)
        radius = max(1, round(radius_px * OVERSAMPLING))
        cv2.circle(self._colour_bgr, (x, y), radius, colour, -1)
        cv2.circle(self._cover, (x, y), radius, (255,), -1)

    def finish(self, blur_px: float) -> "Sprite":
        """Return what was drawn, scaled down and as soft as a lens makes it."""
        small = cv2.resize(self._colour_bgr, self._size_wh, interpolation=cv2.INTER_AREA)
        cover = cv2.resize(self._cover, self._size_wh, interpolation=cv2.INTER_AREA)
        return Sprite(
            cv2.GaussianBlur(small, (0, 0), blur_px).astype(np.uint8, copy=False),
            cv2.GaussianBlur(cover, (0, 0), blur_px).astype(np.uint8, copy=False),
        )

    def _taper(
        self, start: Point, end: Point, radii_px: tuple[float, float], colour: Colour
    ) -> None:
        self.disc(start, radii_px[0], colour)
        self.disc(end, radii_px[1], colour)
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = math.hypot(dx, dy)
        if length == 0:
            return
        across, down = -dy / length, dx / length
        self.shape(
            [
                (start[0] + across * radii_px[0], start[1] + down * radii_px[0]),
                (end[0] + across * radii_px[1], end[1] + down * radii_px[1]),
                (end[0] - across * radii_px[1], end[1] - down * radii_px[1]),
                (start[0] - across * radii_px[0], start[1] - down * radii_px[0]),
            ],
            colour,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A picture with transparency.

    Attributes:
        image_bgr: ``(H, W, 3)``, already weighted by the cover: black where nothing is.
        cover: ``(H, W)``; 0 shows what is behind, 255 hides it.
    """

    image_bgr: Image
    cover: Image

    def extent(self) -> Box:
        """Return what the sprite covers, in its own pixels."""
        return _covered(self.cover) or Box(0, 0, 0, 0)

    def lay(self, frame_bgr: Image, left: int, top: int) -> Box | None:
        """Lay the sprite into a frame; return what it covers there, or None outside of it."""
        height, width = frame_bgr.shape[:2]
        x0, y0 = max(0, left), max(0, top)
        x1 = min(width, left + self.cover.shape[1])
        y1 = min(height, top + self.cover.shape[0])
        if x0 >= x1 or y0 >= y1:
            return None
        part = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        cover = self.cover[part]
        through = (255 - cover[..., None]).astype(np.float32) / 255
        behind = frame_bgr[y0:y1, x0:x1]
        behind[:] = np.minimum(behind * through + self.image_bgr[part], 255)
        inside = _covered(cover)
        if inside is None:
            return None
        return Box(x0 + inside.x_min, y0 + inside.y_min, x0 + inside.x_max, y0 + inside.y_max)


def cast_shadow(frame_bgr: Image, foot: Point, half_wh: tuple[float, float]) -> None:
    """Darken the ground under something that stands there, as a veiled sun does."""
    height, width = frame_bgr.shape[:2]
    centre_x, centre_y = foot[0] + 0.15 * half_wh[0], foot[1]
    x0, x1 = (round(centre_x + sign * 1.8 * half_wh[0]) for sign in (-1, 1))
    y0, y1 = (round(centre_y + sign * 2.5 * half_wh[1]) for sign in (-1, 1))
    x0, y0, x1, y1 = max(0, x0), max(0, y0), min(width, x1), min(height, y1)
    if x0 >= x1 or y0 >= y1:
        return
    across = (np.arange(x0, x1, dtype=np.float32) - centre_x) / half_wh[0]
    down = (np.arange(y0, y1, dtype=np.float32) - centre_y) / half_wh[1]
    dark = SHADOW_DEPTH * np.exp(-(across[None, :] ** 4) - down[:, None] ** 2)
    part = frame_bgr[y0:y1, x0:x1]
    part[:] = part * (1 - dark[..., None])


def _covered(cover: Image) -> Box | None:
    rows = np.flatnonzero((cover > 127).any(axis=1))
    columns = np.flatnonzero((cover > 127).any(axis=0))
    if not rows.size:
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
