"""The outside of a camera's process: starts it, gives it orders, ends it."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from standalone.processes.ports import free_port
from tests.cameras.faults import Fault

ROOT = Path(__file__).parents[2]
#: Seconds that a process may take to begin, and to obey.
_START_S, _OBEY_S = 30.0, 10.0


class CameraProcess:
    """A camera, running in a process of its own.

    Args:
        command: What to start; it speaks as ``tests.cameras.stage`` says.
        config: For the process; ``port`` is added.
        scheme: Of the URL.
        path: Of the URL.
        auth: User and password that the camera asks for.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        config: Mapping[str, Any],
        scheme: str,
        path: str,
        auth: tuple[str, str] | None = None,
    ) -> None:
        self._command = list(command)
        self._config = dict(config)
        self._scheme = scheme
        self._path = path
        self._auth = auth
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return where the camera is, with its user and password."""
        return self.url_for(*self._auth) if self._auth else self.bare_url

    @property
    def bare_url(self) -> str:
        """Return where the camera is, without user and password."""
        return f"{self._scheme}://127.0.0.1:{self._port}{self._path}"

    def url_for(self, user: str, password: str) -> str:
        """Return where the camera is, with credentials that may be wrong."""
        known = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"{self._scheme}://{known}@127.0.0.1:{self._port}{self._path}"

    def start(self) -> None:
        """Start the process; a camera that was killed comes back at the same address."""
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self._write(json.dumps({**self._config, "port": self._port}))
        self._port = int(self._read_line(_START_S))

    def fault(self, fault: Fault | str) -> None:
        """Make the camera misbehave; return when it does."""
        self._order(f"fault {Fault(fault)}")

    def show(self, clip: Path) -> None:
        """Make the camera show another clip in mid-stream."""
        self._order(f"show {clip}")

    def kill(self) -> None:
        """End the process by SIGKILL: the camera's plug is pulled."""
        process = self._running()
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    @property
    def pid(self) -> int:
        """Return the process's number."""
        return self._running().pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.kill()

    def _order(self, line: str) -> None:
        self._write(line)
        answer = self._read_line(_OBEY_S)
        if answer != "ok":
            raise RuntimeError(f"the camera answered {answer!r} to {line!r}")

    def _write(self, line: str) -> None:
        stdin = self._running().stdin
        assert stdin is not None
        stdin.write(f"{line}\n".encode())

    def _read_line(self, timeout_s: float) -> str:
        stdout = self._running().stdout
        assert stdout is not None
        deadline_s = time.monotonic() + timeout_s
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline_s - time.monotonic())):
                    raise TimeoutError(f"the camera said nothing for {timeout_s} s")
                piece = stdout.read(1)
                if not piece:
                    raise RuntimeError(f"the camera ended with {self._running().wait()}")
                line += piece
        return line.decode().strip()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the camera is not running")
        return self._process


def python_module(name: str) -> list[str]:
    """Return the command that runs a module of ours in the interpreter of the tests."""
    return [sys.executable, "-m", name]
