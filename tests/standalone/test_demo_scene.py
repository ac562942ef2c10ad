"""What the street promises: people whom HOG finds, things that it leaves alone, and no seam."""

from collections import Counter
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from standalone.demo.paint.backdrop import DESIGN_WH
from standalone.demo.paint.sprite import Image
from standalone.demo.scene import SCENE_S, Scene
from standalone.demo.truth import Box, LabelledBox

#: HOG's window is 64x128; a person in it is about this high.
_PERSON_IN_WINDOW_PX = 110
#: What of HOG's window a person fills.
_FILLS_ACROSS, _FILLS_DOWN = 0.7, 0.86


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(seed=1)


@pytest.fixture(scope="module")
def hog() -> cv2.HOGDescriptor:
    descriptor = cv2.HOGDescriptor()
    descriptor.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector()))
    return descriptor


def looks(scene: Scene, every_s: float) -> Iterator[tuple[Image, tuple[LabelledBox, ...]]]:
    for at_s in np.arange(0.0, SCENE_S, every_s):
        yield scene.look(float(at_s), DESIGN_WH)


def test_hog_finds_the_people_in_most_frames_and_nothing_else(
    scene: Scene, hog: cv2.HOGDescriptor
) -> None:
    there: Counter[str] = Counter()
    found: Counter[str] = Counter()

    for image_bgr, boxes in looks(scene, every_s=1.1):
        for label, *corners in boxes:
            box = Box(*corners)
            if box.x_min == 0 or box.x_max == DESIGN_WH[0]:
                continue
            there[label] += 1
            found[label] += finds_person(hog, image_bgr, box)

    assert set(there) == {"person", "car", "cart", "sports ball"}
    assert min(there.values()) >= 3
    assert found["person"] / there["person"] >= 0.75
    assert [found[label] for label in ("car", "cart", "sports ball")] == [0, 0, 0]


def finds_person(hog: cv2.HOGDescriptor, image_bgr: Image, box: Box) -> bool:
    """Return whether HOG sees a person at a box, in a crop with a quarter of its height around."""
    height = box.y_max - box.y_min
    margin = height // 4
    left, top = max(0, box.x_min - margin), max(0, box.y_min - margin)
    crop = image_bgr[top : box.y_max + margin, left : box.x_max + margin]
    scale = _PERSON_IN_WINDOW_PX / height
    small = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    lacks = (max(0, 128 - small.shape[0]), max(0, 64 - small.shape[1]))
    small = cv2.copyMakeBorder(small, 0, lacks[0], 0, lacks[1], cv2.BORDER_REPLICATE)
    windows, _ = hog.detectMultiScale(small, winStride=(8, 8), padding=(8, 8), scale=1.05)
    return any(overlap(person_in(window, scale, left, top), box) > 0.4 for window in windows)


def person_in(window: Sequence[int], scale: float, left: int, top: int) -> Box:
    x, y, width, height = (value / scale for value in window)
    x_min = left + x + width * (1 - _FILLS_ACROSS) / 2
    y_min = top + y + height * (1 - _FILLS_DOWN) / 2
    return Box(
        round(x_min),
        round(y_min),
        round(x_min + width * _FILLS_ACROSS),
        round(y_min + height * _FILLS_DOWN),
    )


def overlap(first: Box, second: Box) -> float:
    """Return the intersection over the union."""
    across = min(first.x_max, second.x_max) - max(first.x_min, second.x_min)
    down = min(first.y_max, second.y_max) - max(first.y_min, second.y_min)
    shared = max(0, across) * max(0, down)
    return shared / (first.area() + second.area() - shared)


def test_people_are_as_large_as_the_recogniser_wants_them(scene: Scene) -> None:
    heights = [
        box.y_max - box.y_min
        for _, boxes in looks(scene, every_s=0.5)
        for box in boxes
        if box.label == "person"
    ]

    assert min(heights) >= 110
    assert max(heights) <= 205


def test_a_person_is_there_at_once_and_most_of_the_time_and_sometimes_two(scene: Scene) -> None:
    people = [sum(box.label == "person" for box in boxes) for _, boxes in looks(scene, every_s=0.5)]

    assert people[0] == 1
    assert sum(count > 0 for count in people) / len(people) > 0.6
    assert 2 in people
    assert 0 in people


def test_boxes_are_where_the_picture_changed(scene: Scene) -> None:
    empty = empty_street(scene)
    for image_bgr, boxes in looks(scene, every_s=3.3):
        changed = np.abs(image_bgr.astype(np.int16) - empty).max(axis=2) > 60
        outside = changed.copy()
        for _, x_min, y_min, x_max, y_max in boxes:
            outside[y_min:y_max, x_min:x_max] = False
            assert changed[y_min:y_max, x_min:x_max].mean() > 0.2
        # What is cut off at the edges too far to count, and the darkest of the shadows.
        assert outside[:, 60:-60].mean() < 0.002


def empty_street(scene: Scene) -> npt.NDArray[np.int16]:
    stills = [scene.look(at_s, DESIGN_WH)[0] for at_s in (0.0, 3.0, 6.0, 16.0, 21.4, 47.0, 54.8)]
    empty: npt.NDArray[np.int16] = np.median(np.array(stills), axis=0).astype(np.int16)
    return empty


def test_the_last_frame_runs_into_the_first(scene: Scene) -> None:
    def change(before_s: float, after_s: float) -> float:
        before, after = (scene.look(at_s, DESIGN_WH)[0] for at_s in (before_s, after_s))
        return float(np.abs(before.astype(np.int16) - after).mean())

    assert change(SCENE_S - 0.1, 0.0) < 1.2 * change(0.0, 0.1)
    assert change(SCENE_S - 0.1, 0.0) < 0.5 * change(0.0, 5.0)


def test_what_is_cut_by_the_edge_has_a_box_within_the_picture(scene: Scene) -> None:
    for size_wh in (DESIGN_WH, (640, 360)):
        for at_s in np.arange(0.0, SCENE_S, 0.7):
            _, boxes = scene.look(float(at_s), size_wh)
            for _, x_min, y_min, x_max, y_max in boxes:
                assert 0 <= x_min < x_max <= size_wh[0]
                assert 0 <= y_min < y_max <= size_wh[1]
