"""Of a camera with a sub-stream, boxes and rectangles are in pixels of the full frame."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from standalone.demo.clip import render_clip
from standalone.demo.truth import Box
from tests.cameras import rtsp_camera
from tests.e2e.client import PASSWORD
from tests.e2e.footage import BEGIN_S, FORM, PAVEMENT, SKY, Footage, decoded, overlap, street
from tests.e2e.machine import Machine
from tests.e2e.viewing import Viewer
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.connection import connect
from vigil.bus.status.redis import RedisStatusBoard
from vigil.domain.camera import CameraId
from vigil.messages import FrameDetections

pytestmark = pytest.mark.timeout(300)

#: The main stream has twice the sub-stream's pixels each way.
TIMES = 2
FULL_WH = (TIMES * FORM.size_wh[0], TIMES * FORM.size_wh[1])
LIVE_S, EFFECT_S = 60.0, 20.0
LEAST_PRECISION, LEAST_RECALL, SAME_IOU = 0.75, 0.6, 0.4


@dataclass
class Watched:
    """A camera with both streams, a viewer of its pictures, and what is published of them."""

    camera_id: int
    raw: Viewer
    board: RedisStatusBoard[FrameDetections]
    seen: dict[tuple[int, int], FrameDetections] = field(default_factory=dict)

    def look(self) -> FrameDetections | None:
        """Return what is published of the newest looked-at frame."""
        newest = self.board.read([CameraId(self.camera_id)]).get(CameraId(self.camera_id))
        if newest is not None:
            self.seen[newest.frame_epoch, newest.sequence] = newest
        return newest


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return street(tmp_path_factory.mktemp("sub"))


@pytest.fixture(scope="module")
def main_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("main") / "street.mp4"
    render_clip(path, form=replace(FORM, size_wh=FULL_WH), begin_s=BEGIN_S)
    return path


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine with one recogniser, whose first account is logged in."""
    folder = tmp_path_factory.mktemp("machine")
    with Machine(folder, services=("web", "ingest", "recognise-1")) as it:
        it.admin.register("admin")
        yield it
        assert it.leaks(PASSWORD) == []


@pytest.fixture(scope="module")
def watched(machine: Machine, footage: Footage, main_clip: Path) -> Iterator[Watched]:
    with ExitStack() as running:
        main = running.enter_context(rtsp_camera(main_clip))
        sub = running.enter_context(rtsp_camera(footage.path))
        camera_id = machine.admin.add_camera("Street", main.url, sub_stream_url=sub.url)

        def decodes_sub() -> bool:
            said = machine.admin.get("/camera_status?detail=1").json[f"camera_{camera_id}"]
            return bool(said.get("decoded_stream") == "sub")

        wait_until(decodes_sub, timeout_s=LIVE_S)
        raw = running.enter_context(Viewer(machine.admin, f"/get_stream/{camera_id}"))
        raw.wait_for_frame(timeout_s=LIVE_S)
        board = RedisStatusBoard(
            running.enter_context(connect(machine.media.url)),
            role=keys.Role.RECOGNITION,
            document_class=FrameDetections,
            key_of=keys.detections,
        )
        yield Watched(camera_id, raw, board)


def test_a_snapshot_is_small_and_tells_how_large_the_frame_is(
    machine: Machine, watched: Watched
) -> None:
    answer = machine.admin.get(f"/get_snapshot/{watched.camera_id}")

    assert answer.headers["x-frame-size"] == f"{FULL_WH[0]}x{FULL_WH[1]}"
    assert decoded(answer.body).shape == (FORM.size_wh[1], FORM.size_wh[0], 3)
    said = machine.admin.get("/camera_status?detail=1").json[f"camera_{watched.camera_id}"]
    assert (said["width_px"], said["height_px"]) == FULL_WH
    assert (said["sub_stream"]["state"], said["sub_stream"]["width_px"]) == ("active", 640)


def test_boxes_are_where_people_are_in_pixels_of_the_full_frame(
    watched: Watched, footage: Footage
) -> None:
    def has_seen_many() -> bool:
        watched.look()
        return len(watched.seen) >= 60

    wait_until(has_seen_many, timeout_s=LIVE_S)
    there = found = told = right = pairs = 0
    for part in watched.raw.frames():
        seen = None if part.stamp is None else watched.seen.get(part.stamp.order)
        if seen is None:
            continue
        assert (seen.width_px, seen.height_px) == FULL_WH
        people = footage.people_in(decoded(part.jpeg))
        assert people is not None
        truth = [full(box) for box in people]
        boxes = [
            Box(*(round(side) for side in each.box))
            for each in seen.objects
            if each.label == "person"
        ]
        pairs, told, there = pairs + 1, told + len(boxes), there + len(truth)
        right += sum(any(overlap(box, one) >= SAME_IOU for one in truth) for box in boxes)
        found += sum(any(overlap(box, one) >= SAME_IOU for box in boxes) for one in truth)

    assert pairs >= 40
    assert right / told >= LEAST_PRECISION, f"{right} of {told} boxes"
    assert found / there >= LEAST_RECALL, f"{found} of {there} people"


def test_rectangles_in_pixels_of_the_full_frame_take_effect(
    machine: Machine, watched: Watched
) -> None:
    path = f"/rectangles/{watched.camera_id}"
    # Below the small picture's last row, and yet within the frame
    for rectangle, are_shown in ((SKY, False), (PAVEMENT, True), (SKY, False)):
        large = {name: TIMES * float(str(value)) for name, value in rectangle.items()}
        assert machine.admin.post(path, [large]).status == 200
        wait_until(lambda: bool(_objects(watched)) is are_shown, timeout_s=EFFECT_S)  # noqa: B023
    assert machine.admin.delete(path).status == 200


def full(box: Box) -> Box:
    return Box(*(TIMES * side for side in (box.x_min, box.y_min, box.x_max, box.y_max)))


def _objects(watched: Watched) -> tuple[object, ...]:
    newest = watched.look()
    return () if newest is None else newest.objects
