"""How well people are seen and followed on the shared clips: ``python -m bench.accuracy``.

Recognisers look at vtest. All frames are fed in order, as a camera of 10 frames a second gives
them, and every 16th is scored at IoU 0.4. Milliseconds are those of one thread, wall and CPU, for a
whole look: frame to boxes. What the tracker is scored on, ``track_accuracy`` says.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from bench import track_accuracy
from bench.footage import VARIABLE, data_folder, frames_of, people_of_vtest
from bench.scoring import Score
from object_recognition.basic.recogniser import BasicRecogniser
from object_recognition.detection import Detections, Detector
from object_recognition.engines.onnx import OnnxDetector

#: COCO models among the shared data; a detector's memory is warmed by the frames between.
MODELS = (
    "yolox_nano_416",
    "yolo11n_dequant_fp32_640",
    "yolo11n_int8_320",
    "yolov8n_int8_640",
    "yolo26n_int8_640",
)
SCORED_EVERY = 16
#: The least confidence of a camera that nobody has set.
MIN_CONFIDENCE = 0.4


@dataclass(slots=True)
class Row:
    """What one recogniser did on one clip."""

    name: str
    score: Score = field(default_factory=Score)
    looks: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def line(self) -> str:
        """Return it as a line of the table."""
        score = self.score
        return (
            f"{self.name:<26} {score.f1:5.2f} {score.precision:10.2f} {score.recall:7.2f} "
            f"{1e3 * self.wall_s / self.looks:8.1f} {1e3 * self.cpu_s / self.looks:7.1f}"
        )


def measure(detector: Detector, folder: Path) -> Row:
    """Return how well a detector sees the people of vtest.

    Args:
        detector: A fresh one. One with a memory is shown every frame, others the scored ones.
        folder: The shared data.
    """
    row = Row(detector.name)
    truth = people_of_vtest(folder)
    remembers = isinstance(detector, BasicRecogniser)
    for number, frame in enumerate(frames_of(folder / "video" / "vtest_480x360.avi"), start=1):
        is_scored = (number - 1) % SCORED_EVERY == 0
        if not (is_scored or remembers):
            continue
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        seen = detector.detect(frame)
        row.wall_s += time.perf_counter() - wall_s
        row.cpu_s += time.process_time() - cpu_s
        row.looks += 1
        if is_scored:
            row.score.add(_people(detector, seen).xyxy, truth[number])
    return row


def _people(detector: Detector, seen: Detections) -> Detections:
    is_person = seen.class_id == detector.labels.index("person")
    return seen.take(is_person & (seen.confidence >= MIN_CONFIDENCE))


def _detectors(folder: Path) -> Iterator[Detector]:
    yield BasicRecogniser()
    for name in MODELS:
        yield OnnxDetector(folder / "models" / "detect" / f"{name}.onnx", name=name)


def main() -> int:
    """Print the table; return the exit status."""
    folder = data_folder()
    if folder is None:
        print(
            f"accuracy: {VARIABLE} names no folder. It must hold the shared data: "
            "video/vtest_480x360.avi, video/vtest_gt_768x576.txt, models/detect/*.onnx, "
            "tracking/TUD-Campus.",
            file=sys.stderr,
        )
        return 2
    cv2.setNumThreads(1)
    print("people on vtest               F1  precision  recall  ms/look  cpu ms")
    for detector in _detectors(folder):
        print(measure(detector, folder).line(), flush=True)
    print(f"\n{track_accuracy.HEAD}")
    for line in track_accuracy.lines(folder):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
