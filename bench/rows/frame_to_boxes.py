"""``frame-to-boxes``: a frame in, boxes out, against Ultralytics' predict() of the same weights.

All sides look at the same 1080p frames at the same 640x384, on one thread, one after the other:
frame by frame in turn, so that they see the same machine. Each round starts every side anew.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from bench import ultralytics_env
from bench.children import BenchFailed
from bench.clips import SIZE_WH
from bench.footage import VARIABLE, data_folder, frames_of
from bench.result import Part, RowResult
from bench.same_weights import same_weights, times_as_fast
from bench.sides import Answer, in_turns
from object_recognition.boxes import iou_of

NAME = "frame-to-boxes"
_STARTS, _FRAMES, _WARMING = 10, 12, 3
_BASELINE = "Ultralytics"
#: How many times as fast as the baseline.
_TIMES = {"ONNX Runtime": 1.5, "OpenVINO bf16": 2.5, "OpenVINO INT8": 3.2}
_LEAST_IOU = 0.9


def measure() -> RowResult:
    """Measure every engine beside the baseline."""
    folder = data_folder()
    if folder is None:
        return RowResult(NAME, [], missing=f"{VARIABLE} names no folder of models")
    with TemporaryDirectory() as name:
        scratch = Path(name)
        weights = same_weights(folder, scratch)
        pictures = _pictures(folder, scratch)
        sides = {
            _BASELINE: weights.their_side("serve", *pictures),
            **weights.our_sides("bench.programs.detector_side", *pictures),
        }
        rounds = [
            in_turns(
                sides,
                steps=_FRAMES,
                warming=_WARMING,
                log=scratch / "sides.log",
                environment=ultralytics_env.environment(),
                check=_check_alike,
            )
            for _ in range(_STARTS)
        ]
    baseline = [each[_BASELINE] for each in rounds]
    parts = [
        Part(name, "ms", times_as_fast(times), [each[name] for each in rounds], baseline)
        for name, times in _TIMES.items()
    ]
    return RowResult(NAME, parts)


def _check_alike(answers: Mapping[str, Answer]) -> None:
    """Raise BenchFailed unless the same weights in the same precision gave the same boxes."""
    theirs = np.array(answers[_BASELINE]["boxes"], np.float32).reshape(-1, 4)
    ours = np.array(answers["ONNX Runtime"]["boxes"], np.float32).reshape(-1, 4)
    is_alike = len(theirs) == len(ours) and (
        not len(ours) or float(iou_of(theirs, ours).max(axis=1).min()) >= _LEAST_IOU
    )
    if not is_alike:
        raise BenchFailed(f"{len(theirs)} boxes of Ultralytics' are not ours, {len(ours)}")


def _pictures(folder: Path, scratch: Path) -> list[str]:
    """Write 1080p frames of people in a street, and return where."""
    frames = list(frames_of(folder / "video" / "vtest_480x360.avi"))
    paths = []
    for number, frame in enumerate(frames[:: len(frames) // _FRAMES][:_FRAMES]):
        path = scratch / f"{number:02}.png"
        cv2.imwrite(str(path), cv2.resize(frame, SIZE_WH))
        paths.append(str(path))
    return paths
