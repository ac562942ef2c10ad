"""The street that never moves: a house, a hedge, a pavement and a road, seen from 4 m up.

Painted once a clip, at twice the size, so that it may be as slow as a few hundred milliseconds.
"""

import math

import cv2
import numpy as np

from standalone.demo.paint.sprite import Colour, Image

#: The size the scene is composed for; every coordinate of it is in these pixels.
DESIGN_WH = (1280, 720)
#: The row on which the camera's own height meets everything.
HORIZON_PX = 120
#: Rows where the lawn, the pavement, the kerb and the road begin.
LAWN_PX, PAVEMENT_PX, KERB_PX, ROAD_PX = 300, 372, 474, 486
_OVERSAMPLING = 2
_VANISHING_POINT = (640, HORIZON_PX)

Rectangle = tuple[int, int, int, int]


class _Brush:
    """Draws in design coordinates on an oversampled picture."""

    def __init__(self, rng: np.random.Generator) -> None:
        width, height = DESIGN_WH
        self.rng = rng
        self.image = np.zeros((height * _OVERSAMPLING, width * _OVERSAMPLING, 3), np.uint8)

    def polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        corners = np.round(np.array(points) * _OVERSAMPLING).astype(np.int32)
        cv2.fillPoly(self.image, [corners], colour, cv2.LINE_AA)

    def rectangle(self, box: Rectangle, colour: Colour) -> None:
        x0, y0, x1, y1 = box
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)

    def line(
        self, start: tuple[float, float], end: tuple[float, float], colour: Colour, width: float
    ) -> None:
        first, last = (
            (round(x * _OVERSAMPLING), round(y * _OVERSAMPLING)) for x, y in (start, end)
        )
        thickness = max(1, round(width * _OVERSAMPLING))
        cv2.line(self.image, first, last, colour, thickness, cv2.LINE_AA)

    def disc(self, centre: tuple[float, float], radius: float, colour: Colour) -> None:
        x, y = (round(value * _OVERSAMPLING) for value in centre)
        cv2.circle(self.image, (x, y), round(radius * _OVERSAMPLING), colour, -1, cv2.LINE_AA)

    def fade(self, box: Rectangle, top: Colour, bottom: Colour) -> None:
        """Fill a rectangle with a gradient from its top to its bottom."""
        x0, y0, x1, y1 = (value * _OVERSAMPLING for value in box)
        ramp = np.linspace(0, 1, y1 - y0)[:, None, None]
        self.image[y0:y1, x0:x1] = np.array(top) * (1 - ramp) + np.array(bottom) * ramp

    def grain(self, box: Rectangle, *, cell_px: tuple[float, float], strength: float) -> None:
        """Lighten and darken a rectangle by soft noise, whose spots are cell_px wide and high."""
        x0, y0, x1, y1 = (value * _OVERSAMPLING for value in box)
        cells_wh = (
            max(2, round((x1 - x0) / _OVERSAMPLING / cell_px[0])),
            max(2, round((y1 - y0) / _OVERSAMPLING / cell_px[1])),
        )
        cells = self.rng.normal(0, strength, cells_wh[::-1]).astype(np.float32)
        noise = cv2.resize(cells, (x1 - x0, y1 - y0), interpolation=cv2.INTER_CUBIC)
        part = self.image[y0:y1, x0:x1]
        part[:] = np.clip(part + noise[..., None], 0, 255)

    def leaves(self, box: Rectangle, count: int, radius: float, colours: list[Colour]) -> None:
        """Scatter leaves within an ellipse, the lit ones above the shaded ones."""
        x0, y0, x1, y1 = box
        angles = self.rng.uniform(0, math.tau, count)
        reach = np.sqrt(self.rng.uniform(0, 1, count))
        for angle, far in sorted(zip(angles, reach, strict=True), key=lambda leaf: -leaf[1]):
            x = (x0 + x1) / 2 + (x1 - x0) / 2 * far * math.cos(angle)
            y = (y0 + y1) / 2 + (y1 - y0) / 2 * far * math.sin(angle)
            # Light comes from the upper left: leaves there take the later, lighter colours.
            lit = 0.5 - 0.3 * far * math.cos(angle) - 0.45 * far * math.sin(angle)
            shade = np.clip(lit + self.rng.normal(0, 0.18), 0, 0.999)
            colour = colours[int(shade * len(colours))]
            self.disc((x, y), radius * self.rng.uniform(0.5, 1.1), colour)


def paint_backdrop(seed: int) -> Image:
    """Return the empty street, ``(720, 1280, 3)``; the same seed paints the same street."""
    brush = _Brush(np.random.default_rng(seed))
    _paint_sky(brush)
    _paint_house(brush)
    _paint_garage(brush)
    _paint_garden(brush)
    _paint_pavement(brush)
    _paint_road(brush)
    _paint_tree(brush)
    _paint_lamp(brush)
    image = cv2.resize(brush.image, DESIGN_WH, interpolation=cv2.INTER_AREA)
    return _vignette(cv2.GaussianBlur(image, (0, 0), 0.7).astype(np.uint8))


