"""Statuses as JSON under a key with a life."""

from collections.abc import Callable, Collection, Mapping
from functools import partial

import structlog
from typing_extensions import override

from vigil import keys
from vigil.bus.answers import Answers
from vigil.bus.connection import RedisClient, script_source, translated_errors
from vigil.bus.many import About, ask_each, run_for_each
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
        ttl_s: How long each is kept.
    """

    def __init__(
        self,
        redis: RedisClient,
        *,
        role: keys.Role,
        document_class: type[StatusT],
        key_of: Callable[[CameraId], str] | None = None,
        ttl_s: float = keys.STATUS_TTL_S,
    ) -> None:
        self._redis = redis
        self._role = role
        self._key_of = key_of or partial(keys.status, role=role)
        self._document_class = document_class
        self._ttl_s = ttl_s
        self._put = redis.register_script(script_source(__package__, "put.lua"))
        self._clear = redis.register_script(script_source("vigil.bus", "clear.lua"))

    @override
    def put_all(self, statuses: Mapping[CameraId, tuple[StatusT, Epoch]]) -> Answers[bool]:
        said = run_for_each(
            self._redis,
            self._put,
            {
                each: About(
                    (self._key_of(each), keys.lease(each, self._role)),
                    (epoch, status.model_dump_json()),
                )
                for each, (status, epoch) in statuses.items()
            },
            shared=[round(self._ttl_s * 1000)],
        )
        written = Answers({each: bool(answer) for each, answer in said.items()})
        written.unread = said.unread
        return written

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
