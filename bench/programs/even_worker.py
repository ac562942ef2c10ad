"""``vigil recognise`` with looks that all take as long, and no core: it shows what the pool costs.

``python -m bench.programs.even_worker``, with the settings of a recognition worker. However many
run beside each other, their looks do not slow each other down, as on machines of their own.
"""

from typing_extensions import override

from object_recognition.__main__ import main
from object_recognition.bounds import Bounds
from object_recognition.detection import Detections, ImageBgr
from object_recognition.recognisers import Chosen, Recognisers
from vigil.camera_document import CameraConfig
from vigil.runtime import StopSignal

#: As long as a middle-sized model takes on a core.
LOOK_S = 0.1


class _EvenDetector:
    """Sees nothing, and takes its time."""

    name = "even looks"
    labels = ("person",)

    def detect(self, image_bgr: ImageBgr) -> Detections:  # noqa: ARG002  A detector's signature.
        StopSignal().wait(LOOK_S)
        return Detections.none()


class _EvenRecognisers(Recognisers):
    """Has every camera looked at alike."""

    @override
    def of(self, camera: CameraConfig) -> Chosen:
        detector = _EvenDetector()
        bounds = Bounds.of(detector.labels, min_confidence=camera.min_confidence)
        return Chosen(detector, None, bounds)


if __name__ == "__main__":
    raise SystemExit(main(recognisers=_EvenRecognisers))
