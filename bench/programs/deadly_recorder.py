"""A recorder that kills itself at a named point of its write cycle: ``POINT COUNT``.

Nothing of it is replaced: what it asks of the system, of Redis and of its spool is done, and around
it stands who counts. At the COUNTth time the process gets a SIGKILL there and then.
"""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from recorder.__main__ import main
from vigil.bus.status.redis import RedisStatusBoard
from vigil.fact_outbox import FactOutbox
from vigil.facts import Fact
from vigil.footage import SUFFIX
from vigil.messages import RecordingMark

#: Comes when a recorder goes on with a file that another left.
REPAIRED = "repaired, not synced"
#: In the order in which a fragment passes them; then those of a file's end, and of its repair.
POINTS = (
    "file made",
    "half of a fragment written",
    "fragment written",
    "fragment synced",
    "half of the mark written",
    "mark written",
    "mark told to Redis",
    "before a fact is kept",
    "fact kept",
    "before the length is written",
    "length written",
    REPAIRED,
)


class _Death:
    """Waits for its moment."""

    def __init__(self, point: str, count: int) -> None:
        if point not in POINTS:
            raise SystemExit(f"{point!r} is none of {POINTS}")
        self._point, self._left = point, count

    def comes_at(self, point: str) -> bool:
        """Return whether this is the moment."""
        if point != self._point:
            return False
        self._left -= 1
        return self._left == 0

    def strike(self, point: str) -> None:
        """End the process, if this is the moment."""
        if self.comes_at(point):
            _die()


def _watch_writes(death: _Death) -> None:
    write, pwrite = os.write, os.pwrite

    def deadly_write(fd: int, content: Any) -> int:
        if not _is_footage(fd):
            return write(fd, content)
        if death.comes_at("half of a fragment written"):
            write(fd, content[: len(content) // 2])
            _die()
        count = write(fd, content)
        death.strike("fragment written")
        return count

    def deadly_pwrite(fd: int, content: Any, at: int) -> int:
        is_footage = _is_footage(fd)
        if is_footage:
            death.strike("before the length is written")
        elif death.comes_at("half of the mark written"):
            pwrite(fd, content[: len(content) // 2], at)
            _die()
        count = pwrite(fd, content, at)
        death.strike("length written" if is_footage else "mark written")
        return count

    os.write, os.pwrite = deadly_write, deadly_pwrite


def _watch_files(death: _Death) -> None:
    fdatasync, fsync, opened = os.fdatasync, os.fsync, os.open

    def deadly_fdatasync(fd: Any) -> None:
        fdatasync(fd)
        if _is_footage(fd):
            death.strike("fragment synced")

    def deadly_fsync(fd: Any) -> None:
        if _is_footage(fd):
            death.strike(REPAIRED)
        fsync(fd)

    def deadly_open(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        fd = opened(path, flags, *rest, **named)
        if flags & os.O_EXCL and _is_footage(fd):
            death.strike("file made")
        return fd

    os.fdatasync, os.fsync, os.open = deadly_fdatasync, deadly_fsync, deadly_open


def _watch_what_is_told(death: _Death) -> None:
    put_all, say = RedisStatusBoard.put_all, FactOutbox.say

    def deadly_put_all(board: Any, statuses: Mapping[Any, Any]) -> Any:
        answers = put_all(board, statuses)
        if any(isinstance(document, RecordingMark) for document, _ in statuses.values()):
            death.strike("mark told to Redis")
        return answers

    def deadly_say(outbox: FactOutbox, *facts: Fact) -> None:
        death.strike("before a fact is kept")
        say(outbox, *facts)
        death.strike("fact kept")

    RedisStatusBoard.put_all = deadly_put_all  # type: ignore[assignment, method-assign]
    FactOutbox.say = deadly_say  # type: ignore[assignment, method-assign]


def _is_footage(fd: int) -> bool:
    return Path(f"/proc/self/fd/{fd}").readlink().suffix == SUFFIX


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a process that was killed goes on")


if __name__ == "__main__":
    fate = _Death(sys.argv[1], int(sys.argv[2]))
    _watch_writes(fate)
    _watch_files(fate)
    _watch_what_is_told(fate)
    raise SystemExit(main())
