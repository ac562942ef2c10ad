"""Several models look at a clip once for all settings, and each has what it would have live."""

from pathlib import Path

import numpy as np

from object_recognition.bounds import Bounds
from object_recognition.detection import Detections
from object_recognition.recognisers import Chosen
from object_recognition.together import DetectorGroup
from tests.recognition.stage import LABELS, FixedDetector, a_basic_camera
from tests.replay.footage import grey, write_clip
from tests.replay.replays import replayed
from vigil.camera_document import CameraConfig

BOX = (20.0, 60.0, 60.0, 160.0)
#: The surer of two that find the same has the camera's bound, the other has one of its own.
SURER, OTHER, OWN_BOUND = 0.55, 0.5, 0.3


def a_model(confidence: float) -> FixedDetector:
    return FixedDetector(
        Detections(
            np.array([BOX], np.float32), np.array([confidence], np.float32), np.zeros(1, np.int64)
        )
    )


def test_of_two_that_find_the_same_each_setting_keeps_the_one_that_counts_with_it(
    tmp_path: Path,
) -> None:
    models = [a_model(SURER), a_model(OTHER)]

    def chosen(camera: CameraConfig) -> Chosen:
        bounds = Bounds.joined(
            [
                Bounds.of(LABELS, min_confidence=camera.min_confidence),
                Bounds.of(LABELS, min_confidence=OWN_BOUND),
            ]
        )
        return Chosen(DetectorGroup(models, bounds=bounds), None, bounds)

    camera = a_basic_camera(min_confidence=0.4)
    path = write_clip(tmp_path / "clip.mkv", [grey(90)] * 40)

    replay = replayed(
        path,
        camera,
        chosen(camera).detector,
        other=camera.model_copy(update={"min_confidence": 0.6}),
        chosen=chosen,
    )

    assert [each.confidence for each in replay.seen[0].published.objects] == [SURER]
    assert replay.comparison is not None
    [seen] = replay.comparison.account.objects
    assert seen.confidence == OTHER
    assert (replay.comparison.only_before, replay.comparison.only_after) == ((), ())
    # And each has looked once at each frame
    assert {len(each.levels) for each in models} == {replay.replay.looks}
