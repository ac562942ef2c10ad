"""The port: one status a camera and role, which dies with its writer."""

from collections.abc import Collection, Mapping
from typing import Protocol, TypeVar

from vigil.bus.answers import Answers
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import LeaseLost
from vigil.messages import Document

StatusT = TypeVar("StatusT", bound=Document)


class StatusBoard(Protocol[StatusT]):
    """The statuses of one role."""

    def put_all(self, statuses: Mapping[CameraId, tuple[StatusT, Epoch]]) -> Answers[bool]:
        """Replace cameras' statuses; each is gone after a while, ``keys.STATUS_TTL_S`` mostly.

        False where the epoch is not the lease's: there nothing was written.

        Raises:
            BusUnavailable: Redis does not answer; of a cluster, no server that was asked.
        """
        ...

    def put(self, camera_id: CameraId, status: StatusT, *, epoch: Epoch) -> None:
        """Replace one camera's status. See ``put_all``.

        Raises:
            LeaseLost: epoch is not the lease's; nothing was written.
            BusUnavailable: Redis does not answer.
        """
        if not self.put_all({camera_id: (status, epoch)})[camera_id]:
            raise LeaseLost(f"epoch {epoch} is not that of camera {camera_id}")

    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Remove the camera's status: it was deleted.

        Raises:
            LeaseLost: epoch is not the lease's; nothing was removed.
            BusUnavailable: Redis does not answer.
        """
        ...

    def read(self, camera_ids: Collection[CameraId]) -> Answers[StatusT]:
        """Return the status of each camera that has one, in one round trip a server.

        Raises:
            BusUnavailable: Redis does not answer; of a cluster, no server that was asked.
        """
        ...
