"""A rectangle is drawn, and boxes outside it vanish."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from object_recognition.detection import Detections
from object_recognition.zones import ZoneFilter
from vigil.camera_document import Zone

LABELS = ("person", "car")
FRAME_WH = (1920, 1080)
SQUARE = ((600, 400), (1000, 400), (1000, 800), (600, 800))


def a_detection(*xyxy: float, label: str = "person") -> Detections:
    return Detections(
        np.array([xyxy], np.float32),
        np.array([0.9], np.float32),
        np.array([LABELS.index(label)], np.int64),
    )


def inside(zones: ZoneFilter, found: Detections) -> NDArray[np.bool_]:
    return zones.in_any(zones.in_each(found))


def counts(found: Detections, *zones: Zone, frame_wh: tuple[int, int] = FRAME_WH) -> bool:
    mask = inside(ZoneFilter(zones, labels=LABELS, frame_wh=frame_wh), found)
    assert mask.shape == (len(found),)
    return bool(mask[0])


def a_zone(points: Any = SQUARE, **changes: Any) -> Zone:
    # Past the checks of the document: an older writer may have let anything through.
    return Zone.model_construct(points=points, **{"name": "", "color": "", "labels": ()} | changes)


BOXES = {
    "all of it inside": ((700, 450, 780, 650), True),
    "all of it outside": ((100, 450, 180, 650), False),
    "touching from outside": ((500, 450, 600, 650), False),
    "feet inside, body above": ((700, 100, 780, 420), True),
    "body inside, feet below": ((700, 420, 780, 900), True),
    "only the head inside": ((700, 750, 780, 1000), False),
    "the upper half inside, feet below": ((620, 560, 700, 1028), True),
    "less than the upper half": ((620, 580, 700, 1060), False),
    "from the side, most of it outside": ((480, 450, 660, 790), False),
    "from the side, most of it inside": ((560, 450, 700, 790), True),
    "larger than the zone": ((0, 0, 1920, 1080), False),
    "around the zone, feet inside": ((500, 200, 1100, 790), True),
    "at the frame's bottom edge": ((700, 900, 780, 1080), False),
}


@pytest.mark.parametrize("case", BOXES)
def test_a_box_counts_by_its_foot_or_by_half_of_its_area(case: str) -> None:
    xyxy, expected = BOXES[case]

    assert counts(a_detection(*xyxy), a_zone()) is expected


@pytest.mark.parametrize("side", [320, 1920, 3840])
def test_the_rule_is_the_same_at_every_size_of_frame(side: int) -> None:
    scale = side / 1920
    zone = a_zone([(x * scale, y * scale) for x, y in SQUARE])
    for xyxy, expected in BOXES.values():
        found = a_detection(*(value * scale for value in xyxy))
        assert counts(found, zone, frame_wh=(side, side * 9 // 16)) is expected


def test_without_zones_everything_counts() -> None:
    assert counts(a_detection(0, 0, 1, 1))


def test_any_zone_is_enough() -> None:
    elsewhere = a_zone([(0, 0), (50, 0), (50, 50)])

    assert counts(a_detection(700, 450, 780, 650), elsewhere, a_zone())


def test_a_zone_lets_only_its_labels_through() -> None:
    zone = a_zone(labels=("car", "boat"))

    assert not counts(a_detection(700, 450, 780, 650), zone)
    assert counts(a_detection(700, 450, 780, 650, label="car"), zone)


def test_labels_hold_in_their_own_zone_only() -> None:
    cars_here = a_zone(labels=("car",))
    people_there = a_zone([(1200, 400), (1600, 400), (1600, 800), (1200, 800)], labels=("person",))
    here, there = a_detection(700, 450, 780, 650), a_detection(1300, 450, 1380, 650)

    assert not counts(here, cars_here, people_there)
    assert counts(there, cars_here, people_there)


def test_a_polygon_is_no_rectangle() -> None:
    triangle = a_zone([(600, 400), (1000, 400), (600, 800)])

    assert counts(a_detection(610, 420, 660, 520), triangle)
    assert not counts(a_detection(940, 700, 990, 790), triangle)


def test_a_crossing_polygon_is_its_two_halves() -> None:
    bow = a_zone([(600, 400), (1000, 800), (1000, 400), (600, 800)])

    assert counts(a_detection(610, 560, 660, 640), bow)
    assert counts(a_detection(940, 560, 990, 640), bow)
    assert not counts(a_detection(780, 410, 820, 440), bow)


BAD = {
    "NaN": [(np.nan, 0), (100, 0), (100, 100)],
    "infinite": [(np.inf, 0), (100, 0), (100, 100)],
    "far outside": [(5000, 5000), (6000, 5000), (6000, 6000)],
    "negative": [(-500, -500), (-100, -500), (-100, -100)],
    "absurdly far": [(1e30, 1e30), (2e30, 1e30), (2e30, 2e30)],
}


@pytest.mark.parametrize("case", BAD)
def test_a_zone_that_encloses_nothing_lets_nothing_through(case: str) -> None:
    somewhere = a_detection(50, 50, 90, 90)

    assert not counts(somewhere, a_zone(BAD[case]))
    assert counts(a_detection(700, 450, 780, 650), a_zone(BAD[case]), a_zone())


def test_a_zone_that_reaches_outside_is_cut_at_the_edge() -> None:
    zone = a_zone([(-1e9, 500), (1e9, 500), (1e9, 1e9), (-1e9, 1e9)])

    assert counts(a_detection(900, 600, 1000, 700), zone)
    assert not counts(a_detection(900, 100, 1000, 300), zone)


@pytest.mark.parametrize(
    "xyxy", [(5, 5, 5, 5), (9, 9, 2, 2), (-50, -50, -10, -10), (np.nan, 1, 2, 3)]
)
def test_a_box_without_an_area_does_no_harm(xyxy: tuple[float, ...]) -> None:
    assert not counts(a_detection(*xyxy), a_zone())


def test_nothing_found_is_nothing_inside() -> None:
    mask = inside(ZoneFilter([a_zone()], labels=LABELS, frame_wh=FRAME_WH), Detections.none())

    assert mask.shape == (0,)


def test_a_thousand_boxes_are_asked_at_once() -> None:
    random = np.random.default_rng(5)
    corner = random.uniform(0, 900, (1000, 2)).astype(np.float32)
    boxes = np.hstack([corner, corner + random.uniform(1, 300, (1000, 2)).astype(np.float32)])
    found = Detections(boxes, np.ones(1000, np.float32), np.zeros(1000, np.int64))
    zones = ZoneFilter([a_zone()], labels=LABELS, frame_wh=FRAME_WH)

    mask = inside(zones, found)

    one_by_one = [bool(inside(zones, found.take(np.array([row])))[0]) for row in range(1000)]
    assert mask.tolist() == one_by_one
    assert 0 < mask.sum() < 1000
