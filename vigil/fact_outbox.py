"""The way of a service's facts to the queue Redis, over a spool on its own disk."""

import threading

import structlog

from vigil.bus.facts.base import FactLog
from vigil.clock import Clock
from vigil.errors import BusUnavailable, SpoolUnavailable
from vigil.facts import TrackFact
from vigil.spool import Spool

log = structlog.get_logger(__name__)

#: Facts of one call to Redis.
BATCH = 200
#: Seconds after which a power cut loses nothing that was said.
SYNC_EVERY_S = 1.0
#: Facts that are kept in memory while the disk takes none.
MAX_UNSPOOLED = 1000


class FactOutbox:
    """Keeps what a service says until the queue Redis has it; sends it from a thread of its own.

    Args:
        log_: Where facts go.
        spool: Where they wait.
        clock: For the pace of syncs.
    """

    def __init__(self, log_: FactLog, spool: Spool, *, clock: Clock) -> None:
        self._log = log_
        self._spool = spool
        self._clock = clock
        self._news = threading.Event()
        self._unspooled: list[bytes] = []
        self._is_unsynced = False
        self._sync_due_s = 0.0

    def say(self, *facts: TrackFact) -> None:
        """Keep facts. When this returns they survive SIGKILL, unless the disk is full."""
        raws = [fact.model_dump_json().encode() for fact in facts]
        if not raws:
            return
        try:
            self._spool.add([*self._unspooled, *raws])
            self._unspooled = []
            self._is_unsynced = True
        except SpoolUnavailable as error:
            log.error("facts_not_spooled", reason=str(error))
            self._unspooled = [*self._unspooled, *raws][-MAX_UNSPOOLED:]
        self._news.set()

    def wait(self, timeout_s: float) -> None:
        """Wait until something was said, at most so long."""
        self._news.wait(timeout_s)
        self._news.clear()

    def run_once(self) -> bool:
        """Send what waits; return whether more may wait.

        A step for `vigil.runtime.run_until_stopped`.

        Raises:
            BusUnavailable: Redis does not answer, or is full of facts: they wait here.
            SpoolUnavailable: The disk cannot be read or written.
        """
        unspooled, self._unspooled = self._unspooled, []
        try:
            self._log.append(unspooled)
        except BusUnavailable:
            self._unspooled = [*unspooled, *self._unspooled]
            self._sync()
            raise
        waiting = self._spool.oldest(BATCH)
        try:
            self._log.append([fact for _, fact in waiting])
        except BusUnavailable:
            self._sync()
            raise
        if waiting:
            self._spool.remove([number for number, _ in waiting])
        return len(waiting) == BATCH

    def close(self) -> None:
        """Send what can be sent now; the rest waits on disk for who comes next."""
        try:
            while self.run_once():
                pass
        except (BusUnavailable, SpoolUnavailable) as error:
            log.warning("facts_wait_on_disk", reason=str(error))
        self._spool.close()

    def _sync(self) -> None:
        """Only what Redis does not take stays on the disk for long."""
        now_s = self._clock.monotonic_s()
        if self._is_unsynced and now_s >= self._sync_due_s:
            self._is_unsynced, self._sync_due_s = False, now_s + SYNC_EVERY_S
            self._spool.sync()
