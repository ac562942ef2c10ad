"""Everything on one machine: servers, then services, watched until somebody stops it."""

import http.client
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from standalone.machine import memory_bytes, port_fault
from standalone.plan import Plan, check_ports, plan
from standalone.processes.folder import FolderLock
from standalone.processes.ports import LOOPBACK, kept_port
from standalone.processes.services import Guard, Service, ServiceProcess, stop_leftovers
from standalone.processes.supervisor import Supervisor
from standalone.secret import secret_in
from standalone.servers.postgres import EmbeddedPostgres
from standalone.servers.valkey import EmbeddedValkey
from standalone.settings import RunSettings
from vigil.clock import Clock
from vigil.errors import SetupInvalid
from vigil.runtime import Backoff, FileHeartbeat, StopSignal, run_until_stopped

#: A first start of web on a slow machine; it tells more when it takes longer.
_HEALTHY_TIMEOUT_S = 90.0
_HEALTH_CALL_TIMEOUT_S = 2.0

Tell = Callable[[str], None]


class ServiceList(Protocol):
    """Returns the services to run; see ``standalone.services``."""

    def __call__(self, *, ports: tuple[int, ...], demo_port: int | None) -> Sequence[Service]:
        """Return them in the order in which they start."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a run stands on: the folder, and the environment of each service."""

    home: Path
    environment: dict[str, str]
    demo_port: int | None


def run(
    settings: RunSettings,
    *,
    services: ServiceList,
    clock: Clock,
    stop: StopSignal,
    tell: Tell,
) -> None:
    """Run everything until stop, then leave nothing running.

    Raises:
        SetupInvalid: Something is wrong that only the operator can put right. All is stopped.
    """
    home = settings.vigil_home.resolve()
    wanted = plan(settings, memory_bytes=memory_bytes())
    with ExitStack() as held:
        lock = FolderLock(home, what="Vigil")
        lock.take()
        held.callback(lock.release)
        if count := stop_leftovers(home):
            tell(f"stopped {count} processes that an earlier run had left")
        check_ports(wanted.ports, fault_of=port_fault)
        guard = held.enter_context(Guard())
        supervisor = Supervisor(clock=clock, stop=stop, tell=tell)
        # Before the guard is let go: it would kill what is still stopping.
        held.callback(_close, supervisor, tell)
        around = _start_servers(settings, wanted, home, supervisor, stop=stop, tell=tell)
        for service in services(ports=wanted.ports, demo_port=around.demo_port):
            complete = Service(
                name=service.name, argv=service.argv, env=around.environment | dict(service.env)
            )
            supervisor.start(ServiceProcess(complete, home=home, guard=guard, stop=stop))
        _wait_until_healthy(supervisor, wanted.ports, stop=stop, tell=tell)
        if not stop.is_set():
            tell(_welcome(wanted.ports, home))
        run_until_stopped(
            supervisor.run_once,
            stop=stop,
            heartbeat=FileHeartbeat(None),
            backoff=Backoff(first_s=0.5, max_s=8.0),
        )


def _start_servers(
    settings: RunSettings,
    wanted: Plan,
    home: Path,
    supervisor: Supervisor,
    *,
    stop: StopSignal,
    tell: Tell,
) -> Surroundings:
    """Start what is not given, and return what the services need to know."""
    secret = settings.secret_key.get_secret_value() if settings.secret_key else secret_in(home)
    environment = {"SECRET_KEY": secret, "VIGIL_HOME": str(home)}
    environment |= {
        name: str(url)
        for name, url in {
            "REDIS_URL": settings.redis_url,
            "QUEUE_REDIS_URL": settings.queue_redis_url,
            "DATABASE_URL": settings.database_url,
        }.items()
        if url is not None
    }
    if wanted.needs_media:
        media = _media(wanted, home, stop)
        with _told("media Redis", tell):
            supervisor.start(media)
        environment["REDIS_URL"] = media.url
    if wanted.needs_queue:
        queue = _queue(wanted, home, stop)
        with _told("queue Redis", tell):
            supervisor.start(queue)
        environment["QUEUE_REDIS_URL"] = queue.url
    demo_port = None
    if wanted.needs_database:
        database = EmbeddedPostgres(home / "postgres", stop=stop)
        with _told("PostgreSQL", tell):
            supervisor.start(database)
        environment["DATABASE_URL"] = database.url
        # The same each time, so that the cameras go on before web is there.
        demo_port = kept_port(home / "demo" / "port")
    return Surroundings(home=home, environment=environment, demo_port=demo_port)


def _media(wanted: Plan, home: Path, stop: StopSignal) -> EmbeddedValkey:
    """Frames and packets refill themselves in a second: nothing of them goes to a disk."""
    return EmbeddedValkey(
        home / "redis-media",
        appendonly=False,
        max_memory_bytes=wanted.media_max_bytes,
        name="media Redis",
        stop=stop,
    )


def _queue(wanted: Plan, home: Path, stop: StopSignal) -> EmbeddedValkey:
    """Configuration and facts outlive everything."""
    return EmbeddedValkey(
        home / "redis-queue",
        appendonly=True,
        max_memory_bytes=wanted.queue_max_bytes,
        name="queue Redis",
        stop=stop,
    )


@contextmanager
def _told(what: str, tell: Tell) -> Iterator[None]:
    began_s = time.monotonic()
    tell(f"starting {what} ...")
    yield
    tell(f"starting {what}: ready after {time.monotonic() - began_s:.1f} s")


def _wait_until_healthy(
    supervisor: Supervisor, ports: tuple[int, ...], *, stop: StopSignal, tell: Tell
) -> None:
    """Wait for web; a service that says its settings are unfit ends the start.

    Raises:
        SetupInvalid: A service said so, or web did not answer in time.
    """
    tell("starting the services ...")
    deadline_s = time.monotonic() + _HEALTHY_TIMEOUT_S
    while not stop.is_set() and not all(map(is_healthy, ports)):
        if time.monotonic() > deadline_s:
            raise SetupInvalid(
                f"web did not answer in {_HEALTHY_TIMEOUT_S:.0f} s; the folder logs in VIGIL_HOME "
                "says why."
            )
        supervisor.run_once()
        supervisor.check_fitness()


def is_healthy(port: int) -> bool:
    """Return whether web answers 200 to ``/healthz`` at a port of this machine."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_HEALTH_CALL_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _welcome(ports: tuple[int, ...], home: Path) -> str:
    first, *others = [f"http://{LOOPBACK}:{port}/" for port in ports]
    also = f"   (the same on {', '.join(others)})" if others else ""
    return "\n".join(
        [
            "",
            "  Vigil is running.",
            "",
            f"    watch    {first}{also}",
            "    log in   make your account on that page; the first one is the admin",
            f"    data     {home}",
            f"    logs     {home / 'logs'}",
            "    stop     Ctrl-C",
            "",
            f"ready {first}",
        ]
    )


def _close(supervisor: Supervisor, tell: Tell) -> None:
    tell("stopping ...")
    supervisor.close()
    tell("stopped; nothing is left running")
