"""Connections to Redis: bounded in time, and with one way to say that it is away.

Each new connection asks first whether the server would rather drop keys than refuse writes. One
that does is not used: neither at our start nor when it came back so after it was away.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.connection import AbstractConnection
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ClusterError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    SlotNotCoveredError,
    TryAgainError,
)
from redis.retry import Retry

from vigil.bus.cluster import Cluster, ServerAway
from vigil.errors import (
    BusUnavailable,
    BusUnfit,
    LeaseLost,
    ServerUnavailable,
    SetupInvalid,
)
from vigil.runtime import Backoff, StopSignal

log = structlog.get_logger(__name__)

#: Seconds to wait for Redis before it counts as away; less than a lease lives.
SOCKET_TIMEOUT_S = 2.0
#: The same, where a wait holds up the renewal of leases: well below LEASE_S.
BRIEF_TIMEOUT_S = 0.5

#: What a script of ours answers when a write's epoch is not the lease's.
FENCED = "FENCED"

#: What a server does when it is full: leases and configuration are among what it could drop.
_POLICY = "noeviction"
_POLICY_SAID = re.compile(rb"maxmemory_policy:([\w-]+)")

#: One server, or a cluster: our commands name one slot each, so both take them.
RedisClient = redis.Redis | RedisCluster


class _Evicts(redis.ConnectionError):
    """The server drops keys when it is full; redis-py closes the connection, as a broken one."""


def connect(url: str, *, server_timeout_s: float = SOCKET_TIMEOUT_S) -> RedisClient:
    """Return a client of the media role; of a cluster where url names one of its nodes.

    Args:
        url: Of the server, or of a node of the cluster.
        server_timeout_s: How long to wait for one server of a cluster. Who renews leases
            meanwhile waits briefly: those on the others shall not lapse.

    Raises:
        BusUnavailable: Nobody answers there.
        BusUnfit: The server evicts.
        SetupInvalid: The server answers, and refuses us.
    """
    single = connect_single(url)
    with translated_errors():
        is_cluster = bool(single.info("cluster").get("cluster_enabled"))
    if not is_cluster:
        return single
    single.close()
    with translated_errors():
        options = _options() | {
            "redis_connect_func": _refuse_eviction,
            "socket_timeout": server_timeout_s,
            "socket_connect_timeout": server_timeout_s,
        }
        cluster = Cluster.from_url(url, **options)
    try:
        with translated_errors():
            # It has talked to one of them, and would find out about the others in mid-work.
            cluster.ping(target_nodes=RedisCluster.PRIMARIES)
    except BusUnfit:
        cluster.disconnect_connection_pools()
        raise
    except BusUnavailable as error:
        # Most of a cluster is better than none; a node that comes back is asked then.
        log.warning("cluster_not_whole", what=str(error))
    return cluster


def connect_waiting(
    url: str,
    *,
    stop: StopSignal,
    meanwhile: Callable[[], object] = lambda: None,
    server_timeout_s: float = SOCKET_TIMEOUT_S,
) -> RedisClient:
    """Return a client of the media role, however long it takes until somebody answers there.

    Args:
        url: Of the server, or of a node of the cluster.
        stop: Ends the wait.
        meanwhile: Called after each try in vain.
        server_timeout_s: As of ``connect``.

    Raises:
        SetupInvalid: The server answers, and refuses us, or we refuse it.
        BusUnavailable: An end was asked for meanwhile.
    """
    backoff = Backoff(first_s=0.2, max_s=4.0)
    while True:
        try:
            return connect(url, server_timeout_s=server_timeout_s)
        except BusUnfit as error:
            raise SetupInvalid(f"REDIS_URL: {error}") from error
        except BusUnavailable as error:
            delay_s = backoff.next_s()
            log.warning("unavailable", what=str(error), retry_in_s=round(delay_s, 1))
            meanwhile()
            if stop.wait(delay_s):
                raise


def connect_single(url: str) -> redis.Redis:
    """Return a client of one server, such as the queue role's. It connects when first used."""
    return redis.Redis.from_url(url, health_check_interval=15, **_options())


