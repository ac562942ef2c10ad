"""A folder has one server. What a killed one left behind is stopped before the next starts."""

import fcntl
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from vigil.errors import SetupInvalid

_ORDERLY_END_S = 30.0
_POLL_S = 0.02


class FolderLock:
    """Holds a folder for as long as this process lives; the kernel lets go when it is killed.

    Args:
        folder: Made when it is not there, for its owner alone.
        what: What holds it, for the one who is refused: ``Valkey``.

    Raises:
        SetupInvalid: On entry, when another process holds the folder; it is named.
    """

    def __init__(self, folder: Path, *, what: str) -> None:
        self._path = folder / "lock"
        self._what = what
        self._fd = -1

    def __enter__(self) -> Self:
        """Take the folder, or say who has it."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise SetupInvalid(
                f"{self._path.parent} is in use: {self._what} runs there already, "
                f"started by process {holder}. Stop that first, or choose another folder."
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode("ascii"), 0)
        self._fd = fd
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Let go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def stop_leftover(pid_path: Path, *, working_folder: Path, stop_with: signal.Signals) -> None:
    """Stop the server that a killed parent left running in working_folder, if there is one.

    A process is only taken for it when it works in that folder: after a reboot, or in a
    container, the number in a pid file may belong to anybody.

    Args:
        pid_path: Its first line is a process id. Removed when it names no server of ours.
        working_folder: Where the server stands.
        stop_with: Asks it for an orderly end; SIGKILL follows.
    """
    process = _process_in(working_folder, pid=_first_number(pid_path))
    if process is not None:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(stop_with)
            if not _has_ended(process, within_s=_ORDERLY_END_S):
                process.kill()
                _has_ended(process, within_s=5.0)
    pid_path.unlink(missing_ok=True)


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _first_number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _process_in(folder: Path, *, pid: int | None) -> psutil.Process | None:
    if pid is None or pid <= 0:
        return None
    try:
        process = psutil.Process(pid)
        return process if Path(process.cwd()) == folder.resolve() else None
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def _has_ended(process: psutil.Process, *, within_s: float) -> bool:
    """Wait for a process that is no child of ours. A zombie has ended: nobody may reap it."""
    deadline_s = time.monotonic() + within_s
    pause = threading.Event()
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline_s:
            return False
        pause.wait(_POLL_S)
    return True
