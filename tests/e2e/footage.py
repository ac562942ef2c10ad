"""Footage with known truth, and the boxes that somebody drew on it."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from standalone.demo.clip import ClipFormat, render_clip
from standalone.demo.counter import read_counter
from standalone.demo.truth import Box, SceneTruth

Image = npt.NDArray[np.uint8]

#: Somebody is in view from the first second to the last, and at first nobody else.
FORM = ClipFormat(
    size_wh=(640, 360), fps=Fraction(10), length_s=21.0, gop_s=1.0, crf=20, counted=True
)
BEGIN_S = 56.0
#: Where all of them walk, and where nobody does: rectangles of the API.
PAVEMENT: dict[str, object] = {"x": 0, "y": 140, "width": 640, "height": 100}
SKY: dict[str, object] = {"x": 0, "y": 30, "width": 640, "height": 90}

#: The colour of a person's box in the annotated picture: hue of OpenCV, 0..179, and its range.
_GREEN_HUE = (50, 68)
_LEAST_SATURATION, _LEAST_VALUE = 90, 110
#: A drawn line must differ by this much from the raw picture, in levels, to be drawn at all.
_LEAST_DIFFERENCE = 30
_LEAST_SIDE_PX, _LEAST_TAG_PX = 10, 8
#: Share of each row of a tag that is in its colour, whatever is written in it.
_LEAST_FILLED = 0.35
#: Between a tag and its outline may be so much, in pixels.
_NEAR_PX = 5


@dataclass(frozen=True, slots=True)
class Footage:
    """A clip, and what each of its frames shows."""

    path: Path
    truth: SceneTruth

    def people_in(self, raw: Image) -> list[Box] | None:
        """Return who is to be seen in a picture of the clip; None: its number is unreadable."""
        number = read_counter(raw)
        if number is None or number >= len(self.truth.frames):
            return None
        seen = self.truth.frames[number]
        return [Box(*box[1:]) for box in seen if box.label == "person"]


def street(folder: Path) -> Footage:
    """Render the street, where people walk one after the other."""
    path = folder / "street.mp4"
    return Footage(path, render_clip(path, form=FORM, begin_s=BEGIN_S))


def decoded(jpeg: bytes) -> Image:
    """Return a JPEG's picture: a client's decoder takes it."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.uint8, copy=False)


def people_drawn(raw: Image, boxed: Image) -> list[Box]:
    """Return the outlines that boxed has and raw has not, under a tag in the colour of people."""
    drawn = cv2.absdiff(raw, boxed).max(axis=2) > _LEAST_DIFFERENCE
    # A line of a pixel loses its colour in the JPEG; its tag keeps it.
    tags = _tags(_green(boxed) & drawn)
    for tag in tags:
        drawn[tag.y_min - 1 : tag.y_max + 1, tag.x_min - 1 : tag.x_max + 1] = False
    outlines = [box for box in _components(drawn) if _is_outline(box)]
    return [box for box in outlines if any(_hangs_under(box, tag) for tag in tags)]


def overlap(one: Box, other: Box) -> float:
    """Return the intersection over the union of two boxes."""
    width = min(one.x_max, other.x_max) - max(one.x_min, other.x_min)
    height = min(one.y_max, other.y_max) - max(one.y_min, other.y_min)
    shared = max(0, width) * max(0, height)
    return shared / (one.area() + other.area() - shared)


def _green(image_bgr: Image) -> npt.NDArray[np.bool_]:
    hsv = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2HSV)
    hue, saturation, value = (hsv[..., channel] for channel in range(3))
    mask: npt.NDArray[np.bool_] = (
        (hue >= _GREEN_HUE[0])
        & (hue <= _GREEN_HUE[1])
        & (saturation >= _LEAST_SATURATION)
        & (value >= _LEAST_VALUE)
    )
    return mask


def _components(mask: npt.NDArray[np.bool_]) -> list[Box]:
    """Return the bounds of what hangs together in a mask, over gaps of a pixel or two."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(closed.astype(np.uint8), connectivity=8)
    bounds = [[int(value) for value in stats[label, :4]] for label in range(1, count)]
    return [Box(x, y, x + width, y + height) for x, y, width, height in bounds]


def _tags(green: npt.NDArray[np.bool_]) -> list[Box]:
    """Return the bounds of what is filled with a colour, and wide: without the lines below."""
    found = []
    for box in _components(green):
        part = green[box.y_min : box.y_max, box.x_min : box.x_max]
        # The text takes up to half of a row.
        rows = np.flatnonzero(part.mean(axis=1) > _LEAST_FILLED)
        if len(rows) >= _LEAST_TAG_PX and part.shape[1] >= 3 * len(rows):
            top, bottom = box.y_min + int(rows[0]), box.y_min + int(rows[-1]) + 1
            found.append(Box(box.x_min, top, box.x_max, bottom))
    return found


def _is_outline(box: Box) -> bool:
    return min(box.x_max - box.x_min, box.y_max - box.y_min) >= _LEAST_SIDE_PX


def _hangs_under(box: Box, tag: Box) -> bool:
    return abs(box.y_min - tag.y_max) <= _NEAR_PX and (
        tag.x_min - _NEAR_PX <= box.x_min <= tag.x_max and box.x_max >= tag.x_min
    )
