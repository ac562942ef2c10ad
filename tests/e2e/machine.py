"""A machine for tests: both Redis, PostgreSQL, and Vigil's processes, each to be killed or paused.

with Machine(folder) as machine:
    machine.web.log_in_first_account()
    machine.kill("recognise-1")
"""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from standalone.processes.ports import free_port
from standalone.run import is_healthy
from standalone.servers.postgres import EmbeddedPostgres
from standalone.servers.valkey import EmbeddedValkey
from tests.camera_ctrl.site import family
from tests.e2e.client import Client
from tests.servers import frozen_postgres
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
SECRET = "a secret of the whole line, for tests alone"
#: Seconds in which web answers on a busy machine.
START_S = 60.0
STOP_S = 20.0
RECOGNISERS = ("recognise-1", "recognise-2")
EVERYTHING = ("web", "ingest", *RECOGNISERS)

#: No test outlives a power cut, so nothing waits for a disk.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Machine:
    """Everything that one machine runs, as processes of their own.

    Args:
        folder: For data, homes and logs.
        services: Which of EVERYTHING to start.
        settings: Of the services, as environment variables.
    """

    def __init__(
        self, folder: Path, *, services: tuple[str, ...] = EVERYTHING, **settings: str
    ) -> None:
        self.folder = folder
        self.media = EmbeddedValkey(folder / "media", appendonly=False)
        self.queue = EmbeddedValkey(folder / "queue", appendonly=True)
        self.postgres = EmbeddedPostgres(folder / "postgres", options=_FAST)
        self.port = free_port()
        # Nobody else shall take it before web does, or while web is away.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", self.port))
        self.admin = Client(self.port)
        self._services = services
        self._settings = settings
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(self._reserved)
            for server in (self.media, self.queue, self.postgres):
                starting.enter_context(server)
            starting.callback(self._stop_services)
            self._run("migrate", "migrate").wait(START_S)
            for name in self._services:
                self.start(name)
            self.wait_until_healthy()
            self._running = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def start(self, name: str, **settings: str) -> None:
        """Start a service; settings are beside those of all."""
        if name == "web":
            self._run(name, "web", "--host", "127.0.0.1", "--port", str(self.port), **settings)
        else:
            self._run(name, name.partition("-")[0], **settings)

    def pid(self, name: str) -> int:
        """Return the process of a service."""
        return self._processes[name].pid

    def kill(self, name: str) -> None:
        """End a service by SIGKILL; what it started ends by itself."""
        self._processes[name].kill()
        self._processes[name].wait(STOP_S)

    def stop(self, name: str) -> int:
        """End a service in order; return its exit status."""
        self._processes[name].terminate()
        return self._processes[name].wait(STOP_S)

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Hold a service still, as a suspended or swapping machine does."""
        self._processes[name].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._processes[name].send_signal(signal.SIGCONT)

    @contextmanager
    def frozen_postgres(self) -> Iterator[None]:
        """Hold PostgreSQL still: it accepts, and answers nothing."""
        with frozen_postgres(self.postgres):
            yield

    def wait_until_healthy(self) -> None:
        """Wait until web answers."""

        def answers() -> bool:
            status = self._processes["web"].poll()
            assert status is None, self.log_of("web")
            return is_healthy(self.port)

        wait_until(answers, timeout_s=START_S)

    def memory_bytes(self, name: str) -> int:
        """Return the resident memory of a service."""
        return int(psutil.Process(self.pid(name)).memory_info().rss)

    def log_of(self, name: str) -> str:
        """Return all that a service logged."""
        return self._log_path(name).read_text(errors="replace")

    def leaks(self, *secrets: str) -> list[tuple[str, str]]:
        """Return log and secret of each secret that a log holds.

        Those of the machine itself, and everything that looks like a token of ours, are looked
        for beside the given ones.
        """
        known = {
            *(SECRET, self.media.password, self.queue.password, self.postgres.password),
            *secrets,
        }
        found = []
        for path in (self.folder / "logs").iterdir():
            text = path.read_text(errors="replace")
            found += [(path.name, secret) for secret in known if secret in text]
            found += [(path.name, token) for token in re.findall(r"eyJ[\w-]{10,}\.[\w-]+", text)]
        return found

    def _run(self, name: str, *arguments: str, **settings: str) -> "subprocess.Popen[bytes]":
        environment = os.environ | {
            "REDIS_URL": self.media.url,
            "QUEUE_REDIS_URL": self.queue.url,
            "DATABASE_URL": self.postgres.url,
            "SECRET_KEY": SECRET,
            # A home of its own for each, as containers have.
            "VIGIL_HOME": str(self.folder / "homes" / name),
            "FIRST_ACCOUNT_ON_LOOPBACK": "true",
            "LOGIN_RATE_LIMIT": "1000 per minute",
            "REGISTER_RATE_LIMIT": "1000 per minute",
            "DEFAULT_MODEL": "basic",
            **self._settings,
            **settings,
        }
        path = self._log_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "vigil", *arguments],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._processes[name] = process
        return process

    def _log_path(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def _stop_services(self) -> None:
        started = [each for process in self._processes.values() for each in family(process.pid)]
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for orphan in started:
            if orphan.is_running():
                orphan.kill()
