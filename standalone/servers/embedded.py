"""What every server of ours in a folder has in common: how it starts, ends and tells of itself."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from standalone.processes.folder import FolderLock
from standalone.processes.ports import start_on_free_port
from standalone.processes.program import Program
from vigil.errors import SetupInvalid
from vigil.runtime import StopSignal


class EmbeddedServer(ABC):
    """A server on 127.0.0.1 that ends in order when this process dies, however that happens.

    Args:
        folder: Its data, log and pid file. One server a folder.
        port: None or 0 takes a free one.
        what: The kind of server, for whoever finds its folder in use.
        name: For people.
        stops: Signals that end it, each with the seconds it then has, the most orderly first.
        ready_timeout_s: How long it may take until it answers.
        stop: Ends the wait for its start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None,
        what: str,
        name: str,
        stops: Sequence[tuple[signal.Signals, float]],
        ready_timeout_s: float,
        stop: StopSignal | None,
    ) -> None:
        self.folder = folder.resolve()
        self.port = port or 0
        self._ready_timeout_s = ready_timeout_s
        self._lock = FolderLock(self.folder, what=what)
        self._program = Program(
            name=name,
            log_path=self.folder / "server.log",
            working_folder=self.folder,
            stops=stops,
            stop_signal=stop or StopSignal(),
        )

    @property
    @abstractmethod
    def url(self) -> str:
        """Return the URL by which clients reach it, password included."""

    @property
    def pid(self) -> int:
        """Return the server's process id."""
        return self._program.pid

    @property
    def name(self) -> str:
        """Return its name, for people."""
        return self._program.name

    def __enter__(self) -> Self:
        """Start it, as ``start`` does."""
        self.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Stop it in order."""
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it answers; again too: on the same port, same password.

        Raises:
            SetupInvalid: No server is installed, the folder is in use or does not fit, or it
                would not start.
        """
        self._lock.take()
        try:
            self._prepare()
            if self.port:
                self._start_on(self.port)
            else:
                start_on_free_port(self._start_on, self._program.last_words)
        except SetupInvalid:
            self.stop()
            raise
        except OSError as error:
            # Its folder or a file of it, or the machine has no more of something.
            self.stop()
            raise SetupInvalid(f"{self.name} could not be started: {error.strerror}.") from error

    def stop(self) -> None:
        """Stop it in order. Stopping twice is once."""
        self._program.end()
        self._lock.release()

    def exit_status(self) -> int | None:
        """Return None while it runs, else its exit status."""
        return self._program.exit_status()

    def last_words(self) -> str:
        """Return the last lines of its log."""
        return self._program.last_words()

    def _start_on(self, port: int) -> None:
        self._launch(port)
        try:
            self._program.wait_until(lambda: self._answers(port), timeout_s=self._ready_timeout_s)
        except SetupInvalid:
            self._program.end()
            raise
        self.port = port

    @abstractmethod
    def _prepare(self) -> None:
        """Have a folder that fits the server, and that nobody else uses."""

    @abstractmethod
    def _launch(self, port: int) -> None:
        """Start the program; what it says and whether it answers is looked at later."""

    @abstractmethod
    def _answers(self, port: int) -> bool:
        """Return whether it is this program, and no other, that serves on the port."""
