"""Cameras of many aspects: what a model has made for one is not made anew at each look."""

from collections import Counter
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
from typing_extensions import override

from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.onnx import OnnxRuntime
from object_recognition.engines.openvino import OpenVinoRuntime
from object_recognition.engines.recent import Recent
from object_recognition.engines.runtime import Floats, Infer
from tests.recognition.onnx_files import write_grid_model

#: Of sixteen, one is what a model is tried at.
ASPECTS = 15


class CountingRuntime(OnnxRuntime):
    """Counts what is made for each size of input."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, threads=1)
        self.made: Counter[tuple[int, int]] = Counter()

    @override
    def at(self, input_wh: tuple[int, int]) -> Infer:
        self.made[input_wh] += 1
        return super().at(input_wh)


class WeakRuntime(OpenVinoRuntime):
    """Knows which inferences somebody still has."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, threads=1)
        self.held = WeakValueDictionary[tuple[int, int], Infer]()

    @override
    def at(self, input_wh: tuple[int, int]) -> Infer:
        compiled = super().at(input_wh)

        def infer(tensor: Floats) -> Floats:
            return compiled(tensor)

        self.held[input_wh] = infer
        return infer


def frame(aspect: int) -> "np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]":
    return np.zeros((32 * aspect, 640, 3), np.uint8)


def test_each_of_sixteen_aspects_is_made_once(tmp_path: Path) -> None:
    runtime = CountingRuntime(write_grid_model(tmp_path / "grid.onnx", size="any"))
    detector = ModelDetector(runtime, name="grid")

    for _ in range(3):
        for aspect in range(1, ASPECTS + 1):
            detector.detect(frame(aspect))

    assert set(runtime.made.values()) == {1}


def test_what_is_looked_at_often_stays_however_many_others_there_are(tmp_path: Path) -> None:
    runtime = CountingRuntime(write_grid_model(tmp_path / "grid.onnx", size="any"))
    detector = ModelDetector(runtime, name="grid")

    for aspect in range(2, 21):
        detector.detect(frame(1))
        detector.detect(frame(aspect))

    assert runtime.made[detector.input_wh((640, 32))] == 1


def test_of_a_file_that_follows_cameras_its_own_aspect_is_not_kept_in_memory(
    tmp_path: Path,
) -> None:
    runtime = WeakRuntime(write_grid_model(tmp_path / "grid.onnx", size=640))
    detector = ModelDetector(runtime, name="grid")
    assert detector.follows_aspect

    detector.detect(np.zeros((1080, 1920, 3), np.uint8))

    assert set(runtime.held) == {(640, 384)}


def test_what_nobody_asked_for_longest_is_let_go() -> None:
    recent = Recent[str, int](2)
    recent.keep("a", 1)
    recent.keep("b", 2)
    assert recent.get("a") == 1
    recent.keep("c", 3)

    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
    assert len(recent) == 2
