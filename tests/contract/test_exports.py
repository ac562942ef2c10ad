"""What every ExportQueue promises; and what is taken up of workers of dramatiq's that died."""

from collections.abc import Iterator
from uuid import UUID

import pytest
import redis
from dramatiq.broker import Consumer

from standalone.servers.valkey import EmbeddedValkey
from tests.builders import an_order
from vigil import keys
from vigil.bus.connection import connect_single
from vigil.bus.exports.base import ExportQueue
from vigil.bus.exports.memory import MemoryExportQueue
from vigil.bus.exports.redis import DEAD_AFTER_S, RedisExportQueue
from vigil.clock import FakeClock, SystemClock

ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture
def redis_queue(valkey: EmbeddedValkey) -> Iterator[redis.Redis]:
    with connect_single(valkey.url) as client:
        yield client


@pytest.fixture(params=["memory", "redis"])
def queue(request: pytest.FixtureRequest, redis_queue: redis.Redis) -> ExportQueue:
    if request.param == "memory":
        return MemoryExportQueue()
    return RedisExportQueue(redis_queue, clock=SystemClock())


def test_what_was_cancelled_is_remembered(queue: ExportQueue) -> None:
    queue.put(an_order(ONE))
    assert not queue.is_cancelled(ONE)

    queue.cancel(ONE)
    queue.cancel(ONE)

    assert queue.is_cancelled(ONE)
    assert not queue.is_cancelled(OTHER)


def a_consumer(queue: RedisExportQueue) -> Consumer:
    return queue.broker.consume(keys.EXPORT_JOBS, prefetch=1, timeout=1)


def test_each_order_is_taken_once_and_is_there_until_it_is_done(redis_queue: redis.Redis) -> None:
    queue = RedisExportQueue(redis_queue, clock=SystemClock())
    queue.put(an_order(ONE))
    queue.put(an_order(ONE))

    taken = next(a_consumer(queue))
    assert taken is not None
    assert taken.args == (an_order(ONE).model_dump_json(),)
    # While somebody is at it, too
    queue.put(an_order(ONE))
    assert next(a_consumer(queue)) is None

    consumer = a_consumer(queue)
    consumer.ack(taken)
    assert names(redis_queue) == {keys.job_heartbeats()}


def test_what_a_dead_worker_had_taken_is_taken_up_and_nothing_is_left_of_it(
    redis_queue: redis.Redis,
) -> None:
    # Given a worker that took an order and says nothing any more
    clock = FakeClock()
    clock.now_us = SystemClock().utc_us()
    dead, living = (RedisExportQueue(redis_queue, clock=clock) for _ in range(2))
    dead.put(an_order(ONE))
    assert next(a_consumer(dead)) is not None
    assert living.take_up_left() == 0

    clock.advance(DEAD_AFTER_S + 1)

    assert living.take_up_left() == 1
    assert redis_queue.zcard(keys.job_heartbeats()) == 0
    again = next(a_consumer(living))
    assert again is not None
    assert again.args == (an_order(ONE).model_dump_json(),)
    clock.now_us = SystemClock().utc_us()
    assert living.take_up_left() == 0
    # Its own death notice comes late, and takes nothing from who has it now
    a_consumer(dead).ack(again)
    assert redis_queue.hlen(keys.job_messages(keys.EXPORT_JOBS)) == 1


def names(client: redis.Redis) -> set[str]:
    return {name.decode() for name in client.scan_iter()}
