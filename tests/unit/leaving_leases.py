"""Leases of which some are away when a test says so."""

from collections.abc import Iterable, Mapping

from typing_extensions import override

from vigil.bus.answers import Answers, AnswerT
from vigil.bus.leases.memory import MemoryLeases
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable, ServerUnavailable
from vigil.messages import MemberReport

CAMERAS = [CameraId(number) for number in range(1, 21)]
ONE = CameraId(1)


class LeavingLeases(MemoryLeases):
    """Leases that are away when the test says so, and count who asked."""

    is_away = False
    renewed = 0
    #: The cameras of the server of a cluster that is away; it has the list of members too.
    away: frozenset[CameraId] = frozenset()
    asked_in_vain = 0
    #: What the silent server costs each time it is asked.
    wait_s = 0.0

    @override
    def announce(
        self, member: str, report: MemberReport, *, ttl_s: float
    ) -> dict[str, MemberReport]:
        self._require_list()
        return super().announce(member, report, ttl_s=ttl_s)

    @override
    def leave(self, member: str) -> None:
        self._require_list()
        super().leave(member)

    @override
    def acquire_all(
        self,
        last_seen: Mapping[CameraId, Epoch],
        member: str,
        *,
        ttl_s: float,
        takes_offers: bool = True,
    ) -> Answers[Epoch]:
        here = self._here(last_seen)
        taken = super().acquire_all(here, member, ttl_s=ttl_s, takes_offers=takes_offers)
        return self._answered(taken, last_seen)

    @override
    def renew_all(
        self, held: Mapping[CameraId, Epoch], *, ttl_s: float, heirs: Mapping[CameraId, str]
    ) -> Answers[bool]:
        here = self._here(held)
        self.renewed += len(here)
        return self._answered(super().renew_all(here, ttl_s=ttl_s, heirs=heirs), held)

    @override
    def release_all(self, held: Mapping[CameraId, Epoch]) -> Answers[bool]:
        here = self._here(held)
        return self._answered(super().release_all(here), held)

    @override
    def forget(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        self._here({camera_id: epoch})
        super().forget(camera_id, epoch=epoch)

    def _require_list(self) -> None:
        self._here({})
        if self.away:
            self._wait_in_vain()
            raise ServerUnavailable("away")

    def _here(self, asked: Mapping[CameraId, Epoch]) -> dict[CameraId, Epoch]:
        if self.is_away:
            self.asked_in_vain += 1
            raise BusUnavailable("away")
        return {each: epoch for each, epoch in asked.items() if each not in self.away}

    def _answered(
        self, said: Answers[AnswerT], asked: Mapping[CameraId, Epoch]
    ) -> Answers[AnswerT]:
        said.unread = self.away & asked.keys()
        if said.unread:
            self._wait_in_vain()
        return said

    def _wait_in_vain(self) -> None:
        self.asked_in_vain += 1
        assert isinstance(self._clock, FakeClock)
        self._clock.advance(self.wait_s)


def wanting(camera_ids: Iterable[CameraId]) -> dict[CameraId, float]:
    """Return cameras that cost the same."""
    return dict.fromkeys(camera_ids, 5.0)
