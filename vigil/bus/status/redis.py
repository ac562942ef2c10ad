"""Statuses as JSON under a key with a life."""

from collections.abc import Callable, Collection
from functools import partial

import structlog
from typing_extensions import override

from vigil import keys
from vigil.bus.answers import Answers
from vigil.bus.connection import RedisClient, script_source, translated_errors
from vigil.bus.many import ask_each
from vigil.bus.status.base import StatusBoard, StatusT
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import MessageInvalid
from vigil.messages import decode

log = structlog.get_logger(__name__)


class RedisStatusBoard(StatusBoard[StatusT]):
    """The statuses of one role on one Redis or a cluster.

    Args:
        redis: The media Redis.
        role: Whose lease permits to write.
        document_class: What is written.
        key_of: Where, in the slot of the lease; None: under the role's status.
    """

    def __init__(
        self,
        redis: RedisClient,
        *,
        role: keys.Role,
        document_class: type[StatusT],
        key_of: Callable[[CameraId], str] | None = None,
    ) -> None:
        self._redis = redis
        self._role = role
        self._key_of = key_of or partial(keys.status, role=role)
        self._document_class = document_class
        self._put = redis.register_script(script_source("vigil.bus", "put.lua"))
        self._clear = redis.register_script(script_source("vigil.bus", "clear.lua"))

    @override
    def put(self, camera_id: CameraId, status: StatusT, *, epoch: Epoch) -> None:
        with translated_errors():
            self._put(
                keys=[self._key_of(camera_id), keys.lease(camera_id, self._role)],
                args=[epoch, round(keys.STATUS_TTL_S * 1000), status.model_dump_json(), "", ""],
            )

    @override
    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        with translated_errors():
            self._clear(
                keys=[keys.lease(camera_id, self._role), self._key_of(camera_id)],
                args=[epoch],
            )

    @override
    def read(self, camera_ids: Collection[CameraId]) -> Answers[StatusT]:
        documents = ask_each(
            self._redis, {each: ("GET", self._key_of(each)) for each in camera_ids}
        )
        statuses = Answers[StatusT]()
        statuses.unread = documents.unread
        for camera_id, document in documents.items():
            try:
                statuses[camera_id] = decode(self._document_class, document)
            except MessageInvalid as error:
                log.warning("status_unreadable", camera_id=camera_id, error=str(error))
        return statuses
