"""Whether this process can do its work: what it needs, asked one by one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from redis import Redis

from vigil.bus.capacity import is_durable
from vigil.bus.connection import RedisClient, translated_errors
from vigil.errors import BusUnfit, SetupInvalid, Unavailable

#: Asks a server; returns what its operator should know, and raises Unavailable when it is away.
Check = Callable[[], str | None]

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


class Readiness:
    """The servers that this process cannot do without.

    Args:
        checks: Name of a server, to what asks it.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    def ask(self) -> Findings:
        """Ask each server."""
        found = Findings()
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
        return found


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
