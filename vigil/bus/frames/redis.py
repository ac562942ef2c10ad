"""Pictures as plain keys, and bells as sharded channels, which a cluster delivers within a slot."""

from collections.abc import Collection

from typing_extensions import override

from vigil import keys
from vigil.bus.answers import Answers
from vigil.bus.connection import RedisClient, script_source, translated_errors
from vigil.bus.frames.base import FrameStore
from vigil.bus.many import ask_each
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import STAMPED_HEAD_BYTES


class RedisFrameStore(FrameStore):
    """The newest JPEG of each camera, of one kind, under the contract's keys."""

    def __init__(self, redis: RedisClient, *, kind: keys.FrameKind) -> None:
        self._redis = redis
        self._kind = kind
        self._put = redis.register_script(script_source("vigil.bus", "put.lua"))
        self._clear = redis.register_script(script_source("vigil.bus", "clear.lua"))

    @override
    def put(self, camera_id: CameraId, jpeg: bytes, *, epoch: Epoch, ttl_s: float) -> None:
        looked_at = [keys.look(camera_id)] if self._kind is keys.FrameKind.BOXED else []
        with translated_errors():
            self._put(
                keys=[keys.frame(camera_id, self._kind), self._lease(camera_id), *looked_at],
                args=[
                    epoch,
                    round(ttl_s * 1000),
                    jpeg,
                    keys.frame_bell(camera_id, self._kind),
                    jpeg[:STAMPED_HEAD_BYTES],
                ],
            )

    @override
    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        with translated_errors():
            self._clear(
                keys=[self._lease(camera_id), keys.frame(camera_id, self._kind)], args=[epoch]
            )

    @override
    def newest(self, camera_ids: Collection[CameraId]) -> Answers[bytes]:
        return ask_each(
            self._redis, {each: ("GET", keys.frame(each, self._kind)) for each in camera_ids}
        )

    def _lease(self, camera_id: CameraId) -> str:
        return keys.lease(camera_id, keys.GUARD_OF[self._kind])
