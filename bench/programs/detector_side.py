"""Our side of ``frame-to-boxes``: a model file on one engine, in a process of its own.

``ENGINE MODEL PICTURE ...`` answers each line of its input, the number of a picture, with the
milliseconds from the frame to its boxes, and the boxes.
"""

import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.engine import Engine, open_runtime

#: The least confidence of boxes that are compared.
_SURE = 0.4


def main(engine: Engine, model: Path, pictures: list[str]) -> None:
    """Answer each line of the input."""
    # As the worker does, which has one thread.
    cv2.setNumThreads(1)
    images = [np.asarray(cv2.imread(path), np.uint8) for path in pictures]
    detector = ModelDetector(open_runtime(model, engine, threads=1), name=model.stem)
    print(detector.name, flush=True)
    for line in sys.stdin:
        image_bgr = images[int(line) % len(images)]
        begun_s = time.perf_counter()
        seen = detector.detect(image_bgr)
        ms = 1e3 * (time.perf_counter() - begun_s)
        boxes = seen.xyxy[seen.confidence >= _SURE].tolist()
        print(json.dumps({"ms": ms, "boxes": boxes}), flush=True)


if __name__ == "__main__":
    main(Engine(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
