"""Exports as dramatiq's actor: which of its workings we stand on."""

from collections.abc import Callable

import structlog
from dramatiq import Retry, Worker, actor
from dramatiq.middleware import CurrentMessage, Retries

from recorder.jobs.exporter import TRIES, Again
from vigil import keys
from vigil.bus.exports.redis import RedisExportQueue
from vigil.errors import MessageInvalid
from vigil.exports import ExportOrder
from vigil.messages import decode

log = structlog.get_logger(__name__)

#: What a message that is tried again counts in its options.
_RETRIES = "retries"


def start_worker(
    queue: RedisExportQueue,
    run: Callable[[ExportOrder, int], Again | None],
    *,
    at_once: int,
) -> Worker:
    """Begin to take orders; return the worker, to be stopped.

    A message is acknowledged when ``run`` has returned, so once its end is told. Who dies before
    that leaves it to be taken up by another.

    Args:
        queue: Where they come from.
        run: Sees one through, of which it is told how often it was tried before.
        at_once: How many.
    """
    broker = queue.broker
    broker.add_middleware(CurrentMessage())
    # How often it is tried is ours to say: dramatiq never gives a message up.
    broker.add_middleware(Retries(retry_when=lambda _retries, _error: True, min_backoff=10_000))

    def export(raw: str) -> None:
        message = CurrentMessage.get_current_message()
        tries = 0 if message is None else int(message.options.get(_RETRIES, 0))
        try:
            order = decode(ExportOrder, raw)
        except MessageInvalid as error:
            log.error("export_order_unreadable", reason=str(error))
            return
        again = run(order, min(tries, TRIES))
        if again is None:
            return
        if not again.is_a_try:
            # As if it had never been taken: for whoever runs next.
            queue.put_back(order, delay_s=again.delay_s)
            return
        raise Retry(delay=round(again.delay_s * 1000))

    name = keys.EXPORT_JOBS
    actor(actor_name=name, queue_name=name, broker=broker)(export)
    worker = Worker(broker, worker_threads=at_once)
    # What waits in our memory another worker could do meanwhile.
    worker.queue_prefetch = at_once
    worker.start()
    return worker
