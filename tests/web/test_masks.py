"""``/masks``: both forms, all or nothing, for admins, and what is refused with which words."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.masks import a_box, a_polygon
from tests.web.test_rectangles import BOX, TRIANGLE
from tests.web.worlds import World
from vigil.camera_document import CameraConfig, MaskStyle
from vigil.domain.camera import CameraId
from web.access.rights import Role

#: As they come back.
SAVED_BOX = {**BOX, "style": "black"}
NAMED = {**TRIANGLE, "name": "Neighbour's window", "style": "blur"}
DRAWN = {**BOX, "style": "black", "frame_width": 640, "frame_height": 360}
CAMERA = {"name": "Yard", "stream_url": "rtsp://cam/2"}


def published(world: World, camera_id: int) -> CameraConfig:
    return world.store.documents([CameraId(camera_id)])[CameraId(camera_id)]


def test_they_come_back_in_the_order_and_the_form_in_which_they_came(world: World) -> None:
    camera_id = world.camera()

    answer = world.admin().post(f"/masks/{camera_id}", [DRAWN, BOX])
    assert answer.json == {"message": "Masks saved"}
    world.admin().post(f"/masks/{camera_id}", [NAMED, DRAWN, BOX])

    text = world.admin().get(f"/masks/{camera_id}").text
    assert json.loads(text) == [NAMED, DRAWN, SAVED_BOX]
    assert '"x":10,' in text.replace(" ", "")
    # And what comes back can be sent again
    world.admin().post(f"/masks/{camera_id}", json.loads(text))
    assert world.admin().get(f"/masks/{camera_id}").text == text


def test_the_other_services_learn_of_them_with_the_frame_on_which_they_were_drawn(
    world: World,
) -> None:
    camera_id = world.camera()
    before = published(world, camera_id)
    world.say(camera_id, width_px=1280, height_px=720)

    world.admin().post(f"/masks/{camera_id}", [BOX, DRAWN, NAMED])

    camera = published(world, camera_id)
    assert camera.revision > before.revision
    corners = ((1, 1), (9.5, 1), (5, 9))
    assert camera.masks == (
        a_box(10, 20, 30, 40, frame_wh=(1280, 720)),
        a_box(10, 20, 30, 40, frame_wh=(640, 360)),
        a_polygon(*corners, style=MaskStyle.BLUR, frame_wh=(1280, 720)),
    )
    world.admin().delete(f"/masks/{camera_id}")
    assert published(world, camera_id).masks == ()


def test_clearing_leaves_none(world: World) -> None:
    camera_id = world.camera()
    world.admin().post(f"/masks/{camera_id}", [BOX])

    answer = world.admin().delete(f"/masks/{camera_id}")

    assert answer.json == {"message": "All masks cleared"}
    assert world.admin().get(f"/masks/{camera_id}").json == []


def test_who_did_it_is_written_down(world: World) -> None:
    camera_id = world.camera()

    world.admin().post(f"/masks/{camera_id}", [BOX, BOX])
    world.admin().delete(f"/masks/{camera_id}")

    cleared, saved, *_ = world.admin().get("/audit").json
    assert (saved["action"], saved["details"]) == ("privacy_masks.saved", {"number": 2})
    assert (cleared["action"], cleared["username"]) == ("privacy_masks.cleared", "admin")
    assert cleared["object_id"] == str(camera_id)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (7, "Must be a list of masks, each an object with x, y, width and height, or with points."),
        ({}, "Lacks x, y, width, height (or points instead of all four)."),
        ({**BOX, **TRIANGLE}, "not both"),
        ({**BOX, "style": "pink"}, "Must be one of: black, blur."),
        ({**BOX, "style": None}, "may not be null"),
        ({**BOX, "width": 0}, "Must be greater than 0"),
        ({**BOX, "x": -1}, "Must be greater than or equal to 0"),
        ({**BOX, "x": 32_760}, "beyond the largest frame's 32768 x 32768 pixels"),
        ({**BOX, "labels": ["person"]}, "Unknown field."),
        ({**BOX, "frame_width": 640}, "Give frame_width and frame_height, or neither."),
        ({**DRAWN, "frame_width": 39}, "beyond the frame's 39 x 360 pixels"),
        ({**DRAWN, "frame_height": 0}, "Must be greater than or equal to 1"),
        ({**DRAWN, "frame_height": 0.5}, "Not a valid integer"),
        ({"points": TRIANGLE["points"][:2]}, "Must have 3 to 100 corners."),
        ({"points": [{"x": 1, "y": 1}] * 3}, "holds less than one pixel"),
        ({**BOX, "name": "x" * 101}, "Length must be between 0 and 100."),
    ],
)
def test_a_bad_one_is_refused_in_words_and_changes_nothing(
    world: World, bad: Any, said: str
) -> None:
    camera_id = world.camera()
    world.admin().post(f"/masks/{camera_id}", [BOX])
    before = published(world, camera_id)

    answer = world.admin().post(f"/masks/{camera_id}", [NAMED, bad])

    assert answer.status_code == 422
    assert json.dumps(said)[1:-1] in answer.text
    assert world.admin().get(f"/masks/{camera_id}").json == [SAVED_BOX]
    assert published(world, camera_id) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 422), (b"{", 400), (b"[NaN]", 422), (b'{"x": 1}', 422), (b"null", 422), (b"[1", 400)],
)
def test_a_body_that_is_no_list_of_masks_is_refused_in_words(
    world: World, body: bytes, status: int
) -> None:
    camera_id = world.camera()

    answer = world.admin().call(
        "POST", f"/masks/{camera_id}", data=body, content_type="application/json"
    )

    assert (answer.status_code, answer.json["code"]) == (status, status)
    assert answer.json["message"]


def test_a_mask_outside_the_cameras_frame_is_refused_with_its_size(world: World) -> None:
    camera_id = world.camera()
    world.say(camera_id, width_px=640, height_px=360)

    answer = world.admin().post(f"/masks/{camera_id}", [BOX, {**BOX, "x": 611}])

    assert answer.status_code == 422
    assert answer.json["message"].startswith("Mask 1: It reaches to x=641")
    assert list(answer.json["errors"]) == ["1"]


def test_there_are_at_most_fifty(world: World) -> None:
    path = f"/masks/{world.camera()}"

    assert world.admin().post(path, [BOX] * 50).status_code == 200
    answer = world.admin().post(path, [BOX] * 51)

    assert answer.status_code == 422
    assert answer.json["message"] == "A camera has at most 50 privacy masks, not 51."


SIDES = st.floats(-10, 40_000) | st.just(float("nan")) | st.integers(-10, 40_000)
POINTS = st.fixed_dictionaries({"x": SIDES, "y": SIDES})
SHAPES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("x", "y", "width", "height", "frame_width", "frame_height"), SIDES),
        "points": st.lists(POINTS, max_size=9) | st.none(),
        "style": st.sampled_from(["black", "blur", "pink"]),
        "name": st.text(max_size=9),
    },
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(SHAPES, max_size=3))
def test_whatever_comes_is_taken_whole_or_refused_whole(world: World, bodies: list[Any]) -> None:
    camera_id = world.admin().get("/cameras").json or [{"id": world.camera()}]
    path = f"/masks/{camera_id[0]['id']}"
    before = world.admin().get(path).json

    answer = world.admin().call(
        "POST", path, data=json.dumps(bodies), content_type="application/json"
    )

    after = world.admin().get(path).json
    if answer.status_code == 200:
        assert len(after) == len(bodies)
        # And the other services can read them
        assert len(published(world, camera_id[0]["id"]).masks) == len(bodies)
    else:
        assert answer.status_code == 422
        assert answer.json["message"]
        assert after == before


def test_a_camera_is_added_with_masks_from_its_first_picture_on(world: World) -> None:
    answer = world.admin().post("/cameras", {**CAMERA, "masks": [BOX, NAMED]})

    assert answer.status_code == 201
    camera_id = answer.json["id"]
    assert world.admin().get(f"/masks/{camera_id}").json == [SAVED_BOX, NAMED]
    # In its very first document
    assert [mask.style for mask in published(world, camera_id).masks] == ["black", "blur"]


@pytest.mark.parametrize("bad", [7, [7], [{}], [BOX] * 51, [{**BOX, "x": 32_760}]])
def test_a_camera_with_bad_masks_is_not_added(world: World, bad: Any) -> None:
    answer = world.admin().post("/cameras", {**CAMERA, "masks": bad})

    assert answer.status_code == 422
    assert answer.json["message"]
    assert world.admin().get("/cameras").json == []


def test_an_operator_neither_masks_nor_gets_around_masks(world: World) -> None:
    camera_id = world.camera()
    world.admin().post(f"/masks/{camera_id}", [BOX])
    operator = world.person(Role.OPERATOR)
    path = f"/cameras/{camera_id}"

    added = operator.post("/cameras", {**CAMERA, "masks": [BOX]})
    moved = operator.patch(path, {"stream_url": "rtsp://cam/zoomed"})
    beside = operator.patch(path, {"sub_stream_url": "rtsp://cam/zoomed"})
    kept = operator.patch(path, {"stream_url": "rtsp://cam/1", "location": "hall"})
    none = operator.patch(path, {"sub_stream_url": None})

    assert (added.status_code, moved.status_code, kept.status_code) == (403, 403, 200)
    assert (beside.status_code, none.status_code) == (403, 200)
    assert world.admin().get(path).json["sub_stream_url"] is None
    assert added.json["message"] == "Privacy masks are for admins alone."
    assert "only an admin may point it at another" in moved.json["message"]
    assert world.admin().get(path).json["stream_url"] == "rtsp://cam/1"
    # Where there are none, it is an operator's work as ever
    world.admin().delete(f"/masks/{camera_id}")
    assert operator.patch(path, {"stream_url": "rtsp://cam/zoomed"}).status_code == 200


def test_they_go_with_their_camera(world: World) -> None:
    camera_id = world.camera()
    world.admin().post(f"/masks/{camera_id}", [BOX])

    world.admin().delete(f"/cameras/{camera_id}")
    again = world.camera()

    assert world.admin().get(f"/masks/{camera_id}").status_code == 404
    assert world.admin().get(f"/masks/{again}").json == []


def test_saving_while_the_message_bus_is_away_says_that_pictures_are_as_they_were(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera_id = world.camera()
    monkeypatch.setattr(world.wiring.configuration, "announce", lambda _ids: False)

    answer = world.admin().post(f"/masks/{camera_id}", [BOX])

    assert answer.status_code == 200
    assert "until then pictures are as they were" in answer.json["message"]
