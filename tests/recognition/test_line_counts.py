"""Who walks over a line is counted once, the right way: on clips whose truth is known."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from bench.footage import data_folder, frames_of
from object_recognition.basic.recogniser import BasicRecogniser
from object_recognition.bounds import Bounds
from object_recognition.detection import Detections, Detector, ImageBgr
from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.onnx import OnnxRuntime
from object_recognition.view import CameraView
from object_recognition.watch import RawFrame
from tests.builders import CAMERA, a_camera
from tests.recognition import scenes
from tests.recognition.scenes import Walker
from vigil.camera_document import CameraConfig, Line
from vigil.domain.camera import Epoch
from vigil.domain.frame import FrameStamp
from vigil.messages import LineTally

BEGAN_US = 1_790_000_000_000_000
WIDTH, HEIGHT = 640, 360
#: Down the middle of the street; upwards, so that who walks to the right comes in.
MIDDLE = Line(id=1, start=(320.0, 360.0), end=(320.0, 0.0), name="middle")


def counted(
    frames: Iterable[ImageBgr], detector: Detector, camera: CameraConfig, *, fps: float = 10.0
) -> tuple[list[LineTally], Counter[tuple[int, str]]]:
    """Return what the picture shows at the end, and the crossings that were told, by line."""
    view = CameraView(CAMERA, Epoch(5))
    tallies: tuple[LineTally, ...] = ()
    told = {}
    for number, image in enumerate(frames):
        height, width = image.shape[:2]
        stamp = FrameStamp(number, BEGAN_US + round(number * 1e6 / fps), Epoch(1), width, height)
        seen = view.see(
            detector.detect(image),
            camera=camera,
            detector=detector,
            bounds=Bounds.of(detector.labels, min_confidence=camera.min_confidence),
            frame=RawFrame(CAMERA, b"", stamp, 0),
            picture_wh=(width, height),
        )
        tallies = seen.published.lines
        told.update({fact.track: fact.crossings for fact in seen.facts})
    told.update({fact.track: fact.crossings for fact in view.close()})
    crossings = [crossing for each in told.values() for crossing in each]
    return list(tallies), Counter((each.line, str(each.direction)) for each in crossings)


def test_people_who_walk_through_a_street_are_counted_by_the_basic_recogniser() -> None:
    street = scenes.a_street(WIDTH, HEIGHT)
    # Three cross the middle to the right, and two to the left
    walkers = [
        Walker((-60, 330), 130, 5),
        Walker((-230, 240), 100, 5),
        Walker((-420, 330), 130, 5),
        Walker((720, 200), 80, -5),
        Walker((900, 320), 125, -5),
    ]
    frames = [
        *scenes.frames_of(street, [], count=30),
        *scenes.frames_of(street, walkers, count=190),
    ]

    tallies, told = counted(frames, BasicRecogniser(), a_camera(lines=(MIDDLE,)))

    assert [(each.name, each.in_count, each.out_count) for each in tallies] == [("middle", 3, 2)]
    assert told == {(1, "in"): 3, (1, "out"): 2}


class Truth:
    """A detector that is told what is there."""

    name = "truth"
    labels = ("person",)

    def __init__(self, found: Iterable[Detections]) -> None:
        self._found = iter(found)

    def detect(self, _image: ImageBgr) -> Detections:
        return next(self._found)


@pytest.mark.parametrize("seed", range(5))
def test_a_trembling_box_is_counted_once_and_a_missed_look_costs_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    walkers = [Walker((-100 - 300 * k, 100 + 60 * k), 90 + 20 * k, 4 + k % 3) for k in range(4)] + [
        Walker((740 + 250 * k, 130 + 60 * k), 90 + 20 * k, -4 - k % 2) for k in range(3)
    ]

    def found(frame: int) -> Detections:
        boxes = np.array([each.box(frame) for each in walkers], np.float32)
        boxes += random.normal(0, 3, boxes.shape).astype(np.float32)
        seen = (boxes[:, 2] > 0) & (boxes[:, 0] < WIDTH) & (random.random(len(boxes)) > 0.1)
        n = int(seen.sum())
        return Detections(boxes[seen], np.full(n, 0.8, np.float32), np.zeros(n, np.int64))

    frames = [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 420
    detector = Truth([found(frame) for frame in range(len(frames))])

    [tally], told = counted(frames, detector, a_camera(lines=(MIDDLE,)))

    assert (tally.in_count, tally.out_count) == (4, 3)
    assert told == {(1, "in"): 4, (1, "out"): 3}


@pytest.mark.needs("data")
def test_six_people_leave_the_room_of_the_shared_clip() -> None:
    folder = data_folder()
    assert folder is not None
    model = folder / "models" / "detect" / "yolox_nano_416.onnx"
    # Before the right edge, where all six go out; and where they come from, by which nobody leaves
    lines = (
        Line(id=1, start=(560.0, 432.0), end=(560.0, 0.0), name="right"),
        Line(id=2, start=(150.0, 432.0), end=(150.0, 0.0), name="left"),
    )

    tallies, told = counted(
        islice(frames_of(folder / "video" / "one-by-one-person-detection.mp4"), 0, None, 2),
        ModelDetector(OnnxRuntime(Path(model), threads=1), name=model.stem),
        a_camera(lines=lines),
        fps=5.0,
    )

    assert [(each.in_count, each.out_count) for each in tallies] == [(6, 0), (0, 0)]
    assert told == {(1, "in"): 6}
