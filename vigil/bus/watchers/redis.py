"""Watched cameras as keys that are soon gone, in the slots of what they are about."""

from collections.abc import Callable, Collection

from typing_extensions import override

from vigil import keys
from vigil.bus.connection import RedisClient
from vigil.bus.many import ask_each
from vigil.bus.watchers.base import Watchers
from vigil.domain.camera import CameraId


class RedisWatchers(Watchers):
    """The cameras that somebody watches, on one Redis or a cluster.

    Args:
        redis: The media Redis.
        key_of: Where it says so.
    """

    def __init__(
        self, redis: RedisClient, *, key_of: Callable[[CameraId], str] = keys.watched
    ) -> None:
        self._redis = redis
        self._key_of = key_of

    @override
    def say_watched(self, camera_ids: Collection[CameraId]) -> None:
        life_ms = round(keys.WATCHED_TTL_S * 1000)
        ask_each(
            self._redis,
            {each: ("SET", self._key_of(each), "1", "PX", life_ms) for each in camera_ids},
        )

    @override
    def watched(self, camera_ids: Collection[CameraId]) -> frozenset[CameraId]:
        found = ask_each(self._redis, {each: ("GET", self._key_of(each)) for each in camera_ids})
        return frozenset(found)
