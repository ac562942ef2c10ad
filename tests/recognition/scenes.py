"""Draws scenes with known truth: people who walk, and things that are none."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

#: Everything is drawn this much larger and shrunk, for edges as soft as a lens's.
_OVERSAMPLING = 3


@dataclass(frozen=True, slots=True)
class Walker:
    """Somebody who walks across: at frame 0 their feet are at foot_xy."""

    foot_xy: tuple[float, float]
    height_px: float
    step_px: float
    color: tuple[int, int, int] = (60, 50, 45)

    def box(self, frame: int) -> tuple[float, float, float, float]:
        """Return the corners of the person in a frame."""
        x = self.foot_xy[0] + self.step_px * frame
        half = 0.19 * self.height_px
        return (x - half, self.foot_xy[1] - self.height_px, x + half, self.foot_xy[1])


def a_street(width: int, height: int, *, seed: int = 1) -> Image:
    """Return an empty place: sky, wall, windows, paving."""
    random = np.random.default_rng(seed)
    image = np.full((height, width, 3), (150, 160, 165), np.uint8)
    image[height // 2 :] = (105, 110, 112)
    for left in range(width // 20, width, width // 5):
        top = height // 12
        cv2.rectangle(
            image, (left, top), (left + width // 9, top + height // 5), (120, 110, 95), -1
        )
    grain = random.normal(0, 5, (height, width, 1))
    return _bytes_of(image + cv2.GaussianBlur(grain, (0, 0), 1.5)[..., None] * 2)


def frames_of(
    background: Image, walkers: list[Walker], *, count: int, seed: int = 2
) -> Iterator[Image]:
    """Yield frames in which the walkers walk, with the noise of a sensor."""
    random = np.random.default_rng(seed)
    for frame in range(count):
        image = background.copy()
        for walker in walkers:
            _draw_walker(image, walker, frame)
        yield _noisy(image, random)


def traffic(background: Image, *, count: int, seed: int = 3) -> Iterator[Image]:
    """Yield frames with cars, a ball, a swaying bush, a tall box: much moves, nobody is there."""
    random = np.random.default_rng(seed)
    height, width = background.shape[:2]
    for frame in range(count):
        image = background.copy()
        for lane, (step, color) in enumerate([(5, (40, 40, 160)), (-4, (170, 160, 150))]):
            size = width // 5
            x = (frame * step + lane * width // 2) % (width + 2 * size) - size
            _draw_car(image, (x, int(height * (0.62 + 0.24 * lane))), size, color)
        _draw_box(image, (width - (frame * 3) % (width + 60), int(height * 0.45)), height // 5)
        ball = (int(width * 0.2 + frame * 2) % width, int(height * 0.9))
        cv2.circle(image, ball, height // 24, (40, 140, 210), -1, cv2.LINE_AA)
        sway = round(4 * np.sin(frame / 4))
        bush = (int(width * 0.85) + sway, int(height * 0.55))
        cv2.ellipse(image, bush, (width // 16, height // 9), sway, 0, 360, (50, 90, 60), -1)
        yield _noisy(image, random)


def _noisy(image: Image, random: np.random.Generator) -> Image:
    noise = random.integers(-3, 4, image.shape, dtype=np.int16)
    return _bytes_of(image + noise)


def _bytes_of(image: NDArray[Any]) -> Image:
    pixels: Image = np.clip(image, 0, 255).astype(np.uint8)
    return pixels


def _draw_car(image: Image, corner: tuple[int, int], size: int, color: tuple[int, ...]) -> None:
    x, y = corner
    tall = size // 3
    roof = np.array([(0.2, 0), (0.35, -0.8), (0.7, -0.8), (0.88, 0)]) * (size, tall) + (x, y)
    cv2.fillPoly(image, [roof.astype(np.int32)], (70, 60, 50), cv2.LINE_AA)
    cv2.rectangle(image, (x, y), (x + size, y + tall), color, -1)
    for share in (0.22, 0.78):
        wheel = (x + int(size * share), y + tall)
        cv2.circle(image, wheel, tall // 3, (25, 25, 25), -1, cv2.LINE_AA)


def _draw_box(image: Image, corner: tuple[int, int], tall: int) -> None:
    x, y = corner
    cv2.rectangle(image, (x, y), (x + int(tall * 0.45), y + tall), (60, 90, 130), -1)
    for share in (0.2, 0.5, 0.8):
        line = y + int(tall * share)
        cv2.line(image, (x, line), (x + int(tall * 0.45), line), (30, 50, 80), 2)


def _draw_walker(image: Image, walker: Walker, frame: int) -> None:
    tall = walker.height_px
    left, top, right, bottom = walker.box(frame)
    low = np.floor([left - 0.2 * tall, top - 4]).astype(int)
    high = np.ceil([right + 0.2 * tall, bottom + 4]).astype(int)
    low = np.clip(low, 0, (image.shape[1], image.shape[0]))
    high = np.clip(high, 0, (image.shape[1], image.shape[0]))
    if (high <= low).any():
        return
    part = image[low[1] : high[1], low[0] : high[0]]
    large = cv2.resize(part, None, fx=_OVERSAMPLING, fy=_OVERSAMPLING).astype(np.uint8)
    foot = np.array([(left + right) / 2, bottom]) - low
    swing = 0.5 * np.sin(frame * abs(walker.step_px) / tall * 9)
    _draw_body(large, foot * _OVERSAMPLING, tall * _OVERSAMPLING, swing, walker.color)
    image[low[1] : high[1], low[0] : high[0]] = cv2.resize(
        large, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_AREA
    )


def _draw_body(
    image: Image, foot_xy: NDArray[np.float64], tall: float, swing: float, color: tuple[int, ...]
) -> None:
    def at(across: float, up: float) -> tuple[int, int]:
        return (round(foot_xy[0] + across * tall), round(foot_xy[1] - up * tall))

    skin, trousers = (120, 150, 190), tuple(int(c * 0.7) for c in color)
    thick = max(1, round(0.085 * tall))
    for side in (-1, 1):
        knee = at(side * swing * 0.12, 0.26)
        cv2.line(image, at(side * 0.03, 0.5), knee, trousers, thick, cv2.LINE_AA)
        cv2.line(image, knee, at(side * swing * 0.26, 0.03), trousers, thick, cv2.LINE_AA)
        elbow = at(side * 0.09 - side * swing * 0.12, 0.62)
        cv2.line(image, at(side * 0.09, 0.79), elbow, color, round(thick * 0.7), cv2.LINE_AA)
        hand = at(side * 0.08 - side * swing * 0.2, 0.5)
        cv2.line(image, elbow, hand, color, round(thick * 0.6), cv2.LINE_AA)
    torso = [at(-0.11, 0.81), at(0.11, 0.81), at(0.085, 0.48), at(-0.085, 0.48)]
    cv2.fillPoly(image, [np.array(torso, np.int32)], color, cv2.LINE_AA)
    cv2.line(image, at(0, 0.8), at(0, 0.88), skin, round(thick * 0.7), cv2.LINE_AA)
    head = (round(0.055 * tall), round(0.07 * tall))
    cv2.ellipse(image, at(0, 0.925), head, 0, 0, 360, skin, -1, cv2.LINE_AA)
    cv2.ellipse(image, at(0, 0.945), head, 0, 180, 360, (30, 35, 45), -1, cv2.LINE_AA)
