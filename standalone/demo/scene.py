"""What happens in the street, minute after minute: who comes by, where, and when.

The ground is a plane, and the camera hangs 4 m above it: how far below the horizon somebody stands
says how large they are. Every actor begins and ends outside the picture, and the last frame of a
minute runs into the first without a seam.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from standalone.demo.paint.backdrop import DESIGN_WH, HORIZON_PX, paint_backdrop
from standalone.demo.paint.figure import STRIDES_HZ, Look, draw_person
from standalone.demo.paint.sprite import Colour, Image, Sprite, cast_shadow
from standalone.demo.paint.things import draw_ball, draw_car, draw_cart
from standalone.demo.truth import LabelledBox

#: Seconds after which the street repeats itself.
SCENE_S = 60.0
_CAMERA_HEIGHT_M = 4.0
#: The focal length in pixels: how much nearer somebody comes while a row further down.
_FOCAL_PX = 900.0
_PERSON_HEIGHT_M = 1.75
#: Least part of an object that must be inside the picture to count as seen.
_LEAST_VISIBLE = 0.3

GroundPoint = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Way:
    """A straight way over the ground at an even pace.

    Attributes:
        begin_s, lasts_s: When it begins, in seconds of the scene, and how long it takes. It may go
            on over the end of the minute.
        start, end: Where on the picture feet or wheels touch the ground, in pixels of the design.
    """

    begin_s: float
    lasts_s: float
    start: GroundPoint
    end: GroundPoint

    def at(self, at_s: float) -> GroundPoint | None:
        """Return the point that is reached, or None outside of its time."""
        done = self.since_s(at_s) / self.lasts_s
        if done >= 1:
            return None
        # Even over the ground, so uneven over the picture: what is farther off moves slower.
        across, depth = (
            first + (last - first) * done
            for first, last in zip(_on_ground(self.start), _on_ground(self.end), strict=True)
        )
        return (DESIGN_WH[0] / 2 + across * _FOCAL_PX / depth, HORIZON_PX + _FOCAL_PX / depth)

    def since_s(self, at_s: float) -> float:
        """Return the seconds since it last began."""
        return (at_s - self.begin_s) % SCENE_S

    def heading(self) -> float:
        """Return the way's direction on the ground: 0 is to the right, pi/2 is to the viewer."""
        (x0, z0), (x1, z1) = _on_ground(self.start), _on_ground(self.end)
        return math.atan2(z0 - z1, x1 - x0)


def _on_ground(point: GroundPoint) -> tuple[float, float]:
    """Return how far to the right and how far away a point is, in heights of the camera."""
    below = point[1] - HORIZON_PX
    return (point[0] - DESIGN_WH[0] / 2) / below, _FOCAL_PX / below


@dataclass(frozen=True, slots=True)
class Moment:
    """Where an actor is on its way.

    Attributes:
        since_s: Seconds since it set out.
        metre_px: How many pixels a metre is there.
        gone_px: How far it came to the right; negative to the left.
        heading: As in Way.heading.
    """

    since_s: float
    metre_px: float
    gone_px: float
    heading: float


@dataclass(frozen=True, slots=True)
class Actor:
    """Something that comes through the street.

    Attributes:
        label: COCO's name for it, where COCO has one.
        way: Where it goes.
        paint: Draws it as it is at a moment.
        lift_m: How high above the ground it is at a moment.
    """

    label: str
    way: Way
    paint: Callable[[Moment], Sprite]
    lift_m: Callable[[Moment], float] = lambda _moment: 0.0


def person(way: Way, look: Look) -> Actor:
    """Return somebody who walks."""

    def paint(moment: Moment) -> Sprite:
        return draw_person(
            look,
            height_px=_PERSON_HEIGHT_M * moment.metre_px,
            stride=moment.since_s * STRIDES_HZ % 1,
            heading=moment.heading,
        )

    return Actor("person", way, paint)


def car(way: Way, colour: Colour) -> Actor:
    """Return a car that drives by."""

    def paint(moment: Moment) -> Sprite:
        return draw_car(
            length_px=4.0 * moment.metre_px,
            rolled_px=abs(moment.gone_px),
            to_right=moment.gone_px >= 0,
            colour=colour,
        )

    return Actor("car", way, paint)


def ball(way: Way) -> Actor:
    """Return a beach ball that somebody kicked: it bounces, ever lower, and rolls on."""

    def paint(moment: Moment) -> Sprite:
        return draw_ball(radius_px=0.3 * moment.metre_px, rolled_px=moment.gone_px)

    def lift_m(moment: Moment) -> float:
        return 0.7 * abs(math.cos(moment.since_s * 3.2)) * math.exp(-0.45 * moment.since_s)

    return Actor("sports ball", way, paint, lift_m)


