"""What a Redis is set up to hold, and whether that outlives it."""

from typing import Any

from redis import Redis
from redis.cluster import RedisCluster

from vigil.bus.connection import RedisClient, translated_errors


def max_bytes_of(redis: RedisClient) -> int:
    """Return ``maxmemory`` of a server, or of all primaries of a cluster together; 0: no bound.

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
    # One primary without a bound has none to share.
    return sum(bounds) if all(bounds) else 0


def is_durable(redis: Redis) -> bool:
    """Return whether a server keeps an append-only file: what it was given outlives it.

    Raises:
        BusUnavailable: Redis does not answer.
    """
    with translated_errors():
        return bool(redis.info("persistence")["aof_enabled"])
