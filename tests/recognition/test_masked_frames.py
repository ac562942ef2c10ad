"""What a recogniser does with pictures of cameras that have privacy masks."""

from pathlib import Path

from object_recognition.attention import FIRST_LOOKS
from tests.builders import CAMERA
from tests.masks import a_box
from tests.recognition.stage import FixedDetector, Stage, a_basic_camera, a_picture
from tests.recognition.test_worker import LEFT, a_stage_that_sees
from vigil.domain.mask_mark import read_mark
from vigil.domain.motion import Motion
from vigil.messages import CameraConfig

STILL = Motion(is_moving=False, since_us=1)


def masked(camera: CameraConfig) -> CameraConfig:
    return camera.model_copy(
        update={"masks": (a_box(0, 0, 99, 99),), "revision": camera.revision + 1}
    )


def looks(stage: Stage) -> int:
    assert isinstance(stage.detector, FixedDetector)
    return len(stage.detector.levels)


def test_a_picture_made_before_the_masks_is_not_looked_at_and_what_was_shown_goes(
    tmp_path: Path,
) -> None:
    # Given a camera in which nothing moves, so that what was seen is shown again and again
    stage = a_stage_that_sees(tmp_path, LEFT)
    (camera,) = stage.configs.cameras.values() or [a_basic_camera()]
    for sequence in range(1, FIRST_LOOKS + 3):
        stage.write(CAMERA, sequence, a_picture(), motion=STILL)
        stage.worker.run_once()
        stage.clock.advance(1.0)
    assert stage.picture(CAMERA) is not None
    before = looks(stage)

    stage.configure(masked(camera))
    stage.write(CAMERA, 50, a_picture(), motion=STILL)
    stage.worker.run_once()
    stage.clock.advance(1.0)
    stage.worker.run_once()

    assert looks(stage) == before
    assert stage.picture(CAMERA) is None


def test_a_masked_picture_is_looked_at_anew_and_the_boxed_one_bears_its_mark(
    tmp_path: Path,
) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT)
    stage.worker.run_once()
    (camera,) = stage.configs.cameras.values()
    with_masks = masked(camera)
    stage.configure(with_masks)

    stage.write(CAMERA, 1, a_picture(), motion=STILL, mark=with_masks.mask_mark)
    stage.worker.run_once()

    assert looks(stage) == 1
    assert read_mark(stage.boxed.newest([CAMERA])[CAMERA]) == with_masks.mask_mark
