"""What a member holds: it takes its share of the cameras, renews it, and gives back the rest."""

import os
import secrets
import socket
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import structlog

from vigil.bus.leases.base import Leases
from vigil.clock import Clock
from vigil.domain.assignment import share_of
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable, ServerUnavailable

log = structlog.get_logger(__name__)

#: Seconds a lease lives, and seconds between renewals.
LEASE_S = 3.0
RENEW_EVERY_S = 1.0
#: Stands for the server of what no server of a cluster has now.
_NO_SERVER = "none"


def new_member_id() -> str:
    """Return a name that no other process has had: ``host:pid:random``."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


@dataclass(slots=True)
class _Held:
    epoch: Epoch
    #: By this process's clock, taken before the renewal was sent.
    valid_until_s: float


class LeaseKeeper:
    """Holds the leases of this member's share of the cameras of one role.

    While Redis is away nothing is given up: nobody else can take it, and no write succeeds.

    Args:
        leases: Of the role.
        member: This process's name, from ``new_member_id``.
        clock: Its monotonic face counts the time a machine was suspended.
    """

    def __init__(self, leases: Leases, *, member: str, clock: Clock) -> None:
        self.member = member
        self._leases = leases
        self._clock = clock
        self._held: dict[CameraId, _Held] = {}
        #: The greatest epoch seen of each camera: the next is greater, even in an emptied Redis.
        self._last_seen: dict[CameraId, Epoch] = {}
        #: As of the last announcement that was answered; empty: none was yet.
        self._members: frozenset[str] = frozenset()
        #: The servers of a cluster that did not answer in the last round.
        self._away: frozenset[str] = frozenset()
        self._due_s = 0.0

    def keep(self, camera_ids: Iterable[CameraId]) -> None:
        """Do what is due, at most once a second: announce, give back, renew, take.

        Args:
            camera_ids: All cameras of the role, not only ours.

        Raises:
            BusUnavailable: Redis, or one server of the cluster, does not answer; what was held
                there still counts as held. What lies on the others was done.
        """
        if self._clock.monotonic_s() < self._due_s:
            return
        self._due_s = self._clock.monotonic_s() + RENEW_EVERY_S
        away: dict[str, BusUnavailable] = {}
        for server, step in self._round(list(camera_ids)):
            # Who did not answer will not for the next camera, and each time holds us up.
            if server not in away:
                try:
                    step()
                except BusUnavailable as error:
                    away[server] = error
        self._away = frozenset(away)
        if away:
            raise next(iter(away.values()))

    def held(self) -> dict[CameraId, Epoch]:
        """Return what is ours for all we know, including what Redis was too long away to renew."""
        return {camera_id: held.epoch for camera_id, held in self._held.items()}

    def valid(self) -> dict[CameraId, Epoch]:
        """Return what nobody else can hold now."""
        now_s = self._clock.monotonic_s()
        return {
            camera_id: held.epoch
            for camera_id, held in self._held.items()
            if held.valid_until_s > now_s
        }

    def lost(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Note that a write was refused: the lease may be retaken, but is not held."""
        held = self._held.get(camera_id)
        if held is not None and held.epoch == epoch:
            log.warning("lease_lost", camera_id=camera_id, epoch=epoch)
            del self._held[camera_id]
            self._due_s = 0.0

    def forget(self, camera_id: CameraId) -> None:
        """Remove the lease of a camera that was deleted.

        Raises:
            BusUnavailable: Redis does not answer; the lease is still held.
        """
        self._leases.forget(camera_id, epoch=self._held[camera_id].epoch)
        del self._held[camera_id]
        self._last_seen.pop(camera_id, None)

    def release_all(self) -> None:
        """Give everything back and leave the role, so that others need not wait for expiry."""
        gifts = [partial(self._give_back, camera_id) for camera_id in self._held]
        for step in [partial(self._leases.leave, self.member), *gifts]:
            try:
                step()
            except ServerUnavailable as error:
                # What lies on the other servers of the cluster can be given back.
                log.warning("lease_left_to_expire", reason=str(error))
            except BusUnavailable as error:
                log.warning("leases_left_to_expire", reason=str(error))
                return

    def _round(self, wanted: Collection[CameraId]) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield what is to be done, and with which server; last what lies on one that was away."""
        announcement = self._server_of(None), self._announce
        if announcement[0] not in self._away:
            yield announcement
        # Who has not heard of the other members would take every camera.
        share = share_of(self.member, wanted, self._members) if self._members else frozenset()
        at_server = {each: self._server_of(each) for each in self._held.keys() | share}
        for camera_id in sorted(at_server, key=lambda each: at_server[each] in self._away):
            step = self._renew_or_take if camera_id in share else self._give_back
            yield at_server[camera_id], partial(step, camera_id)
        if announcement[0] in self._away:
            yield announcement

    def _server_of(self, camera_id: CameraId | None) -> str:
        try:
            return self._leases.server_of(camera_id)
        except BusUnavailable:
            # The step fails for the same reason, and alone.
            return _NO_SERVER

    def _announce(self) -> None:
        self._members = self._leases.announce(self.member, ttl_s=LEASE_S)

    def _give_back(self, camera_id: CameraId) -> None:
        self._leases.release(camera_id, epoch=self._held[camera_id].epoch)
        log.info("lease_released", camera_id=camera_id)
        del self._held[camera_id]

    def _renew_or_take(self, camera_id: CameraId) -> None:
        held = self._held.get(camera_id)
        # Taken before the request leaves: the lease lives at least until then.
        valid_until_s = self._clock.monotonic_s() + LEASE_S
        if held is not None:
            if self._leases.renew(camera_id, epoch=held.epoch, ttl_s=LEASE_S):
                held.valid_until_s = valid_until_s
                return
            log.warning("lease_lost", camera_id=camera_id, epoch=held.epoch)
            del self._held[camera_id]
        epoch = self._leases.acquire(
            camera_id,
            self.member,
            ttl_s=LEASE_S,
            last_seen=self._last_seen.get(camera_id, Epoch(0)),
        )
        if epoch is not None:
            log.info("lease_taken", camera_id=camera_id, epoch=epoch)
            self._last_seen[camera_id] = epoch
            self._held[camera_id] = _Held(epoch, valid_until_s)
