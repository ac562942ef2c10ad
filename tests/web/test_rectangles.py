"""``/rectangles``: both forms, all or nothing, and what is refused with which words."""

import json
from typing import Any

import pytest

from tests.web.worlds import World
from web.shapes.geometry import area_px2, fault_of

BOX = {"x": 10, "y": 20, "width": 30, "height": 40}
NAMED = {**BOX, "name": "Gate", "color": "#DC267F", "labels": ["person", "car"], "dwell_s": 2.5}
TRIANGLE = {"points": [{"x": 1, "y": 1}, {"x": 9.5, "y": 1}, {"x": 5, "y": 9}]}


def test_they_come_back_in_the_order_and_the_form_in_which_they_came(world: World) -> None:
    camera_id = world.camera()
    saved = [TRIANGLE, NAMED, BOX]

    answer = world.admin().post(f"/rectangles/{camera_id}", [TRIANGLE, BOX])
    assert answer.json == {"message": "Rectangles saved"}
    world.admin().post(f"/rectangles/{camera_id}", saved)

    text = world.admin().get(f"/rectangles/{camera_id}").text
    assert json.loads(text) == saved
    # A whole number of pixels stays one: 10, not 10.0
    assert '"x":10,' in text.replace(" ", "")


def test_saving_says_that_dwell_takes_effect_later(world: World) -> None:
    answer = world.admin().post(f"/rectangles/{world.camera()}", [NAMED])

    assert answer.json["message"].startswith("Rectangles saved")
    assert "dwell_s is stored, and takes effect in a later version" in answer.json["message"]


def test_clearing_leaves_none(world: World) -> None:
    camera_id = world.camera()
    world.admin().post(f"/rectangles/{camera_id}", [BOX])

    answer = world.admin().delete(f"/rectangles/{camera_id}")

    assert answer.json == {"message": "All rectangles cleared"}
    assert world.admin().get(f"/rectangles/{camera_id}").json == []


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"x": 1, "y": 1, "width": 5},
        {**BOX, "x": -1},
        {**BOX, "width": 0},
        {**BOX, "width": -5},
        {**BOX, "height": 1e9},
        {**BOX, "x": 1e400},
        {**BOX, "x": 10**400},
        {**BOX, "x": "left"},
        {**BOX, "x": None},
        {**BOX, "x": True},
        {**BOX, "x": 32_760},
        {**BOX, **TRIANGLE},
        {"points": []},
        {"points": TRIANGLE["points"][:2]},
        {"points": [{"x": 1, "y": 1}, {"x": 2, "y": 2}, {"x": 3, "y": 3}]},
        {"points": [{"x": 1}] * 3},
        {"points": [1, 2, 3]},
        {"points": TRIANGLE["points"] * 40},
        {**BOX, "color": "red; background: url(x)"},
        {**BOX, "color": "#12345g"},
        {**BOX, "labels": "person"},
        {**BOX, "labels": [""]},
        {**BOX, "labels": [7]},
        {**BOX, "name": "x" * 101},
        {**BOX, "name": "a\x00"},
        {**BOX, "dwell_s": -1},
        {**BOX, "dwell_s": 1e6},
        {**BOX, "colour": "#123456"},
        7,
        None,
        "box",
        [BOX],
    ],
)
def test_a_bad_one_is_refused_and_changes_nothing(world: World, bad: Any) -> None:
    camera_id = world.camera()
    world.admin().post(f"/rectangles/{camera_id}", [BOX])

    answer = world.admin().post(f"/rectangles/{camera_id}", [TRIANGLE, bad])

    assert answer.status_code == 422
    assert answer.json["message"]
    assert world.admin().get(f"/rectangles/{camera_id}").json == [BOX]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (7, "Must be a list of rectangles, each an object with x, y, width and height, or with"),
        ({"points": 7}, "Must be a list of corners, each with x and y."),
        ({"points": [7, 8, 9]}, 'Must be a corner, as {"x": 10, "y": 20}.'),
        ({"points": TRIANGLE["points"][:2]}, "Must have 3 to 100 corners."),
        ({**BOX, "labels": "person"}, 'Must be a list of labels, as ["person"].'),
        ({"x": 1, "y": 1, "width": 5}, "Lacks height (or points instead of all four)."),
        (
            {"points": [{"x": 1, "y": 1}, {"x": 2, "y": 2}, {"x": 3, "y": 3}]},
            "at least as large as one, with three corners that lie on no line.",
        ),
    ],
)
def test_what_is_no_shape_is_told_what_would_be_one(world: World, bad: Any, said: str) -> None:
    answer = world.admin().post(f"/rectangles/{world.camera()}", [BOX, bad])

    assert answer.status_code == 422
    assert said in answer.json["message"]
    # As text, quotes are escaped
    assert json.dumps(said)[1:-1] in json.dumps(answer.json["errors"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"\xff", 400),
        (b"[NaN]", 422),
        (b'[{"x": NaN, "y": 1, "width": 1, "height": 1}]', 422),
        (b'[{"x": -Infinity, "y": 1, "width": 1, "height": 1}]', 422),
        (b'{"x": 1, "y": 1, "width": 1, "height": 1}', 422),
        (b"[" * 100_000, 400),
        (b"[" + b"9" * 5000 + b"]", 400),
        (b"null", 422),
        (b"7", 422),
        (b'"text"', 422),
        (b" " * 2_000_000, 413),
    ],
)
def test_a_body_that_is_no_list_of_rectangles_is_refused_in_words(
    world: World, body: bytes, status: int
) -> None:
    camera_id = world.camera()

    answer = world.admin().call(
        "POST", f"/rectangles/{camera_id}", data=body, content_type="application/json"
    )

    assert answer.status_code == status
    assert answer.json["message"]
    assert answer.json["code"] == status


