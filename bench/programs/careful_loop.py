"""What a careful programmer writes with OpenCV: the baseline of ``ingest-one``.

``python -m bench.programs.careful_loop URL REDIS_URL`` grabs every frame, and retrieves, encodes
and sets five a second. It prints a line with the first picture.
"""

import sys

import cv2
import redis

from vigil.clock import SystemClock

_PICTURES_PER_S = 5
_QUALITY = 85


def _loop(url: str, redis_url: str) -> None:
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    client = redis.Redis.from_url(redis_url)
    clock = SystemClock()
    due_s = 0.0
    while capture.grab():
        if clock.monotonic_s() < due_s:
            continue
        _, image_bgr = capture.retrieve()
        _, jpeg = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        client.set("camera_1_latest_frame", jpeg.tobytes(), ex=4)
        if not due_s:
            print("ready", flush=True)
        due_s = max(due_s, clock.monotonic_s() - 1 / _PICTURES_PER_S) + 1 / _PICTURES_PER_S


if __name__ == "__main__":
    _loop(sys.argv[1], sys.argv[2])
