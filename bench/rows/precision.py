"""``precision``: what bf16 and INT8 cost of the mAP50-95 that the same model has in fp32.

Measured on the 64 labelled COCO pictures of the shared data, none of which INT8 is calibrated on.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from bench.calibration import calibration_frames
from bench.footage import VARIABLE, data_folder
from bench.mean_precision import MeanPrecision, Truth
from bench.result import Bar, Part, RowResult
from object_recognition.detection import ImageBgr
from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.openvino import OpenVinoRuntime
from object_recognition.engines.quantize import quantize

NAME = "precision"
_MODELS = {"yolo11n": "yolo11n_dequant_fp32_640.onnx", "yolox_nano": "yolox_nano_416.onnx"}
_MAY_LOSE = 0.01
_UNIT = "mAP50-95 lost"
#: As COCO is evaluated: all boxes count, and only those that nearly coincide are one.
_LEAST, _MAX_IOU = 0.001, 0.7


def measure() -> RowResult:
    """Measure both models."""
    folder = data_folder()
    if folder is None:
        return RowResult(NAME, [], missing=f"{VARIABLE} names no folder of models and pictures")
    pictures = list(_labelled(folder / "images" / "coco_val2017_64"))
    parts = []
    with TemporaryDirectory() as scratch:
        for name, file in _MODELS.items():
            path = folder / "models" / "detect" / file
            int8 = Path(scratch) / f"{name}.zip"
            quantize(path, calibration_frames(folder), int8)
            exact = _seen(OpenVinoRuntime(path, threads=1, precise=True), pictures)
            for runtime in (OpenVinoRuntime(path, threads=1), OpenVinoRuntime(int8, threads=1)):
                kind = runtime.name.removeprefix("OpenVINO ")
                seen = _seen(runtime, pictures)
                # Without bf16 there is nothing to lose, and nothing to hold.
                bar = None if kind == "fp32" else Bar(_MAY_LOSE)
                # COCO's own mean. In so few pictures one object can be all there is of a label.
                lost = exact.by_label() - seen.by_label()
                parts.append(Part(f"{name} {kind}, by label", _UNIT, bar, [lost]))
                lost = exact.by_object() - seen.by_object()
                parts.append(Part(f"{name} {kind}, by object", _UNIT, None, [lost]))
    return RowResult(NAME, parts)


def _seen(runtime: OpenVinoRuntime, pictures: list[tuple[ImageBgr, Truth]]) -> MeanPrecision:
    detector = ModelDetector(runtime, name=NAME, min_confidence=_LEAST, max_iou=_MAX_IOU)
    mean = MeanPrecision()
    for image_bgr, truth in pictures:
        mean.add(detector.detect(image_bgr), truth)
    return mean


def _labelled(folder: Path) -> Iterator[tuple[ImageBgr, Truth]]:
    for path in sorted((folder / "images").glob("*.jpg")):
        image_bgr = np.asarray(cv2.imread(str(path)), np.uint8)
        height, width = image_bgr.shape[:2]
        labels = folder / "labels" / f"{path.stem}.txt"
        rows = np.loadtxt(labels, ndmin=2, dtype=np.float32).reshape(-1, 5)
        centre, half = rows[:, 1:3], rows[:, 3:5] / 2
        corners = np.hstack([centre - half, centre + half]) * np.array(
            [width, height] * 2, np.float32
        )
        yield image_bgr, Truth(corners.astype(np.float32), rows[:, 0].astype(np.int64))
