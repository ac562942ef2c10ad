"""What a member holds: it takes its share of the cameras, renews it, and gives back the rest."""

import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from vigil.bus.answers import Answers, AnswerT
from vigil.bus.leases.base import Leases
from vigil.clock import Clock
from vigil.domain.assignment import assign
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable, LeaseLost, ServerUnavailable
from vigil.messages import MemberReport

log = structlog.get_logger(__name__)

#: Seconds a lease lives, and seconds between renewals.
LEASE_S = 3.0
RENEW_EVERY_S = 1.0
_NOTHING_SAID = MemberReport()


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
        #: Of each member, as of the last announcement that was answered; empty: none was yet.
        self._capacities: dict[str, float | None] = {}
        #: Whether the server with the list of members did not answer the last time.
        self._is_list_away = False
        #: It is computed again only when something changed.
        self._assigned_for: tuple[dict[CameraId, float], dict[str, float | None]] = ({}, {})
        self._assigned: dict[CameraId, str] = {}
        self._due_s = 0.0

    def keep(
        self,
        costs: Mapping[CameraId, float],
        report: MemberReport = _NOTHING_SAID,
        *,
        takes_offers: bool = True,
    ) -> None:
        """Do what is due, at most once a second: announce, give back, renew or offer, take.

        A camera that another is to have is offered to it, and stays ours until it takes it.

        Args:
            costs: Of all cameras of the role, not only ours; see ``assign``.
            report: What the other members are to know of this one.
            takes_offers: False: not ready yet to do as well as who has the cameras now. What
                nobody has is taken all the same.

        Raises:
            BusUnavailable: Redis, or one server of the cluster, does not answer; what was held
                there still counts as held. What lies on the others was done.
        """
        if self._clock.monotonic_s() < self._due_s:
            return
        self._due_s = self._clock.monotonic_s() + RENEW_EVERY_S
        steps = [
            partial(self._announce, report),
            partial(self._give_back_unwanted, costs),
            partial(self._renew_or_offer, costs),
            partial(self._take, costs, takes_offers=takes_offers),
        ]
        if self._is_list_away:
            # Who did not answer may hold us up: first what lies on the other servers.
            steps.append(steps.pop(0))
        away = []
        for step in steps:
            try:
                step()
            except ServerUnavailable as error:
                away.append(error)
        if away:
            raise away[0]

    @property
    def members(self) -> frozenset[str]:
        """All members of the role, as of the last announcement that was answered."""
        return frozenset(self._capacities)

    def held(self) -> dict[CameraId, Epoch]:
        """Return what is ours for all we know, including what Redis was too long away to renew."""
        return {camera_id: held.epoch for camera_id, held in self._held.items()}

    def valid(self) -> dict[CameraId, Epoch]:
        """Return what nobody can hold now but us, or whom we offer it to: they may have it."""
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

    def forget(self, camera_id: CameraId, *, clear: Callable[[CameraId, Epoch], None]) -> None:
        """Remove what is kept of a camera that was deleted, and its lease.

        Args:
            camera_id: One that is held.
            clear: Removes what is kept under an epoch. The epoch is a new one: who does not know
                yet that the camera is gone, and writes on under the one before, is refused.

        Raises:
            BusUnavailable: Redis does not answer; the lease is still held.
        """
        held = self._held[camera_id]
        retaken = self._leases.acquire_all({camera_id: held.epoch}, self.member, ttl_s=LEASE_S)
        _require_all(retaken)
        held.epoch = retaken.get(camera_id, held.epoch)
        try:
            clear(camera_id, held.epoch)
        except LeaseLost:
            log.info("deleted_camera_is_anothers", camera_id=camera_id)
        self._leases.forget(camera_id, epoch=held.epoch)
        del self._held[camera_id]
        self._last_seen.pop(camera_id, None)

    def release_all(self) -> None:
        """Leave the role and give everything back, so that others need not wait for expiry."""
        for step in (partial(self._leases.leave, self.member), self._give_back_all):
            try:
                step()
            except ServerUnavailable as error:
                # What lies on the other servers of the cluster can be given back.
                log.warning("leases_left_to_expire", reason=str(error))
            except BusUnavailable as error:
                log.warning("leases_left_to_expire", reason=str(error))
                return

    def _announce(self, report: MemberReport) -> None:
        self._is_list_away = True
        members = self._leases.announce(self.member, report, ttl_s=LEASE_S)
        self._is_list_away = False
        self._capacities = {name: said.capacity_fps for name, said in members.items()}

    def _owners(self, costs: Mapping[CameraId, float]) -> Mapping[CameraId, str]:
        """Return who is to have which camera; nobody knows before the first announcement."""
        if (costs, self._capacities) != self._assigned_for:
            self._assigned_for = dict(costs), self._capacities
            self._assigned = assign(*self._assigned_for)
        return self._assigned

    def _give_back_unwanted(self, costs: Mapping[CameraId, float]) -> None:
        self._give_back([each for each in self._held if each not in costs])

    def _give_back_all(self) -> None:
        self._give_back(list(self._held))

    def _give_back(self, camera_ids: Sequence[CameraId]) -> None:
        done = self._leases.release_all({each: self._held[each].epoch for each in camera_ids})
        for camera_id in done:
            log.info("lease_released", camera_id=camera_id)
            del self._held[camera_id]
        _require_all(done)

    def _renew_or_offer(self, costs: Mapping[CameraId, float]) -> None:
        owners = self._owners(costs)
        heirs = {
            each: owners[each]
            for each in self._held
            if owners.get(each, self.member) != self.member
        }
        # Taken before the request leaves: the lease lives at least until then.
        valid_until_s = self._clock.monotonic_s() + LEASE_S
        renewed = self._leases.renew_all(self.held(), ttl_s=LEASE_S, heirs=heirs)
        for camera_id, is_ours in renewed.items():
            if is_ours:
                self._held[camera_id].valid_until_s = valid_until_s
                continue
            epoch = self._held.pop(camera_id).epoch
            if camera_id in heirs:
                log.info("lease_handed_over", camera_id=camera_id, epoch=epoch)
            else:
                log.warning("lease_lost", camera_id=camera_id, epoch=epoch)
        _require_all(renewed)

    def _take(self, costs: Mapping[CameraId, float], *, takes_offers: bool) -> None:
        wanted = [
            camera_id
            for camera_id, owner in self._owners(costs).items()
            if owner == self.member and camera_id not in self._held
        ]
        valid_until_s = self._clock.monotonic_s() + LEASE_S
        taken = self._leases.acquire_all(
            {each: self._last_seen.get(each, Epoch(0)) for each in wanted},
            self.member,
            ttl_s=LEASE_S,
            takes_offers=takes_offers,
        )
        for camera_id, epoch in taken.items():
            log.info("lease_taken", camera_id=camera_id, epoch=epoch)
            self._last_seen[camera_id] = epoch
            self._held[camera_id] = _Held(epoch, valid_until_s)
        _require_all(taken)


def _require_all(answers: Answers[AnswerT]) -> None:
    """Refuse answers that one server of the cluster is missing from.

    Raises:
        ServerUnavailable: It does not answer.
    """
    if answers.unread:
        raise ServerUnavailable(f"redis: no answer about {len(answers.unread)} leases")
