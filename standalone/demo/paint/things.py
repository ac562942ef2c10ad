"""What moves through the street and is no person: a car, a ball, a delivery cart."""

import math

import numpy as np

from standalone.demo.paint.sprite import Canvas, Colour, Point, Sprite

_TYRE: Colour = (34.0, 34.0, 36.0)
_RIM: Colour = (176.0, 178.0, 180.0)

#: A car's outline in car lengths from its rear bumper, and up from the ground.
_BODY = (
    (0.0, 0.09), (0.0, 0.19), (0.03, 0.22), (0.16, 0.24), (0.3, 0.345), (0.52, 0.35), (0.69, 0.235),
    (0.92, 0.2), (0.99, 0.165), (1.0, 0.09), (0.94, 0.06), (0.05, 0.06),
)  # fmt: skip
_GLASS = (
    ((0.2, 0.24), (0.31, 0.325), (0.41, 0.33), (0.41, 0.235)),
    ((0.43, 0.235), (0.43, 0.33), (0.515, 0.328), (0.64, 0.24)),
)


def draw_car(*, length_px: float, rolled_px: float, to_right: bool, colour: Colour) -> Sprite:
    """Return a car from its side; its tyres stand on the sprite's last rows.

    Args:
        length_px: From bumper to bumper.
        rolled_px: How far it has come, which turns its wheels.
        to_right: Which way it looks.
        colour: Of its paint: blue, green, red.
    """
    width, height = round(length_px * 1.04), round(length_px * 0.4)
    canvas = Canvas(width, height)

    def place(point: Point) -> Point:
        along = point[0] if to_right else 1 - point[0]
        return (width / 2 + (along - 0.5) * length_px, height * 0.98 - point[1] * length_px)

    def part(points: tuple[Point, ...], light: float) -> None:
        canvas.shape([place(p) for p in points], _lit(colour, light))

    part(_BODY, 0.8)
    part(
        ((0.03, 0.2), (0.16, 0.235), (0.69, 0.23), (0.92, 0.195), (0.98, 0.165), (0.0, 0.17)), 1.15
    )
    part(((0.005, 0.1), (0.995, 0.1), (0.94, 0.062), (0.05, 0.062)), 0.55)
    part(((0.3, 0.345), (0.52, 0.35), (0.54, 0.335), (0.29, 0.33)), 1.25)
    for pane in _GLASS:
        canvas.shape([place(p) for p in pane], (96.0, 84.0, 66.0))
        low, high = pane[0], pane[1]
        glint = (low, high, ((high[0] + 0.03), high[1]), ((low[0] + 0.03), low[1]))
        canvas.shape([place(p) for p in glint], (150.0, 138.0, 118.0))
    part(((0.418, 0.1), (0.418, 0.23), (0.422, 0.23), (0.422, 0.1)), 0.5)
    part(((0.36, 0.2), (0.36, 0.207), (0.4, 0.207), (0.4, 0.2)), 0.45)
    canvas.shape([place(p) for p in ((0.95, 0.15), (0.995, 0.14), (0.99, 0.17))], (225, 240, 245))
    canvas.shape([place(p) for p in ((0.0, 0.15), (0.04, 0.16), (0.02, 0.195))], (40, 40, 190))
    turn = rolled_px / (0.078 * length_px) * (1 if to_right else -1)
    for axle in (0.19, 0.8):
        _wheel(canvas, place((axle, 0.078)), 0.078 * length_px, turn)
    return canvas.finish(blur_px=0.9)


def draw_ball(*, radius_px: float, rolled_px: float) -> Sprite:
    """Return a beach ball that has rolled so far to the right; it touches the last row."""
    size = math.ceil(radius_px * 2 + 4)
    canvas = Canvas(size, size)
    centre = (size / 2, size - 1 - radius_px)
    canvas.disc(centre, radius_px, (70.0, 60.0, 205.0))
    stripes: tuple[Colour, ...] = (
        (226.0, 228.0, 230.0),
        (196.0, 120.0, 40.0),
        (70.0, 200.0, 235.0),
    )
    turn = rolled_px / radius_px
    for number, stripe in enumerate(stripes):
        angles = turn + number * math.tau / 3 + np.linspace(0, math.tau / 6, 7)
        rim = [
            (centre[0] + radius_px * math.cos(angle), centre[1] + radius_px * math.sin(angle))
            for angle in angles
        ]
        canvas.shape([centre, *rim], stripe)
    hub = (centre[0] - 0.3 * radius_px, centre[1] - 0.35 * radius_px)
    canvas.disc(hub, radius_px * 0.16, (240.0, 240.0, 242.0))
    return canvas.finish(blur_px=0.7)


def draw_cart(*, height_px: float, rolled_px: float) -> Sprite:
    """Return a low delivery cart that drives by itself; its wheels stand on the last rows."""
    width, height = round(height_px * 1.9), round(height_px * 1.04)
    canvas = Canvas(width, height)
    left, right = 0.06 * width, 0.94 * width
    floor, top = height * 0.78, height * 0.1
    body: Colour = (200.0, 206.0, 208.0)
    for inset, light in ((0.0, 0.75), (0.03, 0.95), (0.07, 1.08)):
        x0, x1 = left + inset * width, right - inset * width
        y0, y1 = top + inset * height, floor - inset * height
        canvas.shape([(x0 + 8, y0), (x1 - 8, y0), (x1, y0 + 9), (x1, y1), (x0, y1), (x0, y0 + 9)],
                     _lit(body, light))  # fmt: skip
    canvas.shape(
        [
            (left, height * 0.58),
            (right, height * 0.58),
            (right, height * 0.68),
            (left, height * 0.68),
        ],
        (60.0, 150.0, 235.0),
    )
    canvas.limb((left + 6, floor), (right - 6, floor), (0.06 * height, 0.06 * height), _TYRE)
    radius = 0.17 * height
    for axle in (0.2, 0.5, 0.8):
        _wheel(canvas, (width * axle, height * 0.98 - radius), radius, rolled_px / radius)
    return canvas.finish(blur_px=0.8)


def _wheel(canvas: Canvas, hub: Point, radius_px: float, turn: float) -> None:
    canvas.disc(hub, radius_px, _TYRE)
    canvas.disc(hub, radius_px * 0.66, _RIM)
    for spoke in range(5):
        angle = turn + spoke * math.tau / 5
        tip = (
            hub[0] + 0.56 * radius_px * math.cos(angle),
            hub[1] + 0.56 * radius_px * math.sin(angle),
        )
        canvas.disc(tip, radius_px * 0.13, (92.0, 92.0, 94.0))
    canvas.disc(hub, radius_px * 0.16, (110.0, 110.0, 112.0))


def _lit(colour: Colour, light: float) -> Colour:
    blue, green, red = (min(255.0, channel * light) for channel in colour)
    return (blue, green, red)
