"""What most programs are: read, look, draw, encode each frame; baseline of ``services-gated``.

``python -m bench.programs.usual_loop URL REDIS_URL MODEL`` prints a line with the first picture,
and counts its pictures in ``pictures``.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
import redis

from object_recognition.basic.recogniser import BasicRecogniser
from object_recognition.detection import Detector
from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.onnx import OnnxRuntime

_QUALITY = 85
_LEAST_CONFIDENCE = 0.4


def _loop(url: str, redis_url: str, model: str) -> None:
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    client = redis.Redis.from_url(redis_url)
    detector: Detector = (
        BasicRecogniser()
        if model == "basic"
        else ModelDetector(OnnxRuntime(Path(model), threads=1), name="usual")
    )
    has_begun = False
    while True:
        is_read, frame = capture.read()
        if not is_read:
            return
        image_bgr = frame.astype(np.uint8, copy=False)
        found = detector.detect(image_bgr)
        for corners, confidence, label in zip(
            found.xyxy.astype(int), found.confidence, found.class_id, strict=True
        ):
            if confidence >= _LEAST_CONFIDENCE:
                left, top, right, bottom = (int(each) for each in corners)
                cv2.rectangle(image_bgr, (left, top), (right, bottom), (80, 200, 60), 2)
                cv2.putText(
                    image_bgr,
                    f"{detector.labels[label]} {confidence:.2f}",
                    (left, top - 4),
                    cv2.FONT_HERSHEY_SIMPLEX,
                    0.7,
                    (80, 200, 60),
                    2,
                )
        _, jpeg = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        client.set("camera_1_boxed_image", jpeg.tobytes(), ex=4)
        client.incr("pictures")
        if not has_begun:
            print("ready", flush=True)
            has_begun = True


if __name__ == "__main__":
    _loop(sys.argv[1], sys.argv[2], sys.argv[3])
