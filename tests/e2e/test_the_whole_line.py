"""From cameras to boxes on a picture, as a REST client sees it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import redis

from tests.cameras import CameraProcess, gst_camera, mjpeg_camera, rtsp_camera
from tests.e2e.conftest import CAMERA_PASSWORD, CAMERA_USER
from tests.e2e.footage import PAVEMENT, SKY, Footage, decoded, overlap, people_drawn
from tests.e2e.machine import Machine
from tests.e2e.viewing import Part, Viewer
from tests.waiting import wait_until

#: A busy machine takes its time to start what a test begins with.
pytestmark = pytest.mark.timeout(300)

#: A camera is live, and looked at, within so long after it was added, on a busy machine.
LIVE_S = 40.0
#: A rectangle takes effect within so long.
EFFECT_S = 15.0
#: Boxes that lie on somebody, of all that are drawn; and people with a box, of all to be seen.
LEAST_PRECISION, LEAST_RECALL = 0.75, 0.6
#: How much a box and the truth must share to be about the same person.
SAME_IOU = 0.4


@dataclass
class Watched:
    """A camera of the street, and both of its streams under way."""

    camera_id: int
    camera: CameraProcess
    raw: Viewer
    boxed: Viewer

    def pairs(self, boxed: list[Part]) -> list[tuple[Part, Part]]:
        """Return raw and annotated picture of each frame that both streams showed."""
        raw = {part.stamp: part for part in self.raw.frames()}
        return [(raw[part.stamp], part) for part in boxed if part.stamp in raw]


@pytest.fixture(scope="module")
def street(machine: Machine, footage: Footage) -> Iterator[Watched]:
    """Give the camera of the street, recognised, with a viewer at each of its streams."""
    with ExitStack() as running:
        auth = (CAMERA_USER, CAMERA_PASSWORD)
        camera = running.enter_context(rtsp_camera(footage.path, auth=auth))
        camera_id = machine.admin.add_camera("Street", camera.url)
        wait_until(lambda: machine.admin.is_active(camera_id), timeout_s=LIVE_S)
        raw = running.enter_context(Viewer(machine.admin, f"/get_stream/{camera_id}"))
        boxed = running.enter_context(Viewer(machine.admin, f"/recognized_stream/{camera_id}"))
        boxed.wait_for_frame(timeout_s=LIVE_S)
        yield Watched(camera_id, camera, raw, boxed)


def test_boxes_are_drawn_where_people_are(street: Watched, footage: Footage) -> None:
    # Given some seconds of both streams
    pairs = street.pairs(street.boxed.wait_for(60, timeout_s=60))

    # When each box is held against who was there
    drawn = right = there = found = 0
    for raw, boxed in pairs:
        image = decoded(raw.jpeg)
        truth = footage.people_in(image)
        assert truth is not None
        boxes = people_drawn(image, decoded(boxed.jpeg))
        drawn += len(boxes)
        there += len(truth)
        right += sum(any(overlap(box, one) >= SAME_IOU for one in truth) for box in boxes)
        found += sum(any(overlap(box, one) >= SAME_IOU for box in boxes) for one in truth)

    # Then most boxes are about somebody, and most people have a box
    assert len(pairs) >= 40
    assert right / drawn >= LEAST_PRECISION, f"{right} of {drawn} boxes"
    assert found / there >= LEAST_RECALL, f"{found} of {there} people"


def test_no_frame_is_shown_twice_and_none_before_an_older_one(street: Watched) -> None:
    street.raw.wait_for(10)
    for viewer in (street.raw, street.boxed):
        orders = [part.stamp.order for part in viewer.frames() if part.stamp is not None]
        assert len(orders) > 10
        assert all(earlier < later for earlier, later in pairwise(orders))


def test_rectangles_take_effect(machine: Machine, street: Watched) -> None:
    path = f"/rectangles/{street.camera_id}"

    # Where nobody walks: all boxes vanish. Where people walk: they are back.
    for rectangle, are_shown in ((SKY, False), (PAVEMENT, True)):
        saved = machine.admin.post(path, [rectangle])
        assert saved.status == 200, saved.body
        assert saved.json["message"].startswith("Rectangles saved")
        assert machine.admin.get(path).json == [rectangle]
        wait_until_boxes(street, are_shown=are_shown)

    # None at all: the camera looks everywhere.
    assert machine.admin.post(path, [SKY]).status == 200
    wait_until_boxes(street, are_shown=False)
    assert machine.admin.delete(path).status == 200
    assert machine.admin.get(path).json == []
    wait_until_boxes(street, are_shown=True)


def test_a_rectangle_lets_only_its_labels_through(machine: Machine, street: Watched) -> None:
    path = f"/rectangles/{street.camera_id}"

    assert machine.admin.post(path, [PAVEMENT | {"labels": ["car"]}]).status == 200
    wait_until_boxes(street, are_shown=False)

    assert machine.admin.post(path, [PAVEMENT | {"labels": ["person"]}]).status == 200
    wait_until_boxes(street, are_shown=True)
    assert machine.admin.delete(path).status == 200


def test_a_bad_rectangle_changes_nothing(machine: Machine, street: Watched) -> None:
    path = f"/rectangles/{street.camera_id}"
    good = PAVEMENT | {"name": "Pavement"}
    assert machine.admin.post(path, [good]).status == 200

    refused = machine.admin.post(path, [good, {"x": 0, "y": 0, "width": -5, "height": 5}])

    assert refused.status == 422
    assert machine.admin.get(path).json == [good]
    assert machine.admin.delete(path).status == 200


def test_a_snapshot_is_the_newest_picture(machine: Machine, street: Watched) -> None:
    before = street.raw.wait_for_frame()

    answer = machine.admin.get(f"/get_snapshot/{street.camera_id}")

    assert answer.status == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert "x-camera-status" not in answer.headers
    shown = Part(0, answer.body).stamp
    assert shown is not None
    assert before.stamp is not None
    assert shown.order >= before.stamp.order
    assert decoded(answer.body).shape == (360, 640, 3)


def test_no_answer_holds_a_cameras_password(machine: Machine, street: Watched) -> None:
    for path in ("/cameras", f"/cameras/{street.camera_id}", "/camera_status?detail=1", "/audit"):
        answer = machine.admin.get(path)
        assert answer.status == 200, path
        assert CAMERA_PASSWORD.encode() not in answer.body
    assert machine.admin.get(f"/cameras/{street.camera_id}").json["stream_url"].startswith("rtsp:")


@pytest.mark.parametrize(
    "kind",
    ["mjpeg", pytest.param("gst", marks=pytest.mark.needs("gst-rtsp-server"))],
)
def test_a_camera_comes_lives_and_goes(machine: Machine, small_clip: Path, kind: str) -> None:
    admin = machine.admin
    with mjpeg_camera(fps=5) if kind == "mjpeg" else gst_camera(small_clip) as camera:
        # Given a camera of another make
        camera_id = admin.add_camera(f"Made by {kind}", camera.url)
        wait_until(lambda: admin.is_active(camera_id), timeout_s=LIVE_S)
        with (
            Viewer(admin, f"/get_stream/{camera_id}") as raw,
            Viewer(admin, f"/recognized_stream/{camera_id}") as boxed,
        ):
            # When it is watched, its pictures come, looked at
            raw.wait_for_frame(timeout_s=LIVE_S)
            boxed.wait_for_frame(timeout_s=LIVE_S)
            details = admin.get("/camera_status?detail=1").json[f"camera_{camera_id}"]
            assert details["status"] == "active"
            assert details["error"] is None
            assert (details["width_px"], details["height_px"]) in {(640, 360), (320, 180)}
            place = {"x": 1, "y": 1, "width": 9, "height": 9}
            assert admin.post(f"/rectangles/{camera_id}", [place]).status == 200

            # And when it is deleted, its streams end
            gone = admin.delete(f"/cameras/{camera_id}")
            assert gone.status == 200, gone.body
            wait_until(lambda: raw.has_ended and boxed.has_ended, timeout_s=20)

    # Then nobody knows it any more
    for path in ("cameras", "get_snapshot", "get_stream", "recognized_stream", "rectangles"):
        assert admin.get(f"/{path}/{camera_id}").status == 404, path
    assert f"camera_{camera_id}" not in admin.get("/camera_status").json
    wait_until(lambda: keys_of(machine, camera_id) == [], timeout_s=20)


def keys_of(machine: Machine, camera_id: int) -> list[str]:
    """Return every key, in both Redis, that has a camera's number in its name."""
    found = []
    for server in (machine.media, machine.queue):
        with redis.Redis.from_url(server.url) as client:
            names = [key.decode() for key in client.scan_iter(count=1000)]
        found += [
            name
            for name in names
            if f"camera_{camera_id}_" in name or name.endswith(f":{camera_id}")
        ]
    return found


def wait_until_boxes(street: Watched, *, are_shown: bool) -> None:
    """Wait until people have boxes again, or until no box is drawn for two seconds."""

    def counts(parts: list[Part]) -> list[int]:
        pairs = street.pairs(parts)
        return [len(people_drawn(decoded(raw.jpeg), decoded(boxed.jpeg))) for raw, boxed in pairs]

    def holds() -> bool:
        found = counts(street.boxed.wait_for(10))
        return sum(map(bool, found)) >= 3 if are_shown else not any(found)

    wait_until(holds, timeout_s=EFFECT_S)
