"""The twin of the facts on Redis, for unit tests."""

from collections.abc import Collection, Sequence

from typing_extensions import override

from vigil.bus.facts.base import (
    MAX_WAITING,
    TAKEN_OVER_AFTER_S,
    FactEntry,
    FactInbox,
    FactLog,
)
from vigil.clock import Clock
from vigil.errors import BusUnavailable


class MemoryFactLog(FactLog):
    """Facts in this process."""

    def __init__(self, clock: Clock, *, max_waiting: int = MAX_WAITING) -> None:
        self.clock = clock
        self.waiting: dict[str, bytes] = {}
        #: When each was taken.
        self.taken_s: dict[str, float] = {}
        self._max_waiting = max_waiting
        self._told = 0

    @override
    def append(self, facts: Sequence[bytes]) -> None:
        if facts and len(self.waiting) + len(facts) > self._max_waiting:
            raise BusUnavailable(f"{len(self.waiting)} facts wait for the writer")
        for raw in facts:
            self._told += 1
            self.waiting[f"{self._told}-0"] = raw

    def flush(self) -> None:
        """Forget all, as an emptied Redis does."""
        self.waiting.clear()
        self.taken_s.clear()


class MemoryFactInbox(FactInbox):
    """One writer's inbox over a twin's log."""

    def __init__(self, log: MemoryFactLog) -> None:
        self._log = log

    @override
    def take(self, *, limit: int, wait_s: float) -> list[FactEntry]:
        log, now_s = self._log, self._log.clock.monotonic_s()
        left = [
            each
            for each, taken_s in log.taken_s.items()
            if each in log.waiting and now_s - taken_s >= TAKEN_OVER_AFTER_S
        ]
        new = [each for each in log.waiting if each not in log.taken_s]
        taken = (left or new)[:limit]
        log.taken_s.update(dict.fromkeys(taken, now_s))
        return [FactEntry(each, log.waiting[each]) for each in taken]

    @override
    def done(self, entry_ids: Collection[str]) -> None:
        for each in entry_ids:
            self._log.waiting.pop(each, None)
            self._log.taken_s.pop(each, None)
