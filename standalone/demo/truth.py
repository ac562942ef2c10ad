"""What a clip really shows: the measure for whoever looks at it."""

from dataclasses import dataclass
from typing import NamedTuple


class Box(NamedTuple):
    """Corners in pixels of the frame; the maxima are exclusive."""

    x_min: int
    y_min: int
    x_max: int
    y_max: int

    def area(self) -> int:
        """Return how many pixels are inside."""
        return (self.x_max - self.x_min) * (self.y_max - self.y_min)


class LabelledBox(NamedTuple):
    """One object that a frame shows, named as COCO names it."""

    label: str
    x_min: int
    y_min: int
    x_max: int
    y_max: int


@dataclass(frozen=True, slots=True)
class SceneTruth:
    """What is to be seen in each frame of a clip.

    Attributes:
        size_wh: Width and height of the clip in pixels.
        fps: Frames a second.
        frames: For each frame in order, the boxes of what is to be seen in it, cut at its edges.
    """

    size_wh: tuple[int, int]
    fps: float
    frames: tuple[tuple[LabelledBox, ...], ...]
