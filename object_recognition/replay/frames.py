"""What a recognition worker would have been given of a clip."""

from collections.abc import Callable, Iterator

from object_recognition.replay.clip import Clip, ClipFrame
from object_recognition.watch import RawFrame
from vigil.camera_document import CameraConfig
from vigil.domain.camera import Epoch
from vigil.domain.frame import FrameStamp, stamped
from vigil.domain.frame_picker import FramePicker
from vigil.domain.mask_mark import mark_segment
from vigil.errors import FrameInvalid
from vigil.media.jpeg import encoded
from vigil.media.masked_frame import FrameMasker

#: Of all frames: there was no lease.
REPLAY_EPOCH = Epoch(1)


class FrameMaker:
    """Makes of a clip's frames what the camera controller makes of a camera's.

    As many a second as the camera is to have, its privacy masks painted before anything else sees
    them, as a stamped JPEG: what a recogniser is sure of depends on a JPEG's losses too.

    Args:
        camera: Whose footage it is.
        begins_us: When its first frame was captured, as UTC in microseconds since 1970.
        jpeg_quality: As the controller has it.

    Attributes:
        refused: How many frames could not be made one, and why the last could not.
    """

    def __init__(self, camera: CameraConfig, *, begins_us: int, jpeg_quality: int) -> None:
        self._camera = camera
        self._begins_us = begins_us
        self._jpeg_quality = jpeg_quality
        self._picker = FramePicker(camera.frame_fps)
        self._masker = FrameMasker(camera.masks, camera.mask_mark)
        self._sequence = 0
        self.refused: tuple[int, str] = (0, "")

    def made(self, clip: Clip, *, is_over: Callable[[], bool]) -> Iterator[RawFrame]:
        """Yield the frames of a clip that are to be looked at, until it ends or it is over."""
        for each in clip.frames():
            if is_over():
                return
            frame = self._made(each)
            if frame is not None:
                yield frame

    def _made(self, each: ClipFrame) -> RawFrame | None:
        captured_at_us = self._begins_us + each.at_us
        if not self._picker.is_due(captured_at_us):
            return None
        try:
            shown = self._masker.masked(each.frame)
            jpeg = encoded(shown.frame, quality=self._jpeg_quality)
        except FrameInvalid as error:
            self.refused = (self.refused[0] + 1, str(error))
            return None
        self._sequence += 1
        stamp = FrameStamp(
            self._sequence, captured_at_us, REPLAY_EPOCH, shown.frame.width, shown.frame.height
        )
        beside = b"" if shown.mark is None else mark_segment(shown.mark)
        return RawFrame(self._camera.id, stamped(jpeg, stamp, beside=beside), stamp, skipped=0)
