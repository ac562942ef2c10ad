"""Whether this process can do its work: what it needs, asked one by one."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from redis import Redis

from vigil.bus.capacity import is_durable
from vigil.bus.connection import RedisClient, translated_errors
from vigil.clock import Clock
from vigil.errors import BusUnfit, SetupInvalid, Unavailable

#: Asks a server; returns what its operator should know, and raises Unavailable when it is away.
Check = Callable[[], str | None]

#: Seconds for which an answer is everybody's: anybody may ask, as often as they like.
SHARED_S: Final = 1.0
#: Seconds that one waits for servers that another is asking already.
PATIENCE_S: Final = 2.0

NOT_DURABLE: Final = (
    "queue is not durable: it forgets everything when Redis ends. In the configuration of the "
    "queue Redis, change 'appendonly no' to 'appendonly yes', or set QUEUE_REDIS_URL to another"
)


@dataclass(frozen=True, slots=True)
class Findings:
    """What asking everybody gave.

    Attributes:
        checks: For each server, whether it answers as it should.
        warnings: What works, or would, and needs an operator's hand. Anybody may read them.
    """

    checks: dict[str, bool] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Round:
    """One time that all servers are asked. Written by the thread that asks."""

    found: Findings = field(default_factory=Findings)
    is_over: threading.Event = field(default_factory=threading.Event)
    ended_s: float = float("-inf")

    def is_outdated(self, now_s: float) -> bool:
        return self.is_over.is_set() and now_s >= self.ended_s + SHARED_S


class Readiness:
    """The servers that this process cannot do without.

    Args:
        checks: Name of a server, to what asks it.
        clock: For how long an answer holds.
    """

    def __init__(self, checks: Mapping[str, Check], *, clock: Clock) -> None:
        self._checks = checks
        self._clock = clock
        self._lock = threading.Lock()
        self._round = _Round()
        self._round.is_over.set()

    def ask(self) -> Findings:
        """Return what each server answered within the last second, or answers now.

        One thread asks, and the others wait for it, but not for long: a server of which it knows
        nothing by then counts as away.
        """
        with self._lock:
            is_ours = self._round.is_outdated(self._clock.monotonic_s())
            if is_ours:
                self._round = _Round()
            current = self._round
        if is_ours:
            try:
                self._fill(current.found)
            finally:
                current.ended_s = self._clock.monotonic_s()
                current.is_over.set()
        else:
            current.is_over.wait(PATIENCE_S)
        checks = {name: current.found.checks.get(name, False) for name in self._checks}
        return Findings(checks, list(current.found.warnings))

    def _fill(self, found: Findings) -> None:
        for name, check in self._checks.items():
            try:
                warning = check()
                found.checks[name] = True
            except BusUnfit as error:
                warning = f"{name}: {error}"
                found.checks[name] = False
            except (Unavailable, SetupInvalid):
                warning = None
                found.checks[name] = False
            if warning is not None:
                found.warnings.append(warning)


def ask_redis(client: RedisClient) -> None:
    """Return if Redis answers.

    Raises:
        BusUnavailable: It does not, or evicts.
    """
    with translated_errors():
        client.ping()


def ask_queue(client: Redis) -> str | None:
    """Return what to say of the queue Redis, if it answers.

    Raises:
        BusUnavailable: It does not, or evicts.
    """
    return None if is_durable(client) else NOT_DURABLE
