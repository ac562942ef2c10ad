"""A walking person: a skeleton of sticks in three dimensions, dressed in shaded limbs."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from standalone.demo.paint.sprite import Canvas, Colour, Point, Sprite

#: Strides a second of somebody who is in no hurry.
STRIDES_HZ = 0.9
#: How far a thigh swings to either side, in radians.
_SWING = 0.42

#: Levels of a coat from shoulder to hem: height, half width, half depth, in body heights.
_TRUNK = (
    (0.835, 0.05, 0.055),
    (0.815, 0.115, 0.08),
    (0.72, 0.125, 0.105),
    (0.61, 0.108, 0.095),
    (0.5, 0.12, 0.105),
    (0.45, 0.124, 0.108),
)

Joint = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """What a person wears. Colours are blue, green, red, each in 0 to 255."""

    coat: Colour
    trousers: Colour
    hair: Colour
    skin: Colour = (120.0, 150.0, 200.0)
    shoes: Colour = (28.0, 28.0, 32.0)


@dataclass(frozen=True, slots=True)
class _Limb:
    start: Joint
    end: Joint
    radii: tuple[float, float]
    colour: Colour


def draw_person(look: Look, *, height_px: float, stride: float, heading: float) -> Sprite:
    """Return a person in mid-walk; the feet stand on the sprite's last rows, in its middle.

    Args:
        look: What the person wears.
        height_px: From sole to crown.
        stride: Where in the walk's cycle, in 0 to 1; it repeats.
        heading: Radians; 0 walks to the right, pi/2 towards the viewer, pi to the left.
    """
    width, height = round(height_px * 0.9), round(height_px * 1.12)
    canvas = Canvas(width, height)
    phase = stride * math.tau
    legs = [*_leg(look, phase, -1.0), *_leg(look, phase + math.pi, 1.0)]
    # An arm swings against the leg of its side.
    arms = [*_arm(look, phase + math.pi, -1.0), *_arm(look, phase, 1.0)]
    # The lower foot carries: how far it hangs below the ground lifts the whole body.
    lowest = min(float(limb.end[1]) - limb.radii[1] for limb in legs)
    toward = np.array([math.sin(heading), 0.0, -math.cos(heading)])

    def on_canvas(joint: Joint) -> Point:
        across = joint[0] * math.cos(heading) + joint[2] * math.sin(heading)
        up = joint[1] - lowest
        return (width / 2 + across * height_px, height - height_px * (up + 0.04))

    def draw(limb: _Limb) -> None:
        radii = (limb.radii[0] * height_px, limb.radii[1] * height_px)
        canvas.limb(on_canvas(limb.start), on_canvas(limb.end), radii, limb.colour)

    def nearness(limb: _Limb) -> float:
        return float((limb.start + limb.end) @ toward)

    for limb in sorted(legs, key=nearness):
        draw(limb)
    for limb in (arm for arm in arms if nearness(arm) < 0):
        draw(limb)
    _draw_trunk(canvas, look.coat, on_canvas, heading)
    for limb in (arm for arm in arms if nearness(arm) >= 0):
        draw(limb)
    _draw_head(canvas, look, on_canvas, height_px=height_px, heading=heading)
    return canvas.finish(blur_px=0.6 + height_px / 400)


def _leg(look: Look, swing: float, side: float) -> list[_Limb]:
    thigh = _SWING * math.sin(swing)
    # The knee bends while the leg comes forward, and is nearly straight while it carries.
    shank = thigh - (0.06 + 0.55 * max(0.0, math.cos(swing)) ** 1.5)
    hip = np.array([0.0, 0.5, side * 0.05])
    knee = hip + 0.24 * _direction(thigh)
    ankle = knee + 0.235 * _direction(shank)
    toe = ankle + 0.085 * _direction(shank + math.pi / 2 - 0.1)
    return [
        _Limb(ankle, toe, (0.026, 0.02), look.shoes),
        _Limb(knee, ankle, (0.05, 0.033), look.trousers),
        _Limb(hip, knee, (0.076, 0.052), look.trousers),
    ]


def _arm(look: Look, swing: float, side: float) -> list[_Limb]:
    upper = 0.9 * _SWING * math.sin(swing)
    lower = upper + 0.25 + 0.15 * math.sin(swing)
    shoulder = np.array([0.0, 0.795, side * 0.115])
    outward = np.array([0.0, 0.0, side * 0.02])
    elbow = shoulder + 0.165 * _direction(upper) + outward
    wrist = elbow + 0.145 * _direction(lower)
    hand = wrist + 0.03 * _direction(lower)
    return [
        _Limb(wrist, hand, (0.022, 0.018), look.skin),
        _Limb(elbow, wrist, (0.03, 0.024), look.coat),
        _Limb(shoulder, elbow, (0.042, 0.032), look.coat),
    ]


def _direction(angle: float) -> Joint:
    """Return the unit vector of a limb that hangs, turned forward by an angle in radians."""
    return np.array([math.sin(angle), -math.cos(angle), 0.0])


def _draw_trunk(
    canvas: Canvas, coat: Colour, on_canvas: Callable[[Joint], Point], heading: float
) -> None:
    """Draw the coat: an ellipse at each level, so that its width follows the heading."""
    scale = abs(on_canvas(np.array([0.0, 1.0, 0.0]))[1] - on_canvas(np.zeros(3))[1])
    for shrink, shift, light in ((1.0, 0.0, 0.62), (0.86, 0.06, 0.84), (0.6, 0.16, 1.05)):
        left: list[Point] = []
        right: list[Point] = []
        for up, across, deep in _TRUNK:
            x, y = on_canvas(np.array([0.0, up, 0.0]))
            half = scale * math.hypot(across * math.sin(heading), deep * math.cos(heading))
            left.append((x - half * (shrink + shift), y))
            right.append((x + half * (shrink - shift), y))
        shade = (coat[0] * light, coat[1] * light, coat[2] * light)
        canvas.shape(left + right[::-1], shade)


def _draw_head(
    canvas: Canvas,
    look: Look,
    on_canvas: Callable[[Joint], Point],
    *,
    height_px: float,
    heading: float,
) -> None:
    neck = on_canvas(np.array([0.0, 0.82, 0.0])), on_canvas(np.array([0.012, 0.88, 0.0]))
    canvas.limb(*neck, (0.034 * height_px, 0.032 * height_px), look.skin)
    face = on_canvas(np.array([0.03, 0.905, 0.0])), on_canvas(np.array([0.024, 0.937, 0.0]))
    # The hair is a little larger than the face and a little behind it.
    hair = on_canvas(np.array([0.0, 0.949, 0.0]))
    from_behind = math.sin(heading) < -0.5
    if not from_behind:
        canvas.limb(hair, hair, (0.06 * height_px, 0.06 * height_px), look.hair)
    canvas.limb(*face, (0.043 * height_px, 0.05 * height_px), look.skin)
    if from_behind:
        canvas.limb(hair, face[0], (0.06 * height_px, 0.045 * height_px), look.hair)
    else:
        cap = on_canvas(np.array([0.008, 0.965, 0.0]))
        canvas.limb(cap, cap, (0.045 * height_px, 0.045 * height_px), look.hair)
