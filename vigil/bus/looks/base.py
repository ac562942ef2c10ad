"""The port: a note of each look, which outlives who looks, and the deaths that came of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from vigil.bus.answers import Answers
from vigil.domain.camera import CameraId, Epoch


@dataclass(frozen=True, slots=True)
class Deaths:
    """How often somebody died at a camera, within ``keys.DEATHS_TTL_S`` of each other.

    Attributes:
        count: Deaths.
        killers: The digests of the frames that were looked at.
    """

    count: int = 0
    killers: frozenset[str] = frozenset()


class LookNotes(Protocol):
    """Notes of looks. A boxed image that is put ends its camera's look, at no further cost."""

    def begin(self, camera_id: CameraId, digest: str, *, member: str, epoch: Epoch) -> None:
        """Note that member looks at a frame from now on.

        Raises:
            LeaseLost: epoch is not the lease's; nothing was noted.
            BusUnavailable: Redis does not answer.
        """
        ...

    def end(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Note that nothing came of the look, and that nobody died of it.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Remove the note of a look and the deaths: the camera was deleted.

        Raises:
            LeaseLost: epoch is not the lease's; nothing was removed.
            BusUnavailable: Redis does not answer.
        """
        ...

    def deaths(
        self, epochs: Mapping[CameraId, Epoch], *, alive: Collection[str]
    ) -> Answers[Deaths]:
        """Return the deaths at cameras that we hold; a look that one left behind is a new one.

        Args:
            epochs: Under which they are held; others' are not read.
            alive: Whose looks go on, or ended without a death.

        Raises:
            BusUnavailable: Redis does not answer; of a cluster, no server that was asked.
        """
        ...