def test_a_body_of_another_type_is_refused_in_words(world: World) -> None:
    path = f"/rectangles/{world.camera()}"

    answer = world.admin().call("POST", path, data=b"[]", content_type="text/plain")

    assert answer.status_code == 415
    assert "Content-Type: application/json" in answer.json["message"]


def test_a_shape_outside_the_cameras_frame_is_refused_with_its_size(world: World) -> None:
    camera_id = world.camera()
    world.say(camera_id, width_px=640, height_px=360)

    wide = {"x": 600, "y": 0, "width": 41, "height": 10}
    answer = world.admin().post(f"/rectangles/{camera_id}", [BOX, wide])
    fitting = world.admin().post(f"/rectangles/{camera_id}", [{**wide, "width": 40}])

    assert answer.status_code == 422
    assert "640 x 360" in answer.json["message"]
    assert list(answer.json["errors"]) == ["1"]
    assert fitting.status_code == 200


def test_there_are_at_most_a_hundred(world: World) -> None:
    answer = world.admin().post(f"/rectangles/{world.camera()}", [BOX] * 101)

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("corners", "frame_wh", "is_fine"),
    [
        ([(0, 0), (9, 0), (9, 9), (0, 9)], (9, 9), True),
        ([(0, 0), (10, 0), (10, 9), (0, 9)], (9, 9), False),
        ([(0, 0), (9, 0), (9, 10), (0, 10)], (9, 9), False),
        ([(-1, 0), (9, 0), (9, 9)], None, False),
        ([(0, -0.5), (9, 0), (9, 9)], None, False),
        ([(0, 0), (32_768, 0), (9, 9)], None, True),
        ([(0, 0), (32_769, 0), (9, 9)], None, False),
        ([(0, 0), (5, 5), (9, 9)], None, False),
        ([(0, 0), (0.5, 0), (0.5, 0.5), (0, 0.5)], None, False),
    ],
)
def test_says_what_is_wrong_with_a_shape(
    corners: list[tuple[float, float]], frame_wh: tuple[int, int] | None, is_fine: bool
) -> None:
    assert (fault_of(corners, frame_wh) == "") is is_fine


def test_the_area_of_a_polygon_does_not_depend_on_its_direction() -> None:
    corners = [(0.0, 0.0), (4.0, 0.0), (4.0, 3.0)]

    assert area_px2(corners) == area_px2(corners[::-1]) == 6.0
