"""Footage's documents on the queue Redis: one server, so one script writes several."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

import redis
import structlog
from typing_extensions import override

from vigil import keys
from vigil.bus.connection import script_source, translated_errors
from vigil.bus.footage.base import FootageStore
from vigil.domain.camera import CameraId
from vigil.errors import MessageInvalid
from vigil.footage_document import CameraProtections, VolumeReport
from vigil.messages import decode

#: Orders of one command.
_AT_ONCE: Final = 1000

log = structlog.get_logger(__name__)


class RedisFootageStore(FootageStore):
    """What is told of footage: ``vigil:protections:*``, ``vigil:footage_*``."""

    def __init__(self, queue: redis.Redis) -> None:
        self._redis = queue
        self._protect = queue.register_script(script_source(__package__, "protect.lua"))

    @override
    def protect(self, documents: Sequence[CameraProtections]) -> None:
        if documents:
            with translated_errors():
                self._protect(
                    keys=[keys.protections(document.camera_id) for document in documents],
                    args=[document.model_dump_json() for document in documents],
                )

    @override
    def protections(self, camera_ids: Collection[CameraId]) -> dict[CameraId, CameraProtections]:
        ordered = list(camera_ids)
        if not ordered:
            return {}
        with translated_errors():
            raws = self._redis.mget([keys.protections(camera_id) for camera_id in ordered])
        found = {}
        for camera_id, raw in zip(ordered, raws, strict=True):
            if raw is None:
                continue
            try:
                found[camera_id] = decode(CameraProtections, raw)
            except MessageInvalid as error:
                log.error("protections_unreadable", camera_id=camera_id, error=str(error))
        return found

    @override
    def order_deletions(self, volume: UUID, paths: Sequence[str]) -> None:
        with translated_errors():
            for at in range(0, len(paths), _AT_ONCE):
                self._redis.sadd(keys.footage_deletions(volume), *paths[at : at + _AT_ONCE])

    @override
    def deletions(self, volume: UUID, *, limit: int) -> list[str]:
        with translated_errors():
            found: Any = self._redis.srandmember(keys.footage_deletions(volume), limit)
        return [path.decode(errors="replace") for path in found]

    @override
    def deletions_done(self, volume: UUID, paths: Sequence[str]) -> None:
        if paths:
            with translated_errors():
                self._redis.srem(keys.footage_deletions(volume), *paths)

    @override
    def report(self, report: VolumeReport) -> None:
        with translated_errors():
            document = report.model_dump_json()
            self._redis.hset(keys.footage_volumes(), str(report.volume), document)

    @override
    def reports(self) -> list[VolumeReport]:
        with translated_errors():
            raws: Any = self._redis.hgetall(keys.footage_volumes())
        found = []
        for volume, raw in sorted(raws.items()):
            try:
                found.append(decode(VolumeReport, raw))
            except MessageInvalid as error:
                name = volume.decode(errors="replace")
                log.error("volume_report_unreadable", volume=name, error=str(error))
        return found
