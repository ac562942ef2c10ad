"""Starts, watches and stops the process of one embedded server."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from vigil.errors import SetupInvalid

TETHER = Path(__file__).with_name("tether.py")

_POLL_S = 0.01


class Identity(StrEnum):
    """As whom a program runs."""

    OWN = "own"  # As whoever started us.
    NAMESPACE = "namespace"  # As nobody inside a user namespace, as we are outside.
    NOBODY = "user"  # As nobody, with root's way through closed folders.


def tethered(
    argv: Sequence[str | Path], *, death_signal: signal.Signals, identity: Identity = Identity.OWN
) -> list[str]:
    """Return the command line that runs argv and signals it when this process dies."""
    return [
        *(sys.executable, "-I", "-S", str(TETHER)),
        *("--parent", str(os.getpid()), "--signal", str(int(death_signal))),
        *("--identity", identity.value, "--", *map(str, argv)),
    ]


@dataclass(kw_only=True)
class Program:
    """A server's process, in a process group of its own, with its output in a file.

    Args:
        name: For people: ``Valkey``.
        log_path: Where its output goes; begun anew with each start.
        working_folder: Where it stands, by which a left over one is known.
        stops: Signals that ask it to end, each with the seconds it gets; SIGKILL follows. The
            first is also what it gets when we die.
        identity: As whom it runs.
    """

    name: str
    log_path: Path
    working_folder: Path
    stops: Sequence[tuple[signal.Signals, float]]
    identity: Identity = Identity.OWN
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        """Return the process id.

        Raises:
            SetupInvalid: It does not run.
        """
        if self._process is None:
            raise SetupInvalid(f"{self.name} is not running.")
        return self._process.pid

    def exit_status(self) -> int | None:
        """Return None while it runs, else its status; -9 when it was killed or never started."""
        return -9 if self._process is None else self._process.poll()

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it. Call from a thread that lives on: the kernel watches that thread.

        Args:
            argv: The program, by its whole path, and its arguments.
            stdin: Fed to it, such as a configuration that shall not rest on a disk.
            environment: Instead of our own.
        """
        command = tethered(argv, death_signal=self.stops[0][0], identity=self.identity)
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.working_folder,
                env=environment,
                start_new_session=True,
            )
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as pipe:
            pipe.write(stdin)

    def wait_until(self, is_ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Wait until is_ready.

        Raises:
            SetupInvalid: It ended, or was not ready in time; with the last lines it wrote.
        """
        deadline_s = time.monotonic() + timeout_s
        pause = threading.Event()
        while not is_ready():
            status = self.exit_status()
            if status is not None:
                raise SetupInvalid(f"{self.name} ended with status {status}: {self.last_words()}")
            if time.monotonic() > deadline_s:
                raise SetupInvalid(
                    f"{self.name} was not ready in {timeout_s:.0f} s: {self.last_words()}"
                )
            pause.wait(_POLL_S)

    def stop(self) -> None:
        """Ask it to end, in the order of ``stops``, and kill its group in the end."""
        process, self._process = self._process, None
        if process is None:
            return
        for signal_to_send, grace_s in self.stops:
            process.send_signal(signal_to_send)
            try:
                process.wait(timeout=grace_s)
                break
            except subprocess.TimeoutExpired:
                continue
        # Children that outlived it, and itself if it would not go.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=5)

    def last_words(self) -> str:
        """Return the last lines of its output, for a message."""
        try:
            text = self.log_path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return "(it wrote nothing)"
        return " | ".join(text.strip().splitlines()[-5:]) or "(it wrote nothing)"
