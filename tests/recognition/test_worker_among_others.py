"""What a worker takes from others, leaves to them, and tells them."""

from pathlib import Path

from tests.builders import CAMERA, OTHER_CAMERA
from tests.recognition.stage import FixedDetector, Stage, a_basic_camera, a_picture, seen
from tests.waiting import wait_until
from vigil.domain.camera import Epoch
from vigil.domain.frame import stamped


def test_a_frame_that_another_has_looked_at_is_not_looked_at_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera())
    # Given that another looked at the newest frame, and gave the camera back
    stamp = stage.write(CAMERA, 1, a_picture())
    epoch = stage.recognition.acquire(CAMERA, "two", ttl_s=60, last_seen=Epoch(0))
    assert epoch is not None
    stage.boxed.put(CAMERA, stamped(a_picture(), stamp), epoch=epoch, ttl_s=60)
    stage.recognition.release(CAMERA, epoch=epoch)

    # Then we wait for the next
    assert not stage.worker.run_once()
    stamp = stage.write(CAMERA, 2, a_picture())
    assert stage.worker.run_once()
    assert stage.stamp(CAMERA) == stamp


def test_a_worker_takes_no_camera_from_another_before_its_model_is_there(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"a model")
    stage = Stage(tmp_path, detector=FixedDetector(seen()))
    stage.configure(a_basic_camera(recognition=str(model)))
    # Given a worker that has the camera, and is to give it to us
    held = stage.recognition.acquire(CAMERA, "other", ttl_s=60, last_seen=Epoch(0))
    assert held is not None
    stage.recognition.renew_all({CAMERA: held}, ttl_s=60, heirs={CAMERA: "one"})

    for _ in range(3):
        stage.clock.advance(1.0)
        stage.worker.run_once()
        assert stage.keeper.held() == {}

    stage.shelf.start()
    wait_until(lambda: stage.shelf.get(str(model))[0] is not None)
    stage.clock.advance(1.0)
    stage.worker.run_once()
    assert stage.keeper.held().keys() == {CAMERA}


def test_the_others_learn_what_a_worker_has_and_does(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera(CAMERA, frame_fps=5), a_basic_camera(OTHER_CAMERA, frame_fps=2))
    stage.write(CAMERA, 1, a_picture())
    stage.worker.run_once()
    stage.clock.advance(5.0)
    stage.worker.run_once()

    report = stage.recognition.members()["one"]
    assert (report.wanted_fps, report.looked_fps) == (7.0, 0.2)
    assert report.recognisers == ("basic recogniser",)
    assert report.since_us > 0
