"""Connections to Redis: bounded in time, and with one way to say that it is away."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
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
    TryAgainError,
)
from redis.retry import Retry

from vigil.errors import BusUnavailable, LeaseLost, SetupInvalid
from vigil.runtime import Backoff, StopSignal

log = structlog.get_logger(__name__)

#: Seconds to wait for Redis before it counts as away; less than a lease lives.
SOCKET_TIMEOUT_S = 2.0
#: The same, where a wait holds up the renewal of leases: well below LEASE_S.
BRIEF_TIMEOUT_S = 0.5

#: What a script of ours answers when a write's epoch is not the lease's.
FENCED = "FENCED"

#: One server, or a cluster: our commands name one slot each, so both take them.
RedisClient = redis.Redis | RedisCluster


def connect(url: str) -> RedisClient:
    """Return a client of the media role; of a cluster where url names one of its nodes.

    Raises:
        BusUnavailable: Nobody answers there.
        SetupInvalid: The server answers, and refuses us.
    """
    single = connect_single(url)
    with translated_errors():
        is_cluster = bool(single.info("cluster").get("cluster_enabled"))
    if not is_cluster:
        return single
    single.close()
    with translated_errors():
        return RedisCluster.from_url(url, **_options())


def connect_waiting(url: str, *, stop: StopSignal) -> RedisClient:
    """Return a client of the media role, however long it takes until somebody answers there.

    Raises:
        SetupInvalid: The server answers, and refuses us.
        BusUnavailable: An end was asked for meanwhile.
    """
    backoff = Backoff(first_s=0.2, max_s=4.0)
    while True:
        try:
            return connect(url)
        except BusUnavailable as error:
            delay_s = backoff.next_s()
            log.warning("unavailable", what=str(error), retry_in_s=round(delay_s, 1))
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


def _options() -> dict[str, Any]:
    return {
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_connect_timeout": SOCKET_TIMEOUT_S,
        "socket_keepalive": True,
        # The run loop waits and tries again; a retry below it would hide how long Redis was away.
        "retry": Retry(NoBackoff(), 1),
    }


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what redis-py raises into what our callers handle.

    Raises:
        LeaseLost: A fenced write was refused.
        SetupInvalid: The password or its rights are wrong.
        BusUnavailable: Anything else that keeps Redis from answering.
    """
    try:
        yield
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
    except (RedisError, RedisClusterException, OSError) as error:
        raise BusUnavailable(f"redis: {error}") from error


def _is_passing(error: ResponseError) -> bool:
    """Whether a server that says this may take the same command later."""
    return str(error).startswith(("MISCONF", "BUSY "))


def script_source(package: str, name: str) -> str:
    """Return the Lua text of a script that lies beside its adapter, behind the fence it calls."""
    fence = files("vigil.bus").joinpath("fence.lua").read_text()
    return fence + files(package).joinpath(name).read_text()
