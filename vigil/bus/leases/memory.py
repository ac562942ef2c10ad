"""The twin: leases in this process, by a clock that a test moves."""

from collections.abc import Mapping
from dataclasses import dataclass

from typing_extensions import override

from vigil.bus.answers import Answers
from vigil.bus.leases.base import Leases
from vigil.clock import MICROSECONDS, Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import LeaseLost
from vigil.messages import MemberReport


@dataclass(slots=True)
class _Lease:
    holder: str | None
    epoch: Epoch
    until_s: float
    heir: str | None = None


class MemoryLeases(Leases):
    """The leases of one role, for unit tests."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[CameraId, _Lease] = {}
        self._members: dict[str, tuple[float, MemberReport]] = {}

    @override
    def announce(
        self, member: str, report: MemberReport, *, ttl_s: float
    ) -> dict[str, MemberReport]:
        self._members[member] = (self._clock.monotonic_s() + ttl_s, report)
        return self.members()

    @override
    def members(self) -> dict[str, MemberReport]:
        now_s = self._clock.monotonic_s()
        return {
            name: report for name, (until_s, report) in self._members.items() if until_s > now_s
        }

    @override
    def leave(self, member: str) -> None:
        self._members.pop(member, None)

    @override
    def acquire_all(
        self,
        last_seen: Mapping[CameraId, Epoch],
        member: str,
        *,
        ttl_s: float,
        takes_offers: bool = True,
    ) -> Answers[Epoch]:
        now_s, now_ms = self._clock.monotonic_s(), self._clock.utc_us() // 1000
        taken = Answers[Epoch]()
        for camera_id, seen in last_seen.items():
            known = self._leases.get(camera_id)
            if known is not None and known.until_s > now_s:
                is_offered = takes_offers and known.heir == member
                if known.holder not in {None, member} and not is_offered:
                    continue
            epoch = Epoch(max((known.epoch if known else 0) + 1, seen + 1, now_ms))
            self._leases[camera_id] = _Lease(member, epoch, now_s + ttl_s)
            taken[camera_id] = epoch
        return taken

    @override
    def renew_all(
        self, held: Mapping[CameraId, Epoch], *, ttl_s: float, heirs: Mapping[CameraId, str]
    ) -> Answers[bool]:
        renewed = Answers[bool]()
        for camera_id, epoch in held.items():
            known = self._leases.get(camera_id)
            renewed[camera_id] = (
                known is not None and known.epoch == epoch and known.holder is not None
            )
            if known is not None and renewed[camera_id]:
                known.until_s = self._clock.monotonic_s() + ttl_s
                known.heir = heirs.get(camera_id)
        return renewed

    @override
    def release_all(self, held: Mapping[CameraId, Epoch]) -> Answers[bool]:
        for camera_id, epoch in held.items():
            known = self._leases.get(camera_id)
            if known is not None and known.epoch == epoch:
                known.holder, known.heir = None, None
                known.until_s = self._clock.monotonic_s()
        return Answers(dict.fromkeys(held, True))

    @override
    def forget(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        known = self._leases.get(camera_id)
        if known is not None and known.epoch == epoch:
            del self._leases[camera_id]

    @override
    def held_until_us(self, camera_id: CameraId) -> int | None:
        known = self._leases.get(camera_id)
        if known is None:
            return None
        ahead_s = known.until_s - self._clock.monotonic_s()
        return self._clock.utc_us() + round(ahead_s * MICROSECONDS)

    def check(self, camera_id: CameraId, epoch: Epoch) -> None:
        """Raise LeaseLost unless epoch is the camera's: the fence of the other twins."""
        known = self._leases.get(camera_id)
        if known is None or known.epoch != epoch:
            raise LeaseLost(f"epoch {epoch} is not {known.epoch if known else 'held'}")

    def flush(self) -> None:
        """Forget everything, as an emptied Redis does."""
        self._leases.clear()
        self._members.clear()
