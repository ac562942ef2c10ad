"""Explanations as a short Redis stream a camera."""

import structlog
from typing_extensions import override

from vigil import keys
from vigil.bus.connection import RedisClient, script_source, translated_errors
from vigil.bus.explanations.base import MAX_KEPT, ExplanationLog
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import MessageInvalid
from vigil.messages import Explanation, decode

log = structlog.get_logger(__name__)


class RedisExplanationLog(ExplanationLog):
    """Explanations on one Redis or a cluster."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._append = redis.register_script(script_source(__package__, "append.lua"))
        self._clear = redis.register_script(script_source("vigil.bus", "clear.lua"))

    @override
    def append(self, explanation: Explanation, *, epoch: Epoch) -> None:
        camera_id = explanation.camera_id
        with translated_errors():
            self._append(
                keys=[keys.explanations(camera_id), _lease(camera_id)],
                args=[epoch, explanation.model_dump_json(), MAX_KEPT, keys.EXPLANATIONS_TTL_S],
            )

    @override
    def newest(self, camera_id: CameraId, *, limit: int) -> list[Explanation]:
        with translated_errors():
            entries = self._redis.xrevrange(keys.explanations(camera_id), count=limit) or []
        found = []
        for _, fields in entries:
            try:
                found.append(decode(Explanation, (fields or {})[b"e"]))
            except (MessageInvalid, KeyError) as error:
                log.warning("explanation_unreadable", camera_id=camera_id, error=str(error))
        return found

    @override
    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        with translated_errors():
            self._clear(keys=[_lease(camera_id), keys.explanations(camera_id)], args=[epoch])


def _lease(camera_id: CameraId) -> str:
    return keys.lease(camera_id, keys.Role.RECOGNITION)
