"""What a Redis is set up to hold, and whether it would rather forget than refuse."""

from dataclasses import dataclass
from typing import Any

from redis.cluster import RedisCluster

from vigil.bus.connection import RedisClient, translated_errors
from vigil.errors import SetupInvalid

_POLICY = "noeviction"


@dataclass(frozen=True, slots=True)
class Capacity:
    """The bounds of one server, or of all primaries of a cluster together.

    Attributes:
        max_bytes: ``maxmemory``; 0: none is set.
        policies: ``maxmemory-policy`` of each server.
    """

    max_bytes: int
    policies: frozenset[str]


def capacity_of(redis: RedisClient) -> Capacity:
    """Return what a Redis is set up to hold.

    Raises:
        BusUnavailable: Redis does not answer.
    """
    servers: list[dict[str, Any]]
    with translated_errors():
        if isinstance(redis, RedisCluster):
            by_node = redis.info("memory", target_nodes=RedisCluster.PRIMARIES)
            servers = list(by_node.values())
        else:
            servers = [redis.info("memory")]
    bounds = [int(server["maxmemory"]) for server in servers]
    return Capacity(
        # One primary without a bound has none to share.
        max_bytes=sum(bounds) if all(bounds) else 0,
        policies=frozenset(str(server["maxmemory_policy"]) for server in servers),
    )


def require_noeviction(redis: RedisClient, *, setting: str) -> None:
    """Refuse a Redis that drops keys when it is full: leases and configuration are among them.

    Args:
        redis: To ask.
        setting: The setting that names it, for the message.

    Raises:
        SetupInvalid: It does; the message has the line to change.
        BusUnavailable: Redis does not answer.
    """
    wrong = capacity_of(redis).policies - {_POLICY}
    if wrong:
        raise SetupInvalid(
            f"{setting}: this Redis drops keys when it is full. In its configuration, change "
            f"'maxmemory-policy {min(wrong)}' to 'maxmemory-policy {_POLICY}'"
        )
