"""One PostgreSQL server in a folder of its own, from the wheel or from the PATH."""

import signal
from collections.abc import Mapping
from pathlib import Path

from typing_extensions import override

from standalone.processes.folder import stop_leftover
from standalone.processes.ports import LOOPBACK
from standalone.processes.program import Identity
from standalone.servers.embedded import EmbeddedServer
from standalone.servers.postgres_data import (
    DATABASE,
    USER,
    identity_for_postgres,
    prepare_data,
    programs_folder,
)
from vigil.runtime import StopSignal

#: After a power cut it replays its log first.
_READY_TIMEOUT_S = 300.0


class EmbeddedPostgres(EmbeddedServer):
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
        super().__init__(
            folder,
            port=port,
            what="PostgreSQL",
            name="PostgreSQL",
            # Fast shutdown ends transactions; immediate shutdown leaves them to the next start.
            stops=[(signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0)],
            ready_timeout_s=_READY_TIMEOUT_S,
            stop=stop,
        )
        self.password = ""
        self._options = dict(options or {})
        self._identity = identity
        self._data = self.folder / "data"

    @property
    @override
    def url(self) -> str:
        return f"postgresql://{USER}:{self.password}@{LOOPBACK}:{self.port}/{DATABASE}"

    @override
    def _prepare(self) -> None:
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

    @override
    def _launch(self, port: int) -> None:
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

    @override
    def _answers(self, port: int) -> bool:
        # What pg_ctl looks at: the eighth line of the pid file.
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready" and int(lines[0]) == self.pid
