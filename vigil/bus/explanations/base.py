"""The port: the explanations of each camera, of the last minutes."""

from typing import Protocol

from vigil.domain.camera import CameraId, Epoch
from vigil.messages import Explanation

#: So many of a camera are kept at most.
MAX_KEPT = 300


class ExplanationLog(Protocol):
    """What became of the detections of each camera."""

    def append(self, explanation: Explanation, *, epoch: Epoch) -> None:
        """Add one; it is gone after ``keys.EXPLANATIONS_TTL_S``, or MAX_KEPT others.

        Raises:
            LeaseLost: epoch is not the recognition lease's; nothing was written.
            BusUnavailable: Redis does not answer.
        """
        ...

    def newest(self, camera_id: CameraId, *, limit: int) -> list[Explanation]:
        """Return the newest first, at most limit.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Remove those of a camera: it was deleted.

        Raises:
            LeaseLost: epoch is not the lease's; nothing was removed.
            BusUnavailable: Redis does not answer.
        """
        ...
