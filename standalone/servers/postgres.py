"""One PostgreSQL server in a folder of its own, from the wheel or from the PATH."""

import signal
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from standalone.processes.folder import FolderLock, stop_leftover
from standalone.processes.ports import LOOPBACK, start_on_free_port
from standalone.processes.program import Identity, Program
from standalone.servers.postgres_data import (
    DATABASE,
    USER,
    identity_for_postgres,
    prepare_data,
    programs_folder,
)
from vigil.errors import SetupInvalid
from vigil.runtime import StopSignal

#: After a power cut it replays its log first.
_READY_TIMEOUT_S = 300.0


class EmbeddedPostgres:
    """A PostgreSQL server on 127.0.0.1, with a database and a password of its own.

    It ends in order when this process dies, however that happens. As root it runs as nobody in
    a user namespace, or where the kernel allows none, as the real nobody: PostgreSQL refuses
    root.

    Args:
        folder: Its data, password and log. Made and filled when it is empty. One server a folder.
        port: None or 0 takes a free one.
        options: Server parameters beyond ours, such as ``{"fsync": "off"}``.
        identity: As whom it runs; None finds out.
        stop: Ends the wait for its start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        options: Mapping[str, str] | None = None,
        identity: Identity | None = None,
        stop: StopSignal | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.port = port or 0
        self.password = ""
        self._options = dict(options or {})
        self._identity = identity
        self._lock = FolderLock(self.folder, what="PostgreSQL")
        self._data = self.folder / "data"
        self._program = Program(
            name="PostgreSQL",
            log_path=self.folder / "server.log",
            working_folder=self.folder,
            # Fast shutdown ends transactions; immediate shutdown leaves them to the next start.
            stops=[(signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0)],
            stop_signal=stop or StopSignal(),
        )

    @property
    def url(self) -> str:
        """Return the URL by which clients reach its database, password included."""
        return f"postgresql://{USER}:{self.password}@{LOOPBACK}:{self.port}/{DATABASE}"

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
        """Make the data if there is none, start, wait until it answers; again: on the same port.

        Raises:
            SetupInvalid: No server is installed, the folder is in use or was written by another
                major version, or it would not start.
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

    def _prepare(self) -> None:
        """Have data that fits the server, and that nobody else uses."""
        if self._identity is None:
            self._identity = identity_for_postgres()
        self._program.identity = self._identity
        stop_leftover(
            self._data / "postmaster.pid",
            working_folder=self._data,
            program="postgres",
            stop_with=signal.SIGINT,
        )
        self.password = prepare_data(self._data, self.folder / "password", identity=self._identity)

    def _start_on(self, port: int) -> None:
        parameters = {
            "listen_addresses": LOOPBACK,
            "port": str(port),
            # No socket file: its path may be longer than the 107 bytes that one can have.
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
        } | self._options
        self._program.start(
            [
                *(programs_folder() / "postgres", "-D", self._data),
                *(part for name, value in parameters.items() for part in ("-c", f"{name}={value}")),
            ]
        )
        try:
            self._program.wait_until(self._is_ready, timeout_s=_READY_TIMEOUT_S)
        except SetupInvalid:
            self._program.end()
            raise
        self.port = port

    def _is_ready(self) -> bool:
        """Return what pg_ctl looks at: the eighth line of the pid file."""
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready" and int(lines[0]) == self.pid
