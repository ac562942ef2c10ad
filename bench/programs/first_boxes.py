"""A program that opens a model, looks at one picture, and prints how many boxes it found.

``python -m bench.programs.first_boxes MODEL PICTURE HOME``; its start is measured by who calls it.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from object_recognition.basic.recogniser import BasicRecogniser
from object_recognition.detection import Detector
from object_recognition.engines.choice import Engines, engines_for


def main(model: str, picture: str, home: str) -> None:
    """Look once."""
    cv2.setNumThreads(1)
    image_bgr = np.asarray(cv2.imread(picture), np.uint8)
    detector: Detector = BasicRecogniser()
    if model != "basic":
        # What was compiled and tried before is there, as at any start of a worker but its first.
        folder = Path(home) / "models" / "openvino"
        detector = Engines(engines_for("auto"), threads=1, folder=folder).open(Path(model), "model")
    print(len(detector.detect(image_bgr)), "boxes", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