def connect_briefly(url: str) -> redis.Redis:
    """Return a client of one server for who has leases to renew meanwhile: it gives up early."""
    options = {
        **_options(),
        "socket_timeout": BRIEF_TIMEOUT_S,
        "socket_connect_timeout": BRIEF_TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
    }
    return redis.Redis.from_url(url, health_check_interval=15, **options)


def require_fit_queue(queue: redis.Redis) -> None:
    """Refuse a queue Redis that evicts, at our start. One that is away is not waited for.

    Raises:
        SetupInvalid: It drops keys when it is full, or refuses us.
    """
    try:
        with translated_errors():
            queue.ping()
    except BusUnfit as error:
        raise SetupInvalid(f"QUEUE_REDIS_URL: {error}") from error
    except BusUnavailable as error:
        # The last good configuration is on disk; its first connection will ask.
        log.warning("queue_not_checked", reason=str(error))


def _options() -> dict[str, Any]:
    return {
        "redis_connect_func": _begin,
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_connect_timeout": SOCKET_TIMEOUT_S,
        "socket_keepalive": True,
        # The run loop waits and tries again; a retry below it would hide how long Redis was away.
        "retry": Retry(NoBackoff(), 1),
    }


def _begin(connection: AbstractConnection) -> None:
    """Log in, then look whom we talk to."""
    connection.on_connect()
    _refuse_eviction(connection)


def _refuse_eviction(connection: AbstractConnection) -> None:
    connection.send_command("INFO", "memory")
    answer = connection.read_response()
    said = _POLICY_SAID.search(answer if isinstance(answer, bytes) else str(answer).encode())
    policy = said[1].decode() if said else _POLICY
    if policy != _POLICY:
        raise _Evicts(
            "this Redis drops keys when it is full. In its configuration, change "
            f"'maxmemory-policy {policy}' to 'maxmemory-policy {_POLICY}'"
        )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what redis-py raises into what our callers handle.

    Raises:
        LeaseLost: A fenced write was refused.
        SetupInvalid: The password or its rights are wrong.
        BusUnfit: The server evicts.
        ServerUnavailable: One server of a cluster does not answer.
        BusUnavailable: Anything else that keeps Redis from answering.
    """
    try:
        yield
    except ServerAway as error:
        raise ServerUnavailable(f"redis: {error}") from error
    except (AuthenticationError, AuthorizationError, NoPermissionError) as error:
        raise SetupInvalid(f"Redis refuses us: {error}") from error
    except (OutOfMemoryError, ReadOnlyError, ClusterError, TryAgainError) as error:
        # The library has taken the code off their texts.
        raise BusUnavailable(f"redis: {error}") from error
    except ResponseError as error:
        if str(error).startswith(FENCED):
            raise LeaseLost(str(error)) from error
        if _is_passing(error):
            raise BusUnavailable(f"redis: {error}") from error
        raise  # A command that it does not understand is a bug.
    except _Evicts as error:
        raise BusUnfit(str(error)) from error
    except (RedisError, RedisClusterException, OSError) as error:
        raise BusUnavailable(f"redis: {error}") from error


def server_of(redis_client: RedisClient, key: str) -> str:
    """Return a name of the server that has a key or a sharded channel; asks nobody.

    Raises:
        ServerUnavailable: No server of the cluster has it now.
    """
    if not isinstance(redis_client, RedisCluster):
        return ""
    try:
        return str(redis_client.get_node_from_key(key).name)
    except SlotNotCoveredError as error:
        raise ServerUnavailable(f"redis: {error}") from error


def _is_passing(error: ResponseError) -> bool:
    """Whether a server that says this may take the same command later."""
    return str(error).startswith(("MISCONF", "BUSY "))


def script_source(package: str, name: str) -> str:
    """Return the Lua text of a script that lies beside its adapter, behind the fence it calls."""
    fence = files("vigil.bus").joinpath("fence.lua").read_text()
    return fence + files(package).joinpath(name).read_text()
