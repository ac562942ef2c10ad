"""Answers as keys that expire, each a compressed document: paths are much alike."""

import zlib
from typing import Any
from uuid import UUID

import redis
import structlog
from typing_extensions import override

from vigil import keys
from vigil.bus.connection import translated_errors
from vigil.bus.known_footage.base import KnownFootageBoard
from vigil.errors import MessageInvalid
from vigil.known_footage import KnownFootage
from vigil.messages import decode

log = structlog.get_logger(__name__)

#: What a document may become when it is unpacked, ten times a page; of more, half is no JSON.
_MAX_BYTES = 32 * 2**20
#: Paths shrink to a tenth at the least effort.
_LEVEL = 1


class RedisKnownFootageBoard(KnownFootageBoard):
    """Answers under ``vigil:known_footage:*``."""

    def __init__(self, queue: redis.Redis) -> None:
        self._redis = queue

    @override
    def put(self, known: KnownFootage) -> None:
        packed = zlib.compress(known.model_dump_json().encode(), _LEVEL)
        with translated_errors(), self._redis.pipeline(transaction=True) as pipeline:
            key = keys.known_footage(known.check, known.number)
            pipeline.set(key, packed, ex=keys.KNOWN_FOOTAGE_TTL_S)
            # Who asks the next question has read it.
            pipeline.delete(keys.known_footage(known.check, known.number - 1))
            pipeline.execute()

    @override
    def read(self, check: UUID, number: int) -> KnownFootage | None:
        with translated_errors():
            packed: Any = self._redis.get(keys.known_footage(check, number))
        if packed is None:
            return None
        try:
            return decode(KnownFootage, zlib.decompressobj().decompress(packed, _MAX_BYTES))
        except (zlib.error, MessageInvalid) as error:
            log.error("known_footage_unreadable", check=str(check), reason=str(error))
            return None
