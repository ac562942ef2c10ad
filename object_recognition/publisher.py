"""What a worker puts on the media Redis of a camera that it looks at."""

from object_recognition.seen import Seen
from vigil.bus.explanations.base import ExplanationLog
from vigil.bus.frames.base import FrameStore
from vigil.bus.status.base import StatusBoard
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import ServerUnavailable
from vigil.messages import DayTallies, FrameDetections


class Publisher:
    """Puts annotated pictures, and what they show, where others read them.

    Args:
        boxed: The annotated pictures.
        detections: What the newest of them shows.
        explanations: What it does not show, and why.
        tallies: What crossed lines today, for whoever looks next.
    """

    def __init__(
        self,
        *,
        boxed: FrameStore,
        detections: StatusBoard[FrameDetections],
        explanations: ExplanationLog,
        tallies: StatusBoard[DayTallies],
    ) -> None:
        self._boxed = boxed
        self._detections = detections
        self._explanations = explanations
        self._tallies = tallies

    def publish(
        self, camera_id: CameraId, jpeg: bytes, seen: Seen, *, epoch: Epoch, ttl_s: float
    ) -> None:
        """Put a picture, and what was seen in it.

        Raises:
            LeaseLost: The camera is another's.
            BusUnavailable: Redis does not answer.
        """
        # First what was seen: who hears the picture's bell finds it.
        self._detections.put(camera_id, seen.published, epoch=epoch)
        if seen.explanation is not None:
            self._explanations.append(seen.explanation, epoch=epoch)
        if seen.tallies is not None:
            self._tallies.put(camera_id, seen.tallies, epoch=epoch)
        self._boxed.put(camera_id, jpeg, epoch=epoch, ttl_s=ttl_s)

    def tallies_of(self, camera_id: CameraId) -> DayTallies | None:
        """Return what its owner before counted today; None: nobody counted.

        Raises:
            BusUnavailable: Redis does not answer, or the server of a cluster that has it.
        """
        said = self._tallies.read([camera_id])
        if camera_id in said.unread:
            raise ServerUnavailable(f"the server that has the tallies of camera {camera_id}")
        return said.get(camera_id)

    def clear_picture(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Take the picture away.

        Raises:
            LeaseLost: The camera is another's.
            BusUnavailable: Redis does not answer.
        """
        self._boxed.clear(camera_id, epoch=epoch)

    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Take everything away: the camera was deleted.

        Raises:
            LeaseLost: The camera is another's.
            BusUnavailable: Redis does not answer.
        """
        self._boxed.clear(camera_id, epoch=epoch)
        self._detections.clear(camera_id, epoch=epoch)
        self._explanations.clear(camera_id, epoch=epoch)
        self._tallies.clear(camera_id, epoch=epoch)
