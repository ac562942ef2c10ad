"""Of a camera that sends a picture in many seconds, whatever is wanted of it."""

from pathlib import Path

from tests.builders import CAMERA
from tests.recognition.stage import a_picture
from tests.recognition.test_worker import LEFT, a_stage_that_sees


def test_a_picture_of_a_camera_that_sends_few_lives_until_three_more_could_have_come(
    tmp_path: Path,
) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT)
    for sequence in (1, 2):
        captured_at_us = stage.clock.utc_us()
        stage.write(CAMERA, sequence, a_picture(), captured_at_us=captured_at_us, ttl_s=18.0)
        assert stage.worker.run_once()
        stage.clock.advance(6.0)

    # 6 s have passed behind the second
    stage.clock.advance(11.9)
    assert stage.picture(CAMERA) is not None
    stage.clock.advance(0.2)
    assert stage.picture(CAMERA) is None