def _paint_sky(brush: _Brush) -> None:
    width = DESIGN_WH[0]
    brush.fade((0, 0, width, LAWN_PX), (226, 190, 150), (238, 232, 222))
    brush.grain((0, 0, width, 150), cell_px=(220, 34), strength=7)
    for base, colour in ((196, (178, 172, 150)), (222, (140, 150, 122))):
        rough = brush.rng.normal(0, 9, 24).cumsum()
        ridge = [
            (x * width / 23, base - 20 + float(lift))
            for x, lift in enumerate(rough - np.linspace(0, float(rough[-1]), 24))
        ]
        brush.polygon([*ridge, (width, LAWN_PX), (0, LAWN_PX)], colour)


def _paint_house(brush: _Brush) -> None:
    wall = (0, 44, 700, LAWN_PX)
    brush.fade(wall, (168, 196, 214), (150, 180, 202))
    brush.grain(wall, cell_px=(90, 60), strength=4)
    brush.grain(wall, cell_px=(3, 3), strength=3)
    brush.rectangle((0, 272, 700, LAWN_PX), (122, 132, 140))
    brush.polygon([(-10, 0), (660, 0), (728, 50), (-10, 50)], (74, 84, 132))
    for row in range(6, 50, 9):
        brush.line((0, row), (660 + 1.3 * row, row), (58, 66, 108), 1)
    brush.rectangle((0, 48, 726, 58), (205, 214, 220))
    # The eaves' shadow, which tells where the light comes from.
    brush.rectangle((0, 58, 700, 70), (124, 146, 164))
    for left in (56, 206, 470, 598):
        _paint_window(brush, (left, 112, left + 66, 200))
    _paint_door(brush, (346, 150, 404, LAWN_PX))


def _paint_window(brush: _Brush, box: Rectangle) -> None:
    x0, y0, x1, y1 = box
    brush.rectangle((x0 - 6, y0 - 6, x1 + 6, y1 + 6), (222, 228, 232))
    brush.fade(box, (150, 120, 86), (92, 78, 62))
    brush.polygon([(x0, y0), (x0 + 30, y0), (x0, y0 + 52)], (190, 170, 144))
    brush.polygon([(x1 - 14, y0), (x1, y0), (x1, y1), (x1 - 8, y1)], (176, 176, 178))
    brush.line(((x0 + x1) / 2, y0), ((x0 + x1) / 2, y1), (222, 228, 232), 4)
    brush.line((x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2), (222, 228, 232), 4)
    brush.rectangle((x0 - 10, y1 + 6, x1 + 10, y1 + 13), (196, 204, 210))
    brush.rectangle((x0 - 8, y1 + 13, x1 + 8, y1 + 17), (128, 150, 168))


def _paint_door(brush: _Brush, box: Rectangle) -> None:
    x0, y0, x1, y1 = box
    brush.rectangle((x0 - 7, y0 - 7, x1 + 7, y1), (222, 228, 232))
    brush.fade(box, (92, 84, 46), (74, 66, 36))
    for top in (y0 + 10, y0 + 78):
        brush.rectangle((x0 + 9, top, x1 - 9, top + 54), (104, 96, 56))
        brush.rectangle((x0 + 12, top + 3, x1 - 12, top + 54), (84, 76, 42))
    brush.disc((x1 - 8, y0 + 74), 2.6, (120, 190, 214))
    brush.rectangle((x0 - 18, y1 - 8, x1 + 18, y1), (166, 172, 176))
    brush.rectangle((x0 - 26, y1 - 2, x1 + 26, y1 + 6), (148, 154, 158))


def _paint_garage(brush: _Brush) -> None:
    wall = (760, 132, 1010, LAWN_PX)
    brush.fade(wall, (178, 190, 198), (158, 172, 182))
    brush.grain(wall, cell_px=(40, 40), strength=3)
    brush.polygon([(748, 116), (1022, 116), (1022, 134), (748, 134)], (88, 92, 98))
    brush.rectangle((760, 134, 1010, 142), (128, 140, 148))
    brush.fade((796, 176, 974, LAWN_PX), (196, 204, 208), (172, 180, 186))
    for row in range(176, LAWN_PX, 18):
        brush.line((796, row), (974, row), (140, 150, 156), 1.5)
    # A hedge of the neighbour fills the rest of the view.
    for left in range(1016, 1330, 44):
        brush.leaves((left - 44, 176, left + 56, 312), 260, 6, _GREENS)


_GREENS: list[Colour] = [
    (32, 52, 36), (38, 66, 46), (46, 84, 58), (56, 102, 70), (74, 126, 92), (96, 152, 120),
]  # fmt: skip


