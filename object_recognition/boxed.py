"""The boxed image: a frame with what is seen in it, as a JPEG with the frame's stamp."""

from object_recognition.detection import Detector, ImageBgr
from object_recognition.drawing import Caption, annotate
from object_recognition.picture import encoded
from object_recognition.view import Seen, local_time
from object_recognition.watch import RawFrame
from vigil.domain.frame import stamped
from vigil.messages import CameraConfig


def boxed_jpeg(
    image_bgr: ImageBgr,
    seen: Seen,
    *,
    camera: CameraConfig,
    detector: Detector,
    frame: RawFrame,
    quality: int,
) -> bytes:
    """Draw on a frame's pixels what is seen, and return them as a JPEG.

    Args:
        image_bgr: ``(H, W, 3)`` uint8; it is drawn on.
        seen: What is drawn.
        camera: Whose frame it is.
        detector: What looked.
        frame: Which one.
        quality: 1 to 100, as libjpeg means it.
    """
    annotate(
        image_bgr,
        seen.shown,
        labels=detector.labels,
        track_id=seen.track_id,
        zones=seen.zones,
        caption=Caption(detector.name, local_time(camera, frame)),
    )
    return stamped(encoded(image_bgr, quality=quality), frame.stamp)
