"""Facts as a stream on the queue Redis, with one group of consumers: the writers."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import redis
from redis.exceptions import ResponseError
from typing_extensions import override

from vigil import keys
from vigil.bus.connection import script_source, translated_errors
from vigil.bus.facts.base import (
    MAX_WAITING,
    TAKEN_OVER_AFTER_S,
    FactEntry,
    FactInbox,
    FactLog,
)
from vigil.errors import BusUnavailable

_GROUP = "writers"
_NO_ROOM = -1

AnswerT = TypeVar("AnswerT")


class RedisFactLog(FactLog):
    """Facts under ``vigil:facts``."""

    def __init__(self, queue: redis.Redis, *, max_waiting: int = MAX_WAITING) -> None:
        self._append = queue.register_script(script_source(__package__, "append.lua"))
        self._max_waiting = max_waiting

    @override
    def append(self, facts: Sequence[bytes]) -> None:
        if not facts:
            return
        with translated_errors():
            waiting = self._append(keys=[keys.facts()], args=[self._max_waiting, *facts])
        if waiting == _NO_ROOM:
            raise BusUnavailable(f"{self._max_waiting} facts wait for the writer: is it running?")


class RedisFactInbox(FactInbox):
    """One writer's inbox.

    Args:
        queue: The queue Redis.
        member: This writer's name.
    """

    def __init__(self, queue: redis.Redis, *, member: str) -> None:
        self._redis = queue
        self._member = member

    @override
    def take(self, *, limit: int, wait_s: float) -> list[FactEntry]:
        return self._left_by_others(limit) or self._new(limit, wait_s)

    @override
    def done(self, entry_ids: Collection[str]) -> None:
        if not entry_ids:
            return
        with translated_errors(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.xack(keys.facts(), _GROUP, *entry_ids)
            pipeline.xdel(keys.facts(), *entry_ids)
            pipeline.execute()

    def _left_by_others(self, limit: int) -> list[FactEntry]:
        def claim() -> Any:
            return self._redis.xautoclaim(
                keys.facts(),
                _GROUP,
                self._member,
                min_idle_time=round(TAKEN_OVER_AFTER_S * 1000),
                count=limit,
            )

        return _entries(self._in_group(claim)[1])

    def _new(self, limit: int, wait_s: float) -> list[FactEntry]:
        def read() -> Any:
            return self._redis.xreadgroup(
                _GROUP,
                self._member,
                {keys.facts(): ">"},
                count=limit,
                # To Redis zero means for ever.
                block=max(1, round(wait_s * 1000)),
            )

        streams = self._in_group(read)
        if not streams:
            return []
        pages = streams.values() if isinstance(streams, Mapping) else [streams[0][1]]
        return [entry for page in pages for entry in _entries(page)]

    def _in_group(self, question: Callable[[], AnswerT]) -> AnswerT:
        """Ask within the group, which an emptied Redis knows nothing of."""
        with translated_errors():
            try:
                return question()
            except ResponseError as error:
                if not str(error).startswith("NOGROUP"):
                    raise
            try:
                self._redis.xgroup_create(keys.facts(), _GROUP, id="0", mkstream=True)
            except ResponseError as error:
                # Another writer was faster.
                if not str(error).startswith("BUSYGROUP"):
                    raise
            return question()


def _entries(page: Sequence[Any]) -> list[FactEntry]:
    # An entry without fields was removed after it had been taken.
    return [
        FactEntry(entry_id.decode(), fields.get(b"f", b"")) for entry_id, fields in page if fields
    ]
