"""The port: one server decides who holds a camera, by its own clock."""

from typing import Protocol

from vigil.domain.camera import CameraId, Epoch


class Leases(Protocol):
    """The leases of one role.

    A lease is taken for a few seconds and carries an epoch greater than any before it, even after
    Redis was emptied: ``max(last seen + 1, Redis time in milliseconds)``.
    """

    def announce(self, member: str, *, ttl_s: float) -> frozenset[str]:
        """Say that member takes part for ttl_s; return all members, member among them.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def leave(self, member: str) -> None:
        """Take member off the list at once.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def acquire(
        self, camera_id: CameraId, member: str, *, ttl_s: float, last_seen: Epoch
    ) -> Epoch | None:
        """Return a new epoch if the camera is free, expired or member's own; None if it is held.

        Args:
            camera_id: Of the camera.
            member: Who asks.
            ttl_s: Seconds until it expires, unless renewed.
            last_seen: The greatest epoch of this camera that the caller knows, or 0.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def renew(self, camera_id: CameraId, *, epoch: Epoch, ttl_s: float) -> bool:
        """Let the lease live ttl_s from now; False when epoch is not the lease's any more.

        A lease that expired and that nobody took is renewed.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def release(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Give the camera back at once; nothing happens when epoch is not the lease's.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def forget(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Remove the lease of a camera that was deleted, if epoch is still the lease's.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def server_of(self, camera_id: CameraId | None) -> str:
        """Return a name of the server that has a camera's lease, or (None) the list of members.

        Raises:
            BusUnavailable: No server has it now.
        """
        ...

    def held_until_us(self, camera_id: CameraId) -> int | None:
        """Return when the camera's last lease ends or ended; None when nobody held it in a day.

        UTC in microseconds since 1970, by Redis's clock.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...
