"""The ports: a store of newest pictures, and a bell. Frames are never queued."""

from collections.abc import Collection
from typing import Protocol

from vigil.bus.answers import Answers
from vigil.domain.camera import CameraId, Epoch


class NewestFrames(Protocol):
    """Who shows the newest JPEG of each camera, of one kind: raw or boxed."""

    def newest(self, camera_ids: Collection[CameraId]) -> Answers[bytes]:
        """Return the JPEG of each camera that has one, in one round trip a server.

        Raises:
            BusUnavailable: Redis does not answer; of a cluster, no server that was asked.
        """
        ...


class FrameStore(NewestFrames, Protocol):
    """The newest JPEG of each camera, of one kind, to read and to write."""

    def put(self, camera_id: CameraId, jpeg: bytes, *, epoch: Epoch, ttl_s: float) -> None:
        """Replace the camera's picture, and ring its bell. A boxed one ends the look at it.

        Args:
            camera_id: Of the camera.
            jpeg: With its stamp (``vigil.domain.frame.stamped``).
            epoch: Of the lease that guards this kind.
            ttl_s: Seconds after which it is no longer live, unless another follows.

        Raises:
            LeaseLost: epoch is not the lease's; nothing was written.
            BusUnavailable: Redis does not answer.
        """
        ...

    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Remove the camera's picture at once: a dead camera has none.

        Raises:
            LeaseLost: epoch is not the lease's; nothing was removed.
            BusUnavailable: Redis does not answer.
        """
        ...


class FrameBell(Protocol):
    """Says which cameras have a newer picture.

    It may ring once too often and, after a broken connection, once too seldom: a reader looks by
    itself each second.
    """

    def listen_to(self, camera_ids: Collection[CameraId]) -> None:
        """Listen to these cameras from now on, and to no others."""
        ...

    def wait(self, timeout_s: float) -> frozenset[CameraId]:
        """Return the cameras that rang since the last call; wait at most timeout_s for one."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...
