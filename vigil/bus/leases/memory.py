"""The twin: leases in this process, by a clock that a test moves."""

from dataclasses import dataclass

from typing_extensions import override

from vigil.bus.leases.base import Leases
from vigil.clock import MICROSECONDS, Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import LeaseLost


@dataclass(slots=True)
class _Lease:
    holder: str | None
    epoch: Epoch
    until_s: float


class MemoryLeases(Leases):
    """The leases of one role, for unit tests."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[CameraId, _Lease] = {}
        self._members: dict[str, float] = {}

    @override
    def announce(self, member: str, *, ttl_s: float) -> frozenset[str]:
        now_s = self._clock.monotonic_s()
        self._members[member] = now_s + ttl_s
        self._members = {name: until for name, until in self._members.items() if until > now_s}
        return frozenset(self._members)

    @override
    def leave(self, member: str) -> None:
        self._members.pop(member, None)

    @override
    def acquire(
        self, camera_id: CameraId, member: str, *, ttl_s: float, last_seen: Epoch
    ) -> Epoch | None:
        now_s = self._clock.monotonic_s()
        known = self._leases.get(camera_id)
        if known and known.holder not in {None, member} and known.until_s > now_s:
            return None
        now_ms = self._clock.utc_us() // 1000
        epoch = Epoch(max((known.epoch if known else 0) + 1, last_seen + 1, now_ms))
        self._leases[camera_id] = _Lease(member, epoch, now_s + ttl_s)
        return epoch

    @override
    def renew(self, camera_id: CameraId, *, epoch: Epoch, ttl_s: float) -> bool:
        known = self._leases.get(camera_id)
        if known is None or known.epoch != epoch or known.holder is None:
            return False
        known.until_s = self._clock.monotonic_s() + ttl_s
        return True

    @override
    def release(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        known = self._leases.get(camera_id)
        if known is not None and known.epoch == epoch:
            known.holder, known.until_s = None, self._clock.monotonic_s()

    @override
    def forget(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        known = self._leases.get(camera_id)
        if known is not None and known.epoch == epoch:
            del self._leases[camera_id]

    @override
    def server_of(self, camera_id: CameraId | None) -> str:
        return "memory"

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
