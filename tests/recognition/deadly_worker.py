"""``python -m tests.recognition.deadly_worker``: a worker that a white picture kills.

The variable ``DEATH`` says how: as native code does that reads beyond its buffer (``crash``), that
hangs with the interpreter's lock (``hang-locked``), or without (``hang``).
"""

import ctypes
import os
import signal
from collections.abc import Callable

from typing_extensions import override

from object_recognition.__main__ import main
from object_recognition.bounds import Bounds
from object_recognition.detection import Detections, ImageBgr
from object_recognition.recognisers import Chosen, Recognisers
from vigil.messages import CameraConfig

#: Mean level above which a picture is deadly.
DEADLY_LEVEL = 200


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


#: A PyDLL's functions are called with the lock of the interpreter held, those of a CDLL without.
_DEATHS: dict[str, Callable[[], object]] = {
    "crash": _crash,
    "hang": lambda: ctypes.CDLL(None).sleep(3600),
    "hang-locked": lambda: ctypes.PyDLL(None).sleep(3600),
}


class _FragileDetector:
    name = "fragile"
    labels = ("person",)

    def detect(self, image_bgr: ImageBgr) -> Detections:
        if image_bgr.mean() > DEADLY_LEVEL:
            _DEATHS[os.environ.get("DEATH", "crash")]()
        return Detections.none()


class _FragileRecognisers(Recognisers):
    @override
    def of(self, camera: CameraConfig) -> Chosen:
        detector = _FragileDetector()
        bounds = Bounds.of(detector.labels, min_confidence=camera.min_confidence)
        return Chosen(detector, None, bounds)


if __name__ == "__main__":
    raise SystemExit(main(recognisers=_FragileRecognisers))
