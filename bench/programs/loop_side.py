"""Our side of ``video-loop``: a clip through detector, tracker, drawing and JPEG.

``ENGINE MODEL CLIP`` answers each line of its input with the milliseconds that the next frame took.
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from object_recognition.canvas import Canvas
from object_recognition.drawing import Caption, annotate
from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.engine import Engine, open_runtime
from object_recognition.picture import encoded
from object_recognition.tracking.tracker import Tracker

_FPS = 25
_QUALITY = 85
_SURE = np.float32(0.4)


def main(engine: Engine, model: Path, clip: str) -> None:
    """Answer each line of the input."""
    # As the worker does, which has one thread.
    cv2.setNumThreads(1)
    detector = ModelDetector(open_runtime(model, engine, threads=1), name=model.stem)
    tracker = Tracker()
    capture = cv2.VideoCapture(clip, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    print(detector.name, flush=True)
    for number, _ in enumerate(sys.stdin):
        begun_s = time.perf_counter()
        _, frame = capture.read()
        image_bgr = frame.astype(np.uint8, copy=False)
        tracked = tracker.update(detector.detect(image_bgr), number / _FPS)
        rows = np.flatnonzero(tracked.detections.confidence >= _SURE)
        annotate(
            Canvas(image_bgr),
            tracked.detections.take(rows),
            labels=detector.labels,
            track_id=tracked.track_id[rows],
            zones=(),
            caption=Caption(detector.name, datetime.now(UTC)),
        )
        encoded(image_bgr, quality=_QUALITY)
        print(json.dumps({"ms": 1e3 * (time.perf_counter() - begun_s)}), flush=True)


if __name__ == "__main__":
    main(Engine(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
