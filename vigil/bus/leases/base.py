"""The port: one server decides who holds a camera, by its own clock."""

from collections.abc import Mapping
from typing import Protocol

from vigil.bus.answers import Answers
from vigil.domain.camera import CameraId, Epoch
from vigil.messages import MemberReport


class Leases(Protocol):
    """The leases of one role.

    A lease is taken for a few seconds and carries an epoch greater than any before it, even after
    Redis was emptied: ``max(last seen + 1, Redis time in milliseconds)``.

    What is asked about many cameras costs few commands. Where one server of a cluster does not
    answer, its cameras are ``unread``, and the others' answers are returned.
    """

    def announce(
        self, member: str, report: MemberReport, *, ttl_s: float
    ) -> dict[str, MemberReport]:
        """Say that member takes part for ttl_s; return all members, member among them.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def members(self) -> dict[str, MemberReport]:
        """Return all members, and what each says of itself.

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

    def acquire_all(
        self,
        last_seen: Mapping[CameraId, Epoch],
        member: str,
        *,
        ttl_s: float,
        takes_offers: bool = True,
    ) -> Answers[Epoch]:
        """Return a new epoch of each camera that is free, expired, member's own, or offered to it.

        Args:
            last_seen: For each camera that is asked for, the greatest epoch that the caller knows,
                or 0.
            member: Who asks.
            ttl_s: Seconds until they expire, unless renewed.
            takes_offers: False: what is offered to it stays its holder's.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def renew_all(
        self, held: Mapping[CameraId, Epoch], *, ttl_s: float, heirs: Mapping[CameraId, str]
    ) -> Answers[bool]:
        """Let leases live ttl_s from now; False where the epoch is not the lease's any more.

        A lease that expired and that nobody took is renewed.

        Args:
            held: The epoch of each.
            ttl_s: Seconds until they expire, unless renewed.
            heirs: To which member a camera is offered: that one may take it at any time, and until
                then it stays the holder's. Who is not named here any more may not.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def release_all(self, held: Mapping[CameraId, Epoch]) -> Answers[bool]:
        """Give cameras back at once; nothing happens to one whose epoch is not the lease's.

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

    def held_until_us(self, camera_id: CameraId) -> int | None:
        """Return when the camera's last lease ends or ended; None when nobody held it in a day.

        UTC in microseconds since 1970, by Redis's clock.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def acquire(
        self, camera_id: CameraId, member: str, *, ttl_s: float, last_seen: Epoch
    ) -> Epoch | None:
        """Return a new epoch of one camera; None where another holds it. See ``acquire_all``.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        return self.acquire_all({camera_id: last_seen}, member, ttl_s=ttl_s).get(camera_id)

    def renew(self, camera_id: CameraId, *, epoch: Epoch, ttl_s: float) -> bool:
        """Let one lease live on, offered to nobody. See ``renew_all``.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        return self.renew_all({camera_id: epoch}, ttl_s=ttl_s, heirs={})[camera_id]

    def release(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Give one camera back. See ``release_all``.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        self.release_all({camera_id: epoch})
