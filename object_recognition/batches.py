"""Looks that are made together: a GPU is busy only with many pictures at once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from object_recognition.detection import Detections, takes_batches
from object_recognition.picture import JpegPicture
from object_recognition.recognisers import Chosen
from object_recognition.record import CameraRecord
from object_recognition.seen import Seen
from object_recognition.watch import RawFrame
from vigil.camera_document import CameraConfig
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import FrameInvalid


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What is to be made of one frame.

    Attributes:
        frame: It.
        picture: Its pixels, decoded once for who looks and for who draws.
        camera: Whose it is, as configured now.
        record: What is known of that camera.
        chosen: What looks.
        again: What is shown without a look, since nothing moved; None: it is looked at.
        ttl_s: How long its picture is live.
    """

    frame: RawFrame
    picture: JpegPicture
    camera: CameraConfig
    record: CameraRecord
    chosen: Chosen
    again: Seen | None
    ttl_s: float

    @property
    def camera_id(self) -> CameraId:
        """Whose frame it is."""
        return self.frame.camera_id

    @property
    def epoch(self) -> Epoch:
        """Under which its camera is held."""
        return self.record.epoch

    @property
    def is_for_batches(self) -> bool:
        """Whether what looks does so at many frames at once."""
        return self.again is None and takes_batches(self.chosen.detector)


def in_batches(
    looks: Iterable[Look], *, is_suspect: Callable[[CameraId], bool]
) -> list[list[Look]]:
    """Return the looks by what is made together: first the batches, then each that is alone.

    A camera at which somebody died is looked at alone. A batch whose maker dies makes suspects of
    all its cameras, each once; alone, the one that kills shows itself, and no other dies with it.
    Several models of one camera look alone too: they are that camera's, and no other's.

    Args:
        looks: In the order in which the cameras waited.
        is_suspect: Whether somebody died at a camera.
    """
    together: dict[int, list[Look]] = defaultdict(list)
    alone = []
    for look in looks:
        if look.is_for_batches and not is_suspect(look.camera_id):
            together[id(look.chosen.detector)].append(look)
        else:
            alone.append([look])
    return [*together.values(), *alone]


def detected(looks: Sequence[Look]) -> list[Detections | FrameInvalid]:
    """Return what is in each frame of a batch, or why that frame is none.

    Args:
        looks: Of one detector; one alone, and decoded, if that takes no batches.

    Raises:
        ModelInvalid: The model does not run.
    """
    detector = looks[0].chosen.detector
    if takes_batches(detector):
        return detector.detect_all([each.picture for each in looks])
    [look] = looks
    return [detector.detect(look.picture.image_bgr)]
