"""What a run consists of, decided from the settings and the machine. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from standalone.settings import RunSettings
from vigil.errors import SetupInvalid

DEFAULT_PORT = 5000
DEFAULT_STREAM_PORT = 15440

_MIB = 1024 * 1024

#: Media holds 30 s or 32 MiB of packets for each camera; a quarter of a small machine is plenty.
MEDIA_SHARE = 0.25
#: Configuration, facts and jobs are small; facts pile up only while PostgreSQL is away.
QUEUE_SHARE = 0.06
LEAST_MEDIA_BYTES = 192 * _MIB
LEAST_QUEUE_BYTES = 64 * _MIB


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start here, because the settings name no other.

    Attributes:
        ports: Of the web application; the first is the one that people are told.
        media_max_bytes, queue_max_bytes: Bounds of the embedded Redis servers.
    """

    ports: tuple[int, ...]
    needs_media: bool
    needs_queue: bool
    needs_database: bool
    media_max_bytes: int
    queue_max_bytes: int


def plan(settings: RunSettings, *, memory_bytes: int) -> Plan:
    """Return what to start.

    Args:
        settings: What the operator said.
        memory_bytes: Of the machine, or of the container if that is less.
    """
    return Plan(
        ports=ports(settings.port, settings.stream_port),
        needs_media=settings.redis_url is None,
        # A Redis that we are given may hold frames alone: it may evict, or forget on a restart.
        needs_queue=settings.queue_redis_url is None,
        needs_database=settings.database_url is None,
        media_max_bytes=max(LEAST_MEDIA_BYTES, int(memory_bytes * MEDIA_SHARE)),
        queue_max_bytes=max(LEAST_QUEUE_BYTES, int(memory_bytes * QUEUE_SHARE)),
    )


def ports(port: int | None, stream_port: int | None) -> tuple[int, ...]:
    """Return the ports to open, without doubles: a port that was chosen is opened alone."""
    if port is None:
        chosen = (DEFAULT_PORT, stream_port or DEFAULT_STREAM_PORT)
    elif stream_port is None:
        return (port,)
    else:
        chosen = (port, stream_port)
    return tuple(dict.fromkeys(chosen))


def check_ports(wanted: tuple[int, ...], *, fault_of: Callable[[int], str | None]) -> None:
    """Refuse ports that we cannot listen on, and offer one that we can.

    Args:
        wanted: The ports.
        fault_of: Returns what is wrong with a port, or None.

    Raises:
        SetupInvalid: Names each port at fault, and the command line that would work.
    """
    faults = [f"Port {port} {fault}." for port in wanted if (fault := fault_of(port))]
    if faults:
        # Beyond the well known ones, of which an ordinary user may open none.
        candidates = range(max(wanted[0] + 1, 1024), 65_536)
        free = next((port for port in candidates if fault_of(port) is None), None)
        offer = f" Port {free} is free: make run PORT={free}" if free else ""
        raise SetupInvalid(" ".join(faults) + offer)
