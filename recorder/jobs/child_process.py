"""The process that makes an export, as who supervises it sees it."""

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog

from recorder.jobs.child import Task, Word
from vigil.errors import MessageInvalid
from vigil.messages import decode

log = structlog.get_logger(__name__)

#: What a child is told of our surroundings: nothing that is a secret. It decodes what cameras sent.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH")
_COMMAND = (sys.executable, "-m", "recorder.jobs.child")
#: No word of a child is longer.
_MAX_BYTES = 2**20
_ENDS_S = 10.0


class ChildProcess:
    """A child at work. It is gone when the block ends.

    Args:
        task: What it does.
        command: What is started.
    """

    def __init__(self, task: Task, *, command: Sequence[str] = _COMMAND) -> None:
        self._task = task
        self._heard = b""
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def __enter__(self) -> Self:
        """Tell it what to do."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(self._task.model_dump_json().encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            log.warning("export_child_died", pid=self.pid)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill it, if it has not ended."""
        self._process.kill()
        self._process.wait(_ENDS_S)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                # What it was told and did not read.
                log.debug("export_child_did_not_read", pid=self.pid)

    def words(self, timeout_s: float) -> list[Word] | None:
        """Return what it has said since; None: it has ended, and says no more.

        Args:
            timeout_s: How long to wait for a word.
        """
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        if not select.select([pipe], [], [], timeout_s)[0]:
            return []
        said = os.read(pipe, _MAX_BYTES)
        if not said:
            return None
        *lines, self._heard = (self._heard + said).split(b"\n")
        if len(self._heard) > _MAX_BYTES:
            return None
        return [word for line in lines if (word := _word(line)) is not None]


def _word(line: bytes) -> Word | None:
    try:
        return decode(Word, line)
    except MessageInvalid as error:
        log.warning("export_child_talks_nonsense", reason=str(error))
        return None