def _paint_garden(brush: _Brush) -> None:
    width = DESIGN_WH[0]
    lawn = (0, LAWN_PX, width, PAVEMENT_PX)
    brush.fade(lawn, (84, 138, 112), (74, 150, 120))
    brush.grain(lawn, cell_px=(60, 10), strength=6)
    brush.grain(lawn, cell_px=(2, 3), strength=9)
    # The path from the door and the drive from the garage widen towards the viewer.
    for near, far in (((318, 432), (346, 404)), ((756, 1046), (790, 980))):
        corners = [(far[0], LAWN_PX), (far[1], LAWN_PX), (near[1], PAVEMENT_PX)]
        brush.polygon([*corners, (near[0], PAVEMENT_PX)], (176, 182, 184))
    for left, right in ((0, 330), (424, 700)):
        for x in range(left, right, 24):
            brush.leaves((x - 14, 246, x + 34, 298), 90, 4, _GREENS)
        for _ in range((right - left) // 9):
            spot = (brush.rng.uniform(left, right), brush.rng.uniform(254, 292))
            petal = ((190, 120, 226), (240, 236, 240), (88, 190, 240))[brush.rng.integers(3)]
            brush.disc(spot, brush.rng.uniform(1.6, 2.8), petal)


def _paint_pavement(brush: _Brush) -> None:
    width = DESIGN_WH[0]
    pavement = (0, PAVEMENT_PX, width, KERB_PX)
    brush.fade(pavement, (178, 186, 190), (190, 198, 202))
    brush.grain(pavement, cell_px=(70, 16), strength=4)
    brush.grain(pavement, cell_px=(2, 2), strength=5)
    joint = (158, 166, 170)
    for row in (PAVEMENT_PX, 402, 436, KERB_PX):
        brush.line((0, row), (width, row), joint, 1)
    for slab in range(-30, 31):
        # Slabs are 1 m wide, which is 100 pixels on row 520.
        foot = _VANISHING_POINT[0] + slab * 100
        top, bottom = (_towards_vanishing_point(foot, row) for row in (PAVEMENT_PX, KERB_PX))
        brush.line((top, PAVEMENT_PX), (bottom, KERB_PX), joint, 1)
    brush.rectangle((0, KERB_PX, width, ROAD_PX), (164, 170, 174))
    brush.rectangle((0, KERB_PX, width, KERB_PX + 3), (206, 212, 214))
    brush.rectangle((0, ROAD_PX - 4, width, ROAD_PX), (112, 116, 118))


def _towards_vanishing_point(foot_x: float, row: float) -> float:
    """Return where the line on the ground that passes row 520 at foot_x crosses another row."""
    x, y = _VANISHING_POINT
    return x + (foot_x - x) * (row - y) / (520 - y)


def _paint_road(brush: _Brush) -> None:
    width, height = DESIGN_WH
    road = (0, ROAD_PX, width, height)
    brush.fade(road, (128, 126, 124), (142, 140, 138))
    brush.grain(road, cell_px=(200, 22), strength=4)
    brush.grain(road, cell_px=(2, 1.5), strength=6)
    for x in range(-60, width, 250):
        dash = [(x, 664), (x + 120, 664), (x + 112, 676), (x - 10, 676)]
        brush.polygon([(float(a), float(b)) for a, b in dash], (206, 212, 214))
    # A mended patch and a drain, as every road has.
    brush.polygon([(880, 520), (1040, 520), (1062, 560), (884, 560)], (116, 114, 112))
    brush.grain((880, 520, 1060, 560), cell_px=(2, 2), strength=5)
    brush.rectangle((206, 490, 262, 503), (76, 78, 80))
    for x in range(210, 262, 7):
        brush.line((x, 491), (x, 502), (44, 46, 48), 2)


def _paint_tree(brush: _Brush) -> None:
    bark: Colour = (58, 78, 98)
    brush.polygon([(1150, 366), (1156, 200), (1178, 200), (1188, 366)], bark)
    brush.polygon([(1174, 366), (1170, 200), (1178, 200), (1188, 366)], (42, 58, 74))
    brush.line((1164, 236), (1110, 150), bark, 9)
    brush.line((1170, 226), (1222, 140), bark, 8)
    for x, y, size in ((1090, 96, 92), (1230, 92, 96), (1160, 50, 104), (1158, 130, 84)):
        box = (x - size, round(y - size * 0.7), x + size, round(y + size * 0.7))
        brush.leaves(box, 900, 6.5, _GREENS)


def _paint_lamp(brush: _Brush) -> None:
    steel: Colour = (92, 92, 90)
    brush.rectangle((722, 40, 729, 368), steel)
    brush.rectangle((722, 40, 724, 368), (132, 132, 130))
    brush.polygon([(712, 368), (739, 368), (734, 350), (717, 350)], steel)
    brush.line((725, 42), (770, 34), steel, 5)
    brush.polygon([(764, 28), (806, 30), (802, 40), (764, 40)], (110, 110, 108))
    brush.rectangle((768, 39, 800, 42), (206, 226, 232))


def _vignette(image_bgr: Image) -> Image:
    """Return the picture a little darker towards its corners, as a small lens makes it."""
    height, width = image_bgr.shape[:2]
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = 1.02 - 0.1 * (down**2 + across**2)
    darker: Image = np.clip(image_bgr * light[..., None], 0, 255).astype(np.uint8)
    return darker
