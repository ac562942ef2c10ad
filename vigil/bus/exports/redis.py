"""Orders as messages of dramatiq, in its own layout under ``vigil:jobs``."""

from uuid import UUID

import redis
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from typing_extensions import override

from vigil import keys
from vigil.bus.connection import script_source, translated_errors
from vigil.bus.exports.base import ExportQueue
from vigil.clock import Clock
from vigil.exports import ExportOrder

#: Seconds after its last sign of life that a worker counts as dead. It gives one each second.
DEAD_AFTER_S = 15.0
#: dramatiq's name of a queue whose messages wait for a time.
_DELAYED = ".DQ"


class RedisExportQueue(ExportQueue):
    """Exports on the queue Redis.

    Args:
        queue: The queue Redis.
        clock: By which dead workers are told from others; dramatiq's workers stamp by theirs.

    Attributes:
        broker: For dramatiq's workers.
    """

    def __init__(self, queue: redis.Redis, *, clock: Clock) -> None:
        self._redis, self._clock = queue, clock
        self._take_up = queue.register_script(script_source(__package__, "take_up.lua"))
        # Its maintenance needs KEYS; ours is below. Nothing else of its middleware is wanted.
        self.broker = RedisBroker(  # type: ignore[no-untyped-call]  # It has types in part.
            client=queue, namespace=keys.JOBS, maintenance_chance=0, middleware=[]
        )

    @override
    def put(self, order: ExportOrder) -> None:
        queue, name = keys.EXPORT_JOBS, str(order.export)
        message = _message(order).copy(options={"redis_message_id": name})
        with translated_errors():
            # It waits there, or somebody is at it: one is enough.
            if not self._redis.hexists(keys.job_messages(queue), name):
                self.broker.do_enqueue(queue, name, message.encode())

    def put_back(self, order: ExportOrder, *, delay_s: float) -> None:
        """Ask again for what the caller has taken, and is about to let go of.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        with translated_errors():
            self.broker.enqueue(_message(order), delay=round(delay_s * 1000) or None)

    @override
    def cancel(self, export: UUID) -> None:
        with translated_errors():
            self._redis.set(keys.cancelled_export(export), 1, ex=keys.CANCELLED_EXPORT_TTL_S)

    @override
    def is_cancelled(self, export: UUID) -> bool:
        with translated_errors():
            return bool(self._redis.exists(keys.cancelled_export(export)))

    def take_up_left(self) -> int:
        """Give back what dead workers had taken; return how many jobs those were.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        dead_ms = self._clock.utc_us() // 1000 - round(DEAD_AFTER_S * 1000)
        beats = keys.job_heartbeats()
        with translated_errors():
            count = sum(
                int(
                    self._take_up(
                        keys=[beats, keys.jobs(name), keys.job_messages(name)],
                        args=[dead_ms, keys.taken_jobs(""), f".{name}"],
                    )
                )
                for name in (keys.EXPORT_JOBS, keys.EXPORT_JOBS + _DELAYED)
            )
            self._redis.zremrangebyscore(beats, 0, dead_ms)
        return count


def _message(order: ExportOrder) -> "Message[None]":
    return Message(
        queue_name=keys.EXPORT_JOBS,
        actor_name=keys.EXPORT_JOBS,
        args=(order.model_dump_json(),),
        kwargs={},
        options={},
    )
