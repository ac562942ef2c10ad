"""The twin: watched cameras in this process."""

from collections.abc import Collection

from typing_extensions import override

from vigil import keys
from vigil.bus.watchers.base import Watchers
from vigil.clock import Clock
from vigil.domain.camera import CameraId


class MemoryWatchers(Watchers):
    """The cameras that somebody watches, for unit tests."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s: dict[CameraId, float] = {}

    @override
    def say_watched(self, camera_ids: Collection[CameraId]) -> None:
        until_s = self._clock.monotonic_s() + keys.WATCHED_TTL_S
        self._until_s.update(dict.fromkeys(camera_ids, until_s))

    @override
    def watched(self, camera_ids: Collection[CameraId]) -> frozenset[CameraId]:
        now_s = self._clock.monotonic_s()
        return frozenset(each for each in camera_ids if self._until_s.get(each, now_s) > now_s)
