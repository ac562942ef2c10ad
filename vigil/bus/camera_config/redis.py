"""The configuration on the queue Redis: one server, so one script writes it all."""

from collections.abc import Collection, Sequence

import redis
import structlog
from typing_extensions import override

from vigil import keys
from vigil.bus.camera_config.base import CameraConfigStore, ConfigBell
from vigil.bus.connection import script_source, translated_errors
from vigil.camera_document import CameraConfig, ConfigHead
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable, MessageInvalid
from vigil.messages import decode

log = structlog.get_logger(__name__)


class RedisCameraConfigStore(CameraConfigStore):
    """The configuration under ``vigil:camera_config:*``."""

    def __init__(self, queue: redis.Redis) -> None:
        self._redis = queue
        self._publish = queue.register_script(script_source(__package__, "publish.lua"))

    @override
    def publish(
        self, head: ConfigHead, *, changed: Sequence[CameraConfig], removed: Sequence[CameraId]
    ) -> bool:
        with translated_errors():
            published = self._publish(
                keys=[
                    keys.camera_config_head(),
                    *(keys.camera_config(document.id) for document in changed),
                    *(keys.camera_config(camera_id) for camera_id in removed),
                ],
                args=[
                    head.generation,
                    head.model_dump_json(),
                    len(changed),
                    keys.camera_config_bell(),
                    *(document.model_dump_json() for document in changed),
                ],
            )
        return bool(published)

    @override
    def head(self) -> ConfigHead | None:
        with translated_errors():
            raw = self._redis.get(keys.camera_config_head())
        return None if raw is None else decode(ConfigHead, raw)

    @override
    def documents(self, camera_ids: Collection[CameraId]) -> dict[CameraId, CameraConfig]:
        ordered = list(camera_ids)
        if not ordered:
            return {}
        with translated_errors():
            raws = self._redis.mget([keys.camera_config(camera_id) for camera_id in ordered])
        documents = {}
        for camera_id, raw in zip(ordered, raws, strict=True):
            if raw is None:
                continue
            try:
                documents[camera_id] = decode(CameraConfig, raw)
            except MessageInvalid as error:
                log.error("camera_config_unreadable", camera_id=camera_id, error=str(error))
        return documents


class RedisConfigBell(ConfigBell):
    """Listens without a thread: looks at what its connection has received."""

    def __init__(self, queue: redis.Redis) -> None:
        self._pubsub = queue.pubsub(ignore_subscribe_messages=True)
        self._is_subscribed = False

    @override
    def has_rung(self) -> bool:
        try:
            with translated_errors():
                return self._take_all()
        except BusUnavailable:
            self._is_subscribed = False
            raise

    def _take_all(self) -> bool:
        if not self._is_subscribed:
            self._pubsub.reset()
            self._pubsub.subscribe(keys.camera_config_bell())
            self._is_subscribed = True
            return True  # It may have rung while we did not listen.
        has_rung = False
        # Bounded, should somebody ring without end.
        for _ in range(1000):
            message = self._pubsub.get_message(timeout=0)
            if message is None:
                break
            has_rung = True
        return has_rung
