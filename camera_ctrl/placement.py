"""Which shard serves which camera: stable, bounded, and with suspects by themselves."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from vigil.domain.camera import CameraId

#: Crashes with a camera at work after which it gets a shard of its own.
CRASHES_TO_ISOLATE = 2

ShardNumber = int


@dataclass(slots=True)
class Placement:
    """Places cameras in numbered shards; a camera stays where it is for as long as it can.

    Attributes:
        per_shard: Cameras in one shard at most.
    """

    per_shard: int
    _shard_of: dict[CameraId, ShardNumber] = field(default_factory=dict)
    _crashes: dict[CameraId, int] = field(default_factory=dict)
    _next_number: ShardNumber = 0

    def place(self, camera_ids: Iterable[CameraId]) -> dict[ShardNumber, frozenset[CameraId]]:
        """Return who serves what: every camera once, no shard without one."""
        wanted = sorted(camera_ids)
        for gone in self._shard_of.keys() - set(wanted):
            del self._shard_of[gone]
        for camera_id in wanted:
            if camera_id not in self._shard_of:
                self._shard_of[camera_id] = self._room_for(camera_id)
        return self._by_shard()

    def isolated(self) -> frozenset[CameraId]:
        """Return the placed cameras that have crashed too often to share a shard."""
        return frozenset(each for each in self._shard_of if self.is_isolated(each))

    def note_crash(self, suspects: Iterable[CameraId]) -> frozenset[CameraId]:
        """Note who was at work when a shard crashed; return those that move out for it."""
        isolated = set()
        for camera_id in suspects:
            self._crashes[camera_id] = self._crashes.get(camera_id, 0) + 1
            if self.is_isolated(camera_id) and self._has_company(camera_id):
                # Placed anew, alone.
                del self._shard_of[camera_id]
                isolated.add(camera_id)
        return frozenset(isolated)

    def is_isolated(self, camera_id: CameraId) -> bool:
        """Return whether a camera has crashed too often to share a shard."""
        return self._crashes.get(camera_id, 0) >= CRASHES_TO_ISOLATE

    def _has_company(self, camera_id: CameraId) -> bool:
        number = self._shard_of.get(camera_id)
        return number is not None and len(self._by_shard()[number]) > 1

    def _room_for(self, camera_id: CameraId) -> ShardNumber:
        if not self.is_isolated(camera_id):
            for number, cameras in self._by_shard().items():
                is_shared = not any(self.is_isolated(each) for each in cameras)
                if is_shared and len(cameras) < self.per_shard:
                    return number
        self._next_number += 1
        return self._next_number

    def _by_shard(self) -> dict[ShardNumber, frozenset[CameraId]]:
        shards: dict[ShardNumber, set[CameraId]] = {}
        for camera_id, number in self._shard_of.items():
            shards.setdefault(number, set()).add(camera_id)
        return {number: frozenset(cameras) for number, cameras in sorted(shards.items())}
