"""The worker looks at the newest frame of the camera that waited longest, and shows what it saw."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from object_recognition.drawing import color_of
from object_recognition.models.source import ModelSource
from tests.builders import CAMERA, OTHER_CAMERA
from tests.recognition.file_server import served
from tests.recognition.stage import (
    HEIGHT,
    SEALER,
    WIDTH,
    FixedDetector,
    Stage,
    a_basic_camera,
    a_picture,
    seen,
)
from tests.waiting import wait_until
from vigil.camera_document import ModelUse, Zone
from vigil.domain.camera import Epoch
from vigil.errors import ModelInvalid
from vigil.sealing import Sealer

#: Left and right of the picture.
LEFT = (40.0, 80.0, 80.0, 180.0)
RIGHT = (220.0, 80.0, 260.0, 180.0)
GREEN = color_of("person")


def a_stage_that_sees(folder: Path, *boxes: tuple[float, float, float, float]) -> Stage:
    """Return a stage with a ready model that sees these boxes in every frame."""
    model = folder / "model.onnx"
    model.write_bytes(b"a model")
    stage = Stage(folder, detector=FixedDetector(seen(*boxes)))
    stage.configure(a_basic_camera(recognition=str(model)))
    stage.shelf.start()
    wait_until(lambda: stage.shelf.get(str(model))[0] is not None)
    return stage


def has_box(stage: Stage, box: tuple[float, ...]) -> bool:
    picture = stage.picture(CAMERA)
    assert picture is not None
    edge = picture[int(box[1]) + 10 : int(box[3]) - 10, int(box[0])].astype(int)
    return bool(np.abs(edge.mean(axis=0) - GREEN).max() < 60)


def test_a_frame_becomes_a_boxed_image_with_the_same_stamp(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT)
    stamp = stage.write(CAMERA, 1, a_picture())

    assert stage.worker.run_once()

    assert stage.stamp(CAMERA) == stamp
    assert has_box(stage, LEFT)


def test_a_frame_with_nothing_in_it_is_shown_too(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera())
    for sequence in (1, 2, 3):
        stamp = stage.write(CAMERA, sequence, a_picture())
        assert stage.worker.run_once()
        assert stage.stamp(CAMERA) == stamp


def test_looks_at_the_newest_frame_and_counts_the_skipped(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path)
    stage.write(CAMERA, 6, a_picture(60))
    stage.worker.run_once()
    for sequence in (7, 8, 9):
        stage.write(CAMERA, sequence, a_picture(10 * sequence))

    assert stage.worker.run_once()
    assert not stage.worker.run_once()

    assert isinstance(stage.detector, FixedDetector)
    assert stage.detector.levels == [60, 90]
    stage.clock.advance(1.0)
    stage.worker.run_once()
    status = stage.statuses.read([CAMERA])[CAMERA]
    assert (status.skipped, status.recogniser, status.error) == (2, "fixed", None)
    assert status.looked_fps == pytest.approx(2.0)


def test_a_new_run_of_the_camera_is_newer_than_any_number(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera())
    first = stage.write(CAMERA, 900, a_picture())
    stage.worker.run_once()

    later = stage.write(CAMERA, 1, a_picture(), epoch=Epoch(first.epoch + 1))

    assert stage.worker.run_once()
    assert stage.stamp(CAMERA) == later


def test_the_camera_that_waited_longest_comes_first(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera(7), a_basic_camera(8))
    for camera_id in (CAMERA, OTHER_CAMERA):
        stage.write(camera_id, 1, a_picture())
        stage.clock.advance(0.01)
        assert stage.worker.run_once()

    # When the first is so fast that it has always a new frame
    order = []
    for sequence in (2, 3, 4, 5):
        stage.clock.advance(0.01)
        before = stage.stamp(CAMERA)
        for camera_id in (CAMERA, OTHER_CAMERA):
            stage.write(camera_id, sequence, a_picture())
        assert stage.worker.run_once()
        order.append(CAMERA if stage.stamp(CAMERA) != before else OTHER_CAMERA)

    # Then they take turns
    assert order == [CAMERA, OTHER_CAMERA, CAMERA, OTHER_CAMERA]


def test_boxes_outside_the_drawn_rectangle_vanish(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT, RIGHT)
    camera = stage.configs
    zone = Zone(points=((200, 60), (300, 60), (300, 200), (200, 200)))
    stage.write(CAMERA, 1, a_picture())
    stage.worker.run_once()
    assert has_box(stage, LEFT)
    assert has_box(stage, RIGHT)

    stage.configure(camera.cameras[CAMERA].model_copy(update={"zones": (zone,), "revision": 2}))
    stage.write(CAMERA, 2, a_picture())
    stage.worker.run_once()

    assert not has_box(stage, LEFT)
    assert has_box(stage, RIGHT)


def test_zones_are_in_pixels_of_the_full_frame(tmp_path: Path) -> None:
    # Given pictures of a third of the camera's size
    stage = a_stage_that_sees(tmp_path, LEFT, RIGHT)
    zone = Zone(points=((600, 180), (900, 180), (900, 600), (600, 600)))
    stage.configure(
        a_basic_camera(recognition=str(tmp_path / "model.onnx"), zones=(zone,), revision=2)
    )

    stage.write(CAMERA, 1, a_picture(), width_px=3 * WIDTH, height_px=3 * HEIGHT)
    stage.worker.run_once()

    assert not has_box(stage, LEFT)
    assert has_box(stage, RIGHT)


def test_what_is_not_sure_enough_is_not_shown(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT)
    stage.configure(
        a_basic_camera(recognition=str(tmp_path / "model.onnx"), min_confidence=0.95, revision=2)
    )
    stage.write(CAMERA, 1, a_picture())
    stage.worker.run_once()

    assert not has_box(stage, LEFT)


BROKEN = {
    "no JPEG": (b"\xff\xd8 nothing", "no JPEG"),
    "truncated": (a_picture()[:900], "a broken JPEG"),
    "one pixel": (a_picture(width=1, height=1), "1x1 pixels"),
    "16k": (a_picture(width=16384, height=9216), "16384x9216 pixels"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_frame_is_skipped_with_a_reason(tmp_path: Path, case: str) -> None:
    jpeg, reason = BROKEN[case]
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera())
    stage.write(CAMERA, 1, jpeg)

    stage.worker.run_once()
    stage.clock.advance(1.0)
    stage.worker.run_once()

    assert stage.picture(CAMERA) is None
    error = stage.statuses.read([CAMERA])[CAMERA].error
    assert error is not None
    assert reason in error
    # And the next good one is looked at
    stage.write(CAMERA, 2, a_picture())
    assert stage.worker.run_once()
    assert stage.picture(CAMERA) is not None


def test_a_dead_camera_has_no_boxed_image(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera(frame_fps=0.1))
    stage.write(CAMERA, 1, a_picture())
    stage.worker.run_once()
    assert stage.picture(CAMERA) is not None

    stage.kill_camera(CAMERA)
    stage.clock.advance(1.1)
    stage.worker.run_once()

    assert stage.picture(CAMERA) is None


@pytest.mark.parametrize("change", [{"recognition": "off"}, {"enabled": False}])
def test_a_camera_that_is_off_is_left_alone(tmp_path: Path, change: dict[str, Any]) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera(**change))
    stage.write(CAMERA, 1, a_picture())

    assert not stage.worker.run_once()

    assert stage.picture(CAMERA) is None
    assert stage.keeper.held() == {}


def test_a_worker_that_lost_its_lease_writes_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera())
    stage.write(CAMERA, 1, a_picture())
    stage.worker.run_once()
    first = stage.stamp(CAMERA)

    # Given another that took the camera without our knowing
    epoch = stage.keeper.held()[CAMERA]
    stage.recognition.release(CAMERA, epoch=epoch)
    assert stage.recognition.acquire(CAMERA, "two", ttl_s=60, last_seen=Epoch(0))

    stage.write(CAMERA, 2, a_picture())
    stage.worker.run_once()

    assert stage.stamp(CAMERA) == first
    assert stage.keeper.held() == {}


def test_the_picture_switches_over_when_the_default_model_is_there(tmp_path: Path) -> None:
    with served(b"a model" * 1000) as server:
        stage = Stage(
            tmp_path,
            detector=FixedDetector(seen(LEFT)),
            default=ModelSource(f"{server.url}/good", size_bytes=7000),
        )
        stage.configure(a_basic_camera(recognition="default"))

        # Not waited for: the basic recogniser looks at the first frame
        stage.write(CAMERA, 1, a_picture())
        stage.worker.run_once()
        assert not has_box(stage, LEFT)
        stage.clock.advance(1.0)
        stage.worker.run_once()
        assert stage.statuses.read([CAMERA])[CAMERA].recogniser == "basic recogniser"

        stage.shelf.start()
        wait_until(lambda: stage.shelf.get("pinned")[0] is not None)

    stage.write(CAMERA, 2, a_picture())
    stage.worker.run_once()
    assert has_box(stage, LEFT)


def test_a_default_model_that_differs_is_refused_and_basic_stays(tmp_path: Path) -> None:
    with served(b"another model") as server:
        stage = Stage(tmp_path, default=ModelSource(f"{server.url}/good", sha256="0" * 64))
        stage.configure(a_basic_camera(recognition="default"))
        stage.shelf.get("pinned")
        stage.shelf.start()
        wait_until(lambda: stage.shelf.get("pinned")[1] is not None)

    stage.write(CAMERA, 1, a_picture())
    assert stage.worker.run_once()

    stage.clock.advance(1.0)
    stage.worker.run_once()
    status = stage.statuses.read([CAMERA])[CAMERA]
    assert status.recogniser == "basic recogniser"
    assert status.error is not None
    assert "SHA-256" in status.error


def test_a_model_behind_a_sealed_address_is_fetched_by_the_true_one(tmp_path: Path) -> None:
    with served(b"a model" * 1000) as server:
        stage = Stage(tmp_path, detector=FixedDetector(seen(LEFT)))
        address = f"{server.url}/best.onnx?token=hidden"
        stage.configure(
            a_basic_camera(
                models=(
                    ModelUse(
                        model=f"{server.url}/best.onnx?token=***", sealed=SEALER.seal(address)
                    ),
                ),
            )
        )
        stage.shelf.start()
        stage.write(CAMERA, 1, a_picture())
        stage.worker.run_once()
        wait_until(lambda: stage.shelf.get(address)[0] is not None)

        assert [path for path, _ in server.requests] == ["/best.onnx?token=hidden"]

    stage.write(CAMERA, 2, a_picture())
    stage.worker.run_once()
    assert has_box(stage, LEFT)


@pytest.mark.parametrize(
    "sealed",
    [
        Sealer("another secret, long enough for anybody").seal("https://hub/best.onnx"),
        SEALER.seal("ftp://anna:hidden@hub/best.onnx?token=hidden"),
    ],
)
def test_an_address_that_is_of_no_use_is_said_without_its_secrets(
    tmp_path: Path, sealed: str
) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera(models=(ModelUse(model="shown", sealed=sealed),)))
    stage.shelf.start()

    stage.write(CAMERA, 1, a_picture())
    assert stage.worker.run_once()
    wait_until(lambda: stage.recognisers.of(stage.configs.cameras[CAMERA]).error is not None)
    stage.write(CAMERA, 2, a_picture())
    assert stage.worker.run_once()
    stage.clock.advance(1.0)
    stage.worker.run_once()

    status = stage.statuses.read([CAMERA])[CAMERA]
    assert status.recogniser == "basic recogniser"
    assert status.error is not None
    assert "another SECRET_KEY" in status.error or "'ftp://***@hub/best.onnx" in status.error
    assert "hidden" not in status.error


@pytest.mark.parametrize("model", ["best.pt", "ftp://host/best.onnx", "/no/such/file.onnx"])
def test_a_model_that_cannot_be_is_told_of(tmp_path: Path, model: str) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera(recognition=model))
    stage.shelf.get(model)
    stage.shelf.start()
    wait_until(lambda: stage.shelf.get(model)[1] is not None)

    stage.write(CAMERA, 1, a_picture())
    assert stage.worker.run_once()

    assert stage.picture(CAMERA) is not None


def test_a_model_that_fails_on_a_frame_gives_way_to_basic(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT)
    assert isinstance(stage.detector, FixedDetector)
    stage.detector.error = ModelInvalid("the model does not run")

    stage.write(CAMERA, 1, a_picture())
    stage.worker.run_once()
    stage.write(CAMERA, 2, a_picture())
    stage.worker.run_once()

    assert stage.picture(CAMERA) is not None
    assert not has_box(stage, LEFT)


def test_a_worker_needs_no_pyav() -> None:
    # Its image has none: vigil.media is shared with it for the bounds of a picture alone.
    code = "import sys, object_recognition.worker; sys.exit('av' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
