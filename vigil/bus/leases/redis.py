"""Leases in Redis, one script a step, each in the slot of what the lease guards."""

from redis.commands.core import Script
from typing_extensions import override

from vigil import keys
from vigil.bus.connection import RedisClient, script_source, server_of, translated_errors
from vigil.bus.leases.base import Leases
from vigil.domain.camera import CameraId, Epoch


class RedisLeases(Leases):
    """The leases of one role on one Redis or a cluster."""

    def __init__(self, redis: RedisClient, *, role: keys.Role) -> None:
        self._redis = redis
        self._role = role

        def script(name: str) -> Script:
            return redis.register_script(script_source(__package__, f"{name}.lua"))

        self._announce = script("announce")
        self._acquire = script("acquire")
        self._renew = script("renew")
        self._release = script("release")
        self._forget = script("forget")

    @override
    def announce(self, member: str, *, ttl_s: float) -> frozenset[str]:
        with translated_errors():
            names = self._announce(
                keys=[keys.members(self._role)],
                args=[member, _ms(ttl_s), keys.MEMBERS_TTL_S],
            )
        return frozenset(name.decode() for name in names)

    @override
    def leave(self, member: str) -> None:
        with translated_errors():
            self._redis.zrem(keys.members(self._role), member)

    @override
    def acquire(
        self, camera_id: CameraId, member: str, *, ttl_s: float, last_seen: Epoch
    ) -> Epoch | None:
        with translated_errors():
            epoch = self._acquire(
                keys=[self._key(camera_id)],
                args=[member, _ms(ttl_s), last_seen, keys.LEASE_MEMORY_S],
            )
        return Epoch(int(epoch)) or None

    @override
    def renew(self, camera_id: CameraId, *, epoch: Epoch, ttl_s: float) -> bool:
        with translated_errors():
            renewed = self._renew(
                keys=[self._key(camera_id)], args=[epoch, _ms(ttl_s), keys.LEASE_MEMORY_S]
            )
        return bool(renewed)

    @override
    def release(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        with translated_errors():
            self._release(keys=[self._key(camera_id)], args=[epoch])

    @override
    def forget(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        with translated_errors():
            self._forget(keys=[self._key(camera_id)], args=[epoch])

    @override
    def server_of(self, camera_id: CameraId | None) -> str:
        key = keys.members(self._role) if camera_id is None else self._key(camera_id)
        return server_of(self._redis, key)

    @override
    def held_until_us(self, camera_id: CameraId) -> int | None:
        with translated_errors():
            until_ms = self._redis.hget(self._key(camera_id), "until_ms")
        return None if until_ms is None else int(until_ms) * 1000

    def _key(self, camera_id: CameraId) -> str:
        return keys.lease(camera_id, self._role)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
