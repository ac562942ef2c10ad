"""Which shard serves which camera: stable, bounded, and with suspects by themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vigil.domain.camera import CameraId

#: Crashes with a camera at work after which it gets a shard of its own.
CRASHES_TO_ISOLATE = 2
#: Seconds after a camera's last crash when all of them are forgotten.
PARDON_AFTER_S = 3600.0

ShardNumber = int


@dataclass(slots=True)
class _Crashes:
    """What a camera is suspected of, at one address."""

    address: str
    count: int
    last_s: float


@dataclass(slots=True)
class Placement:
    """Places cameras in numbered shards; a camera stays where it is for as long as it can.

    One that crashed its shard twice gets one of its own. It shares one again when it has behaved
    for PARDON_AFTER_S, or is another camera now: it has another address.

    Attributes:
        per_shard: Cameras in one shard at most.
    """

    per_shard: int
    _shard_of: dict[CameraId, ShardNumber] = field(default_factory=dict)
    _address_of: dict[CameraId, str] = field(default_factory=dict)
    _crashes: dict[CameraId, _Crashes] = field(default_factory=dict)
    _next_number: ShardNumber = 0

    def place(
        self, addresses: Mapping[CameraId, str], *, now_s: float
    ) -> dict[ShardNumber, frozenset[CameraId]]:
        """Return who serves what: every camera once, no shard without one.

        Args:
            addresses: Of the cameras to serve, as web sealed them: equal while nothing changed.
            now_s: By a clock that only grows.
        """
        for gone in self._shard_of.keys() - addresses.keys():
            del self._shard_of[gone]
        self._address_of = dict(addresses)
        self._pardon(now_s)
        for camera_id in sorted(addresses):
            if camera_id not in self._shard_of:
                self._shard_of[camera_id] = self._room_for(camera_id)
        return self._by_shard()

    def isolated(self) -> frozenset[CameraId]:
        """Return the placed cameras that have crashed too often to share a shard."""
        return frozenset(each for each in self._shard_of if self.is_isolated(each))

    def note_crash(self, suspects: Iterable[CameraId], *, now_s: float) -> frozenset[CameraId]:
        """Note who was at work when a shard crashed; return those that move out for it."""
        isolated = set()
        for camera_id in suspects:
            known = self._crashes.get(camera_id)
            self._crashes[camera_id] = _Crashes(
                self._address_of.get(camera_id, ""), 1 if known is None else known.count + 1, now_s
            )
            if self.is_isolated(camera_id) and self._has_company(camera_id):
                # Placed anew, alone.
                del self._shard_of[camera_id]
                isolated.add(camera_id)
        return frozenset(isolated)

    def is_isolated(self, camera_id: CameraId) -> bool:
        """Return whether a camera has crashed too often to share a shard."""
        known = self._crashes.get(camera_id)
        return known is not None and known.count >= CRASHES_TO_ISOLATE

    def _pardon(self, now_s: float) -> None:
        for camera_id, known in list(self._crashes.items()):
            has_moved = self._address_of.get(camera_id, known.address) != known.address
            if has_moved or now_s - known.last_s >= PARDON_AFTER_S:
                returns = self.is_isolated(camera_id) and self._common_room() is not None
                del self._crashes[camera_id]
                if returns:
                    self._shard_of.pop(camera_id, None)

    def _has_company(self, camera_id: CameraId) -> bool:
        number = self._shard_of.get(camera_id)
        return number is not None and len(self._by_shard()[number]) > 1

    def _room_for(self, camera_id: CameraId) -> ShardNumber:
        number = None if self.is_isolated(camera_id) else self._common_room()
        if number is None:
            self._next_number += 1
            number = self._next_number
        return number

    def _common_room(self) -> ShardNumber | None:
        """Return a shard that takes one more camera, if there is one."""
        for number, cameras in self._by_shard().items():
            is_shared = not any(self.is_isolated(each) for each in cameras)
            if is_shared and len(cameras) < self.per_shard:
                return number
        return None

    def _by_shard(self) -> dict[ShardNumber, frozenset[CameraId]]:
        shards: dict[ShardNumber, set[CameraId]] = {}
        for camera_id, number in self._shard_of.items():
            shards.setdefault(number, set()).add(camera_id)
        return {number: frozenset(cameras) for number, cameras in sorted(shards.items())}
