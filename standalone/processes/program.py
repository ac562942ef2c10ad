"""One child process: how it starts, how it is known to be ready, how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from standalone.processes.log import MAX_LOG_BYTES, BoundedLog, Output
from vigil.errors import SetupInvalid
from vigil.runtime import StopSignal

#: What exit_status says of a program that was not started.
NEVER_STARTED = -signal.SIGKILL

TETHER = Path(__file__).with_name("tether.py")
_POLL_S = 0.01
#: How long the last output of a child that is gone may take until it is in its log.
_LAST_OUTPUT_S = 1.0


class Identity(StrEnum):
    """As whom a program runs."""

    OWN = "own"  # As whoever started us.
    NAMESPACE = "namespace"  # As nobody inside a user namespace; outside, as whoever started us.
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
    """A child process in a process group of its own, with its output in a file.

    Attributes:
        name: For people: ``Valkey``.
        log_path: Where its output is added.
        max_log_bytes: So much of it is kept, and as much again in ``<log_path>.1``.
        stops: Signals that ask it to end, each with the seconds it gets; SIGKILL follows. The
            first is also what it gets when we die.
        working_folder: Where it stands; None: where we do.
        identity: As whom it runs.
        stop_signal: Ends every wait.
    """

    name: str
    log_path: Path
    stops: Sequence[tuple[signal.Signals, float]]
    working_folder: Path | None = None
    identity: Identity = Identity.OWN
    stop_signal: StopSignal = field(default_factory=StopSignal)
    max_log_bytes: int = MAX_LOG_BYTES
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _log: BoundedLog = field(init=False)
    _output: Output | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._log = BoundedLog(self.log_path, max_bytes=self.max_log_bytes)

    @property
    def pid(self) -> int:
        """Return the process id, which is also that of its group; 0 when it was not started."""
        return 0 if self._process is None else self._process.pid

    def exit_status(self) -> int | None:
        """Return None while it runs, else its status: negative is the signal that killed it."""
        return NEVER_STARTED if self._process is None else self._process.poll()

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

        Raises:
            SetupInvalid: The machine has no process, memory or file for it, or no such program.
        """
        command = tethered(argv, death_signal=self.stops[0][0], identity=self.identity)
        try:
            self._process = self._started(command, environment)
        except OSError as error:
            raise SetupInvalid(f"{self.name} could not be started: {error.strerror}.") from error
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as pipe:
            pipe.write(stdin)

    def _started(
        self, command: Sequence[str], environment: Mapping[str, str] | None
    ) -> "subprocess.Popen[bytes]":
        self._log.begin()
        self._output = Output(self._log, name=self.name)
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=self._output.child_end,
                stderr=subprocess.STDOUT,
                cwd=self.working_folder,
                env=environment,
                # Ctrl-C on our terminal is ours to hear; they are stopped in order.
                start_new_session=True,
            )
        finally:
            self._output.close_child_end()

    def wait_until(self, is_ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Wait until is_ready.

        Raises:
            SetupInvalid: It ended, was not ready in time, or we are to stop; with the last lines
                it wrote.
        """
        deadline_s = time.monotonic() + timeout_s
        while not is_ready():
            status = self.exit_status()
            if status is not None:
                raise SetupInvalid(f"{self.name} ended with status {status}: {self.last_words()}")
            if time.monotonic() > deadline_s:
                raise SetupInvalid(
                    f"{self.name} was not ready in {timeout_s:.0f} s: {self.last_words()}"
                )
            if self.stop_signal.wait(_POLL_S):
                raise SetupInvalid(f"{self.name} was stopped before it was ready.")

    def end(self) -> None:
        """Ask it to end, in the order of ``stops``, and kill what is left of its group."""
        process, self._process = self._process, None
        if process is None:
            return
        for signal_to_send, grace_s in self.stops:
            process.send_signal(signal_to_send)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=grace_s)
                break
        # Children that outlived it, and itself if it would not go.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=5)

    def last_words(self) -> str:
        """Return the last lines that it wrote since its start, for a message."""
        if self._output is not None and self.exit_status() is not None:
            self._output.wait_until_copied(_LAST_OUTPUT_S)
        return self._log.last_words()
