"""Which moving region is which remembered thing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from object_recognition.basic.association import associate
from object_recognition.basic.tracks import Track
from object_recognition.boxes import groups_of

Boxes = NDArray[np.float32]


def boxes(*rows: tuple[float, float, float, float]) -> Boxes:
    return np.array(rows, np.float32).reshape(-1, 4)


def a_thing(*xyxy: float) -> Track:
    return Track(np.array(xyxy, np.float32))


def a_person(*xyxy: float) -> Track:
    track = a_thing(*xyxy)
    for _ in range(3):
        track.weigh(2.0)
    assert track.is_person
    return track


def test_a_region_of_its_own_is_followed() -> None:
    person = a_person(100, 100, 140, 200)

    found = associate([person], boxes((104, 100, 144, 200)))

    assert [(track, box.tolist()) for track, box in found.followed] == [
        (person, [104, 100, 144, 200])
    ]
    assert found.new == []


def test_the_pieces_of_a_person_are_one() -> None:
    person = a_person(100, 100, 140, 200)

    found = associate([person], boxes((100, 100, 140, 130), (105, 150, 135, 200)))

    assert found.followed[0][1].tolist() == [100, 100, 140, 200]


def test_a_region_of_nobody_is_new() -> None:
    found = associate([a_thing(0, 0, 20, 20)], boxes((0, 0, 20, 20), (300, 300, 330, 360)))

    assert [box.tolist() for box in found.new] == [[300, 300, 330, 360]]


def test_people_in_one_region_are_sought_by_shape() -> None:
    left, right = a_person(100, 100, 140, 200), a_person(135, 100, 175, 200)

    found = associate([left, right], boxes((100, 100, 175, 200)))

    assert found.sought == [left, right]
    assert found.followed == []


def test_a_person_whom_no_region_shows_stands_still_and_a_thing_is_lost() -> None:
    person, thing = a_person(100, 100, 140, 200), a_thing(300, 300, 340, 340)

    found = associate([person, thing], boxes())

    assert found.unmoved == [person]
    assert found.sought == []
    assert found.lost == [thing]


def test_a_person_does_not_grow_by_a_car_that_passes() -> None:
    person = a_person(100, 100, 140, 200)

    found = associate([person], boxes((90, 90, 300, 210)))

    assert found.sought == [person]


def test_the_oldest_of_things_keeps_a_region_they_share() -> None:
    old, young = a_thing(100, 100, 140, 140), a_thing(130, 100, 170, 140)
    old.seen = 9

    found = associate([young, old], boxes((100, 100, 170, 140)))

    assert [track for track, _ in found.followed] == [old]
    assert found.absorbed == [young]


def test_things_that_part_are_two() -> None:
    # Given what was one region when two people met
    both = a_thing(100, 100, 300, 200)

    found = associate([both], boxes((100, 100, 140, 200), (270, 100, 300, 190)))

    assert found.followed[0][1].tolist() == [100, 100, 140, 200]
    assert [box.tolist() for box in found.new] == [[270, 100, 300, 190]]


@pytest.mark.parametrize(
    ("rows", "groups"),
    [
        ([], []),
        ([(0, 0, 10, 10)], []),
        ([(0, 0, 10, 10), (0, 14, 10, 24)], [[0, 1]]),
        ([(0, 0, 10, 10), (0, 30, 10, 40)], []),
        ([(0, 0, 10, 10), (20, 0, 30, 10)], []),
        ([(0, 0, 10, 10), (0, 14, 10, 24), (0, 28, 10, 38), (99, 0, 109, 10)], [[0, 1, 2]]),
    ],
)
def test_pieces_near_each_other_are_a_group(
    rows: list[tuple[float, float, float, float]], groups: list[list[int]]
) -> None:
    assert groups_of(boxes(*rows)) == groups


def test_one_look_confirms_nobody() -> None:
    track = a_thing(0, 0, 40, 100)

    track.weigh(2.5)
    assert not track.is_person
    track.weigh(2.5)
    assert track.is_person


def test_what_moves_in_place_needs_more_evidence() -> None:
    flicker, walker = a_thing(0, 0, 40, 100), a_thing(0, 0, 40, 100)
    walker.xyxy = walker.xyxy + np.float32(60)

    for _ in range(4):
        flicker.weigh(0.9)
        walker.weigh(0.9)

    assert not flicker.is_person
    assert walker.is_person


def test_a_person_who_bends_stays_one_for_a_while() -> None:
    person = a_person(0, 0, 40, 100)

    looks = 0
    while person.is_person:
        person.weigh(-1.0)
        looks += 1

    assert 3 <= looks <= 20
