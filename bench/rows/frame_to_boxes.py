"""``frame-to-boxes``: a frame in, boxes out, against Ultralytics' predict() of the same weights.

All sides look at the same 1080p frames at the same 640x384, on one thread, one after the other:
frame by frame in turn, so that they see the same machine. Each round starts every side anew.
"""

import json
import subprocess
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from bench import ultralytics_env
from bench.calibration import calibration_frames
from bench.children import BenchFailed, first_line, python, running
from bench.clips import SIZE_WH
from bench.footage import VARIABLE, data_folder, frames_of
from bench.result import Bar, Measured, Part, RowResult
from object_recognition.boxes import iou_of
from object_recognition.engines.engine import Engine
from object_recognition.engines.quantize import quantize

NAME = "frame-to-boxes"
_WEIGHTS = "models/detect/yolo11n_dequant_fused_fp16.npz"
_STARTS, _FRAMES = 10, 12
#: Looks before those that count: buffers, and what compiles at first use.
_WARMING = 3
_BASELINE = "Ultralytics"
#: How many times as fast as the baseline.
_TIMES = {"ONNX Runtime": 1.5, "OpenVINO bf16": 2.5, "OpenVINO INT8": 3.2}
#: What a CPU must have for a bar to be set, as /proc/cpuinfo calls it.
_NEEDS = {"OpenVINO bf16": ("bf16",), "OpenVINO INT8": ("vnni",)}
_LEAST_IOU = 0.9


def measure() -> RowResult:
    """Measure every engine beside the baseline."""
    folder = data_folder()
    if folder is None:
        return RowResult(NAME, [], missing=f"{VARIABLE} names no folder of models")
    with TemporaryDirectory() as scratch:
        checkpoint, onnx = ultralytics_env.models(folder / _WEIGHTS)
        int8 = Path(scratch) / "yolo11n.int8.zip"
        quantize(onnx, calibration_frames(folder), int8)
        pictures = _pictures(folder, Path(scratch))
        ours = "bench.programs.detector_side"
        sides = {
            _BASELINE: [
                *(str(ultralytics_env.python()), str(ultralytics_env.SIDE)),
                *("serve", str(checkpoint)),
            ],
            "ONNX Runtime": python(ours, Engine.ONNX_RUNTIME, str(onnx)),
            "OpenVINO bf16": python(ours, Engine.OPENVINO, str(onnx)),
            "OpenVINO INT8": python(ours, Engine.OPENVINO, str(int8)),
        }
        rounds = [_round(sides, pictures, Path(scratch)) for _ in range(_STARTS)]
    baseline = [each[_BASELINE] for each in rounds]
    parts = [
        Part(name, "ms", _bar(name), [each[name] for each in rounds], baseline) for name in _TIMES
    ]
    return RowResult(NAME, parts)


def _round(sides: dict[str, list[str]], pictures: list[str], scratch: Path) -> dict[str, float]:
    """Return each side's median in ms."""
    samples: dict[str, list[float]] = {name: [] for name in sides}
    with ExitStack() as stack:
        processes = {}
        for name, command in sides.items():
            side = running(
                [*command, *pictures],
                log=scratch / "sides.log",
                environment=ultralytics_env.environment(),
                with_output=True,
                with_input=True,
            )
            processes[name] = stack.enter_context(side)
        for process in processes.values():
            first_line(process)
        for number in range(-_WARMING, _FRAMES):
            answers = {name: _ask(process, number) for name, process in processes.items()}
            _check_alike(answers)
            if number >= 0:
                for name, answer in answers.items():
                    samples[name].append(answer["ms"])
    return {name: median(each) for name, each in samples.items()}


def _ask(process: subprocess.Popen[bytes], number: int) -> Any:
    assert process.stdin is not None
    process.stdin.write(f"{number}\n".encode())
    process.stdin.flush()
    return json.loads(first_line(process))


def _check_alike(answers: dict[str, Any]) -> None:
    """Raise BenchFailed unless the same weights in the same precision gave the same boxes."""
    theirs = np.array(answers[_BASELINE]["boxes"], np.float32).reshape(-1, 4)
    ours = np.array(answers["ONNX Runtime"]["boxes"], np.float32).reshape(-1, 4)
    is_alike = len(theirs) == len(ours) and (
        not len(ours) or float(iou_of(theirs, ours).max(axis=1).min()) >= _LEAST_IOU
    )
    if not is_alike:
        raise BenchFailed(f"{len(theirs)} boxes of Ultralytics' are not ours, {len(ours)}")


def _bar(name: str) -> Bar | None:
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    if not all(flag in flags for flag in _NEEDS.get(name, ())):
        return None
    times = _TIMES[name]
    return Bar(1 / times, of=Measured.RATIO, says=f"{times:g} times as fast")


def _pictures(folder: Path, scratch: Path) -> list[str]:
    """Write 1080p frames of people in a street, and return where."""
    frames = list(frames_of(folder / "video" / "vtest_480x360.avi"))
    paths = []
    for number, frame in enumerate(frames[:: len(frames) // _FRAMES][:_FRAMES]):
        path = scratch / f"{number:02}.png"
        cv2.imwrite(str(path), cv2.resize(frame, SIZE_WH))
        paths.append(str(path))
    return paths
