"""A replay sees what a recognition worker sees of the same video: boxes, numbers and drops."""

from pathlib import Path
from typing import Any

import pytest

from camera_ctrl.decode.decoder import CameraDecoder
from object_recognition.basic.recogniser import BasicRecogniser
from object_recognition.explaining import MAX_EXPLAINED
from tests.builders import CAMERA
from tests.footage import BEGAN_US, footage_of
from tests.masks import a_box
from tests.recognition.stage import Stage, a_basic_camera
from tests.replay.footage import Street
from tests.replay.replays import replayed
from vigil.camera_document import CameraConfig, Zone
from vigil.domain.camera import Epoch
from vigil.domain.frame import read_stamp
from vigil.facts import TrackFact
from vigil.messages import FrameDetections

#: The right half of the street; whoever comes from the left is outside at first.
RIGHT = Zone(points=((320, 0), (640, 0), (640, 360), (320, 360)), name="Right", labels=("person",))


def live(folder: Path, clip: Path, camera: CameraConfig) -> tuple[Stage, list[FrameDetections]]:
    """Let the camera controller's decoder and a worker have a clip, as if a camera sent it."""
    stage = Stage(folder)
    stage.configure(camera)
    footage = footage_of(clip)
    decoder = CameraDecoder(CAMERA, fps=camera.frame_fps, jpeg_quality=85)
    decoder.mask(camera.masks, camera.mask_mark)
    decoder.use(footage.template)
    seen = []
    for entry in footage.entries:
        jpeg = decoder.newest_picture([entry], epoch=Epoch(1))
        if jpeg is None:
            continue
        stamp = read_stamp(jpeg)
        stage.write(
            CAMERA,
            stamp.sequence,
            jpeg,
            captured_at_us=stamp.captured_at_us,
            width_px=stamp.width_px,
            height_px=stamp.height_px,
        )
        assert stage.worker.run_once()
        seen.append(stage.detections.read([CAMERA])[CAMERA])
        stage.clock.advance(1 / camera.frame_fps)
    stage.worker.close()
    decoder.close()
    return stage, seen


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="everywhere"),
        pytest.param({"zones": (RIGHT,), "min_confidence": 0.6}, id="in a zone"),
        pytest.param({"masks": (a_box(0, 0, 320, 360),), "frame_fps": 4.0}, id="half is masked"),
    ],
)
def test_the_same_boxes_numbers_and_drops(
    tmp_path: Path, street: Street, changes: dict[str, Any]
) -> None:
    camera = a_basic_camera(**changes)
    stage, worker_saw = live(tmp_path, street.path, camera)

    replay = replayed(street.path, camera, BasicRecogniser(), begins_us=BEGAN_US)

    # Then each frame came to the same, box by box
    assert len(worker_saw) >= 60
    ours = [_comparable(seen.published) for seen in replay.seen]
    assert ours == [_comparable(each) for each in worker_saw]
    assert any(each.objects for each in worker_saw)
    # And what the worker explained, once a second, is what was not shown
    explained = stage.explanations.newest(CAMERA, limit=1000)
    ours_by_time = {
        seen.explanation.captured_at_us: seen.explanation.objects[:MAX_EXPLAINED]
        for seen in replay.seen
        if seen.explanation is not None
    }
    assert [ours_by_time[each.captured_at_us] for each in explained] == [
        each.objects for each in explained
    ]
    # And the table has the tracks that the worker told of
    told = {fact.track: fact for fact in stage.told()}
    assert [(each.track, each.looks, each.label) for each in replay.account.objects] == [
        (fact.track, fact.looks, fact.label) for fact in sorted(told.values(), key=_order)
    ]


def _comparable(seen: FrameDetections) -> object:
    return seen.captured_at_us, seen.width_px, seen.recogniser, seen.objects


def _order(fact: TrackFact) -> tuple[int, int]:
    return fact.opened_us, fact.track
