"""The way of a service's facts to the queue Redis, over a spool on its own disk."""

import threading
from pathlib import Path

import structlog

from vigil.bus.facts.base import FactLog
from vigil.clock import Clock
from vigil.errors import BusUnavailable, SetupInvalid, SpoolUnavailable
from vigil.facts import Fact
from vigil.runtime import Backoff, FileHeartbeat, StopSignal, run_until_stopped
from vigil.spool import Spool

log = structlog.get_logger(__name__)

#: Facts of one call to Redis.
BATCH = 200
#: Seconds after which a power cut loses nothing that was said.
SYNC_EVERY_S = 1.0
#: Seconds between two looks at the spool: another process may have left something there.
SEND_EVERY_S = 1.0
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
        #: One speaks at a time: what found no disk before goes first, and is never gone meanwhile.
        self._saying = threading.Lock()
        self._unspooled: list[bytes] = []
        #: Taken by Redis, and still in the spool.
        self._sent: set[int] = set()
        self._is_unsynced = False
        self._sync_due_s = 0.0

    def say(self, *facts: Fact) -> None:
        """Keep facts. When this returns they survive SIGKILL, unless the disk is full."""
        if not facts:
            return
        raws = [fact.model_dump_json().encode() for fact in facts]
        with self._saying:
            waiting = [*self._unspooled, *raws]
            try:
                self._spool.add(waiting)
                self._unspooled = []
                self._is_unsynced = True
            except SpoolUnavailable as error:
                self._unspooled = waiting[-MAX_UNSPOOLED:]
                given_up = len(waiting) - len(self._unspooled)
                log.error("facts_not_spooled", reason=str(error), given_up=given_up)
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
        try:
            self._send_unspooled()
            return self._send_spooled()
        except BusUnavailable:
            self._sync()
            raise

    def _send_unspooled(self) -> None:
        unspooled = self._unspooled
        if not unspooled:
            return
        self._log.append(unspooled)
        with self._saying:
            # Unless somebody who spoke meanwhile found the disk free: then it has them, too.
            taken = set(map(id, unspooled))
            self._unspooled = [raw for raw in self._unspooled if id(raw) not in taken]

    def _send_spooled(self) -> bool:
        waiting = [
            (number, fact)
            for number, fact in self._spool.oldest(BATCH + len(self._sent))
            if number not in self._sent
        ][:BATCH]
        self._log.append([fact for _, fact in waiting])
        # A full disk does not let go of them either: they are not sent again for that.
        self._sent.update(number for number, _ in waiting)
        if self._sent:
            self._spool.remove(self._sent)
            self._sent.clear()
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


def open_outbox(log_: FactLog, path: Path, *, clock: Clock) -> FactOutbox:
    """Return an outbox whose facts wait in a file.

    Args:
        log_: Where facts go.
        path: The file. Processes of one machine share it: what a dead one left another sends.
        clock: For the pace of syncs.

    Raises:
        SetupInvalid: The file can be neither opened nor made.
    """
    try:
        spool = Spool(path)
    except SpoolUnavailable as error:
        raise SetupInvalid(f"VIGIL_HOME: facts cannot be kept: {error}") from error
    return FactOutbox(log_, spool, clock=clock)


def send_until_stopped(facts: FactOutbox, stop: StopSignal) -> None:
    """Send what is said. The work of a thread."""

    def step() -> None:
        if not facts.run_once():
            facts.wait(SEND_EVERY_S)

    # Between two tries what waits is synced: within a second, as is promised of a power cut.
    backoff = Backoff(first_s=0.1, max_s=0.4)
    run_until_stopped(step, stop=stop, heartbeat=FileHeartbeat(None), backoff=backoff)
