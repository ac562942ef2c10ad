"""A folder has one holder. What a killed one left behind is stopped before the next starts."""

import fcntl
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from vigil.errors import SetupInvalid

_ORDERLY_END_S = 30.0
#: Workers whose server is gone mostly see it at once; one in the middle of a query may not.
_ORPHANED_WORKERS_END_S = 2.0
_POLL_S = 0.02


class FolderLock:
    """Holds a folder for as long as this process lives; the kernel lets go when it is killed.

    Args:
        folder: Made when it is not there, for its owner alone.
        what: What holds it, for the one who is refused: ``Valkey``.
    """

    def __init__(self, folder: Path, *, what: str) -> None:
        self._folder = folder
        self._what = what
        self._fd: int | None = None

    def take(self) -> None:
        """Take the folder. Taking it twice is once.

        Raises:
            SetupInvalid: Another process holds it, which is named, or it cannot be written.
        """
        if self._fd is not None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SetupInvalid(f"{self._folder} cannot be used: {error.strerror}.") from None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise SetupInvalid(
                f"{self._folder} is in use: {self._what} runs there already, started by process "
                f"{holder}. Stop that first, or choose another folder."
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode("ascii"), 0)
        self._fd = fd

    def release(self) -> None:
        """Let go. Letting go twice is once."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def stop_leftover(
    pid_path: Path, *, working_folder: Path, program: str, stop_with: signal.Signals
) -> None:
    """Stop the server that a killed parent left in working_folder, and remove its pid file.

    A process is taken for it only when it has that name and works in that folder: after a
    reboot, or in a container, the number in a pid file may belong to anybody. The file goes when
    nobody is left, and not before: PostgreSQL guards its memory by it.

    Args:
        pid_path: Its first line is the server's process id.
        working_folder: Where the server and its workers stand.
        program: The name of their program.
        stop_with: Asks the server for an orderly end; SIGKILL follows.
    """
    left = _processes_in(working_folder, program)
    grace_s = _ORPHANED_WORKERS_END_S
    for process in left:
        if process.pid == _first_number(pid_path):
            grace_s = _ORDERLY_END_S
            with suppress(psutil.NoSuchProcess):
                process.send_signal(stop_with)
    deadline_s = time.monotonic() + grace_s
    for process in left:
        if not has_ended(process, within_s=deadline_s - time.monotonic()):
            with suppress(psutil.NoSuchProcess):
                process.kill()
                has_ended(process, within_s=5.0)
    pid_path.unlink(missing_ok=True)


def has_ended(process: psutil.Process, *, within_s: float) -> bool:
    """Wait for a process that is no child of ours. A zombie has ended: nobody may reap it."""
    deadline_s = time.monotonic() + within_s
    pause = threading.Event()
    with suppress(psutil.NoSuchProcess):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline_s:
                return False
            pause.wait(_POLL_S)
    return True


def _processes_in(folder: Path, program: str) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["name"] == program and process.info["cwd"] == str(folder)
    ]


def _first_number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