def cart(way: Way) -> Actor:
    """Return a delivery cart that drives along by itself."""

    def paint(moment: Moment) -> Sprite:
        return draw_cart(height_px=0.8 * moment.metre_px, rolled_px=moment.gone_px)

    return Actor("cart", way, paint)


NAVY = Look(coat=(74, 46, 34), trousers=(52, 50, 48), hair=(26, 34, 46))
_RED = Look(coat=(52, 44, 158), trousers=(84, 58, 42), hair=(30, 44, 70))
_PLUM = Look(coat=(84, 40, 84), trousers=(56, 60, 70), hair=(60, 110, 150))

#: The street's minute. Nobody walks behind a car, so that a box of truth is always to be seen.
MINUTE = (
    person(Way(56.0, 16.5, (-60.0, 450.0), (1345.0, 454.0)), NAVY),
    person(Way(5.0, 16.0, (1350.0, 440.0), (-70.0, 438.0)), _PLUM),
    car(Way(17.0, 4.5, (1580.0, 650.0), (-300.0, 650.0)), (150.0, 96.0, 40.0)),
    person(Way(22.0, 14.5, (1345.0, 446.0), (-120.0, 566.0)), _RED),
    person(Way(29.0, 15.0, (-65.0, 440.0), (1345.0, 446.0)), _PLUM),
    ball(Way(40.5, 5.5, (-40.0, 530.0), (1330.0, 570.0))),
    cart(Way(44.5, 12.0, (1370.0, 444.0), (-90.0, 444.0))),
    car(Way(50.0, 4.5, (-300.0, 636.0), (1580.0, 636.0)), (196.0, 200.0, 202.0)),
)

#: Somebody who crosses an empty street, once in a minute, from the tenth second on.
ONE_WALKER = (person(Way(10.0, 16.0, (-60.0, 450.0), (1345.0, 454.0)), NAVY),)


class Scene:
    """The street, to be looked at at any second of its minute.

    Args:
        seed: The same seed paints the same street.
        actors: Who comes by; none: nothing ever moves.
    """

    def __init__(self, seed: int, *, actors: Sequence[Actor] = MINUTE) -> None:
        self._backdrop = paint_backdrop(seed)
        self._actors = actors

    def look(self, at_s: float, size_wh: tuple[int, int]) -> tuple[Image, tuple[LabelledBox, ...]]:
        """Return the picture at a second of the scene, and what is to be seen in it.

        Returns:
            ``(H, W, 3)`` BGR of the size asked for, and the boxes in its pixels.
        """
        frame = self._backdrop.copy()
        boxes: list[LabelledBox] = []
        present = [(foot, actor) for actor in self._actors if (foot := actor.way.at(at_s))]
        # What is nearer hides what is farther.
        for foot, actor in sorted(present, key=lambda one: one[0][1]):
            box = _place(frame, actor, foot, at_s)
            if box is not None:
                boxes.append(box)
        if size_wh == DESIGN_WH:
            return frame, tuple(boxes)
        scale = (size_wh[0] / DESIGN_WH[0], size_wh[1] / DESIGN_WH[1])
        small = cv2.resize(frame, size_wh, interpolation=cv2.INTER_AREA)
        return small.astype(np.uint8), tuple(_scaled(box, scale) for box in boxes)


def _place(frame: Image, actor: Actor, foot: GroundPoint, at_s: float) -> LabelledBox | None:
    """Paint an actor into a frame; return its box when enough of it is inside."""
    moment = Moment(
        since_s=actor.way.since_s(at_s),
        metre_px=(foot[1] - HORIZON_PX) / _CAMERA_HEIGHT_M,
        gone_px=foot[0] - actor.way.start[0],
        heading=actor.way.heading(),
    )
    sprite = actor.paint(moment)
    lift_px = actor.lift_m(moment) * moment.metre_px
    extent = sprite.extent()
    half_wh = (0.5 * (extent.x_max - extent.x_min), 0.09 * moment.metre_px)
    cast_shadow(frame, foot, half_wh)
    left = round(foot[0] - sprite.cover.shape[1] / 2)
    seen = sprite.lay(frame, left, round(foot[1] - lift_px) - extent.y_max)
    if seen is None or seen.area() < _LEAST_VISIBLE * extent.area():
        return None
    return LabelledBox(actor.label, *seen)


def _scaled(box: LabelledBox, scale: tuple[float, float]) -> LabelledBox:
    return LabelledBox(
        box.label,
        round(box.x_min * scale[0]),
        round(box.y_min * scale[1]),
        round(box.x_max * scale[0]),
        round(box.y_max * scale[1]),
    )
