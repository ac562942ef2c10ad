"""A service as a child process: what it is, and how it is run, guarded and found again."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psutil

from standalone.processes.folder import has_ended
from standalone.processes.program import Program
from vigil.runtime import StopSignal

#: Seconds that a service gets to end in order before it is killed.
STOP_GRACE_S = 8.0

#: Every process of a run carries the run's folder in its environment under this name, so that
#: the next run finds what a killed one left, grandchildren included.
RUN_MARK = "VIGIL_RUN_HOME"

_GUARD = Path(__file__).with_name("guard.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What to run: a name, a command line, and what its environment has beyond ours."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


class Guard:
    """The process that kills what would not end, should we be killed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        # Each child is started again by a thread of its own.
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Start it. It ends after us, by itself."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), str(STOP_GRACE_S)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Let it see that all is over, and wait for it."""
        if self._process is not None:
            with suppress(BrokenPipeError):
                self._pipe().close()
            self._process.wait(timeout=STOP_GRACE_S + 5)

    def watch(self, group: int) -> None:
        """Kill this process group when we are gone and it is not."""
        self._say(f"+{group}\n")

    def forget(self, group: int) -> None:
        """Say that the group is gone: its number may soon be another's."""
        self._say(f"-{group}\n")

    def _say(self, line: str) -> None:
        # A guard that somebody killed is no reason to stop the cameras.
        with self._lock, suppress(BrokenPipeError):
            self._pipe().write(line)
            self._pipe().flush()

    def _pipe(self) -> IO[str]:
        assert self._process is not None
        assert self._process.stdin is not None
        return self._process.stdin


class ServiceProcess:
    """One service, run as a child with its log in ``<home>/logs/<name>.log``.

    Args:
        service: What to run.
        home: The run's folder.
        guard: Told of its process group.
        stop: Ends every wait.
    """

    def __init__(self, service: Service, *, home: Path, guard: Guard, stop: StopSignal) -> None:
        self._service = service
        self._guard = guard
        self._environment = os.environ | service.env | {RUN_MARK: str(home)}
        self._program = Program(
            name=service.name,
            log_path=home / "logs" / f"{service.name}.log",
            stops=[(signal.SIGTERM, STOP_GRACE_S)],
            stop_signal=stop,
        )

    @property
    def name(self) -> str:
        """Return the service's name."""
        return self._service.name

    @property
    def pid(self) -> int:
        """Return its process id; 0 when it was not started."""
        return self._program.pid

    def start(self) -> None:
        """Start it; whether it is ready is for its callers to see.

        Raises:
            SetupInvalid: It would not start.
        """
        self._program.start(self._service.argv, environment=self._environment)
        self._guard.watch(self._program.pid)

    def exit_status(self) -> int | None:
        """Return None while it runs."""
        return self._program.exit_status()

    def stop(self) -> None:
        """Stop it and its whole process group."""
        group = self._program.pid
        self._program.end()
        if group:
            self._guard.forget(group)

    def last_words(self) -> str:
        """Return the last lines of its log."""
        return self._program.last_words()


def stop_leftovers(home: Path) -> int:
    """Stop the services that an earlier run in home left behind; return how many processes.

    Call while holding the folder: no other run may be going on in it.
    """
    left = [process for process in psutil.process_iter() if _is_of(process, home)]
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    deadline_s = time.monotonic() + STOP_GRACE_S
    for process in left:
        if not has_ended(process, within_s=deadline_s - time.monotonic()):
            with suppress(psutil.NoSuchProcess):
                process.kill()
                has_ended(process, within_s=5.0)
    return len(left)


def _is_of(process: psutil.Process, home: Path) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get(RUN_MARK) == str(home)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
