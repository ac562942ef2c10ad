"""A child's output in a file that is bounded while the child runs.

The child writes into a pipe, which a thread of ours empties: a file cannot be turned under a child
that has it open, and a full disk is ours to bear, not the child's.
"""

import errno
import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

MAX_LOG_BYTES = 16 * 2**20
#: A line that is longer than this may be cut where the file is turned.
_LONGEST_LINE_BYTES = 2**20
_LAST_WORDS_BYTES = 4096
_READ_BYTES = 2**16
#: What a child may write while we are held still, as by Ctrl-Z: the most that Linux gives anybody.
_PIPE_BYTES = 2**20


class BoundedLog:
    """The file of one child, over all its starts. What was in it before is added to.

    Args:
        path: Where it is; as much again is kept in ``<path>.1``.
        max_bytes: Where it is turned, at the end of a line.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_LOG_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._last_words = b""
        self._is_mid_line = False
        self._lost_bytes = 0

    def begin(self) -> None:
        """Forget the last words: another start of the child begins."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock:
            self._last_words = b""

    def add(self, output: bytes) -> None:
        """Keep output; where the disk does not take it, say later how much was lost."""
        with self._lock:
            self._last_words = (self._last_words + output)[-_LAST_WORDS_BYTES:]
            try:
                if self._lost_bytes:
                    self._write(b"\n[%d bytes were lost: no room]\n" % self._lost_bytes)
                    self._lost_bytes = 0
                self._write(output)
            except OSError:
                # Nobody could read it, were it logged: our own log has the same disk.
                self._lost_bytes += len(output)

    def last_words(self) -> str:
        """Return the last lines since ``begin``, for a message."""
        with self._lock:
            text = self._last_words.decode("utf-8", "replace")
        return " | ".join(text.strip().splitlines()[-8:]) or "(it wrote nothing)"

    def _write(self, output: bytes) -> None:
        with suppress(FileNotFoundError):
            size_bytes = self._path.stat().st_size
            if size_bytes >= self._max_bytes:
                rest = output.find(b"\n") + 1 if self._is_mid_line else 0
                is_endless = size_bytes >= self._max_bytes + _LONGEST_LINE_BYTES
                if rest or not self._is_mid_line or is_endless:
                    self._append(output[:rest])
                    output = output[rest:]
                    self._path.replace(self._path.with_name(self._path.name + ".1"))
                    self._path.touch()
        self._append(output)

    def _append(self, output: bytes) -> None:
        if not output:
            return
        # Opened each time: whoever moves or removes the file gets a new one.
        with self._path.open("ab") as file:
            file.write(output)
        self._is_mid_line = not output.endswith(b"\n")


class Output:
    """What one start of a child writes, on its way to its log.

    Attributes:
        child_end: Where the child writes, until ``close_child_end``.

    Raises:
        OSError: There is no file or thread for it.
    """

    def __init__(self, log: BoundedLog, *, name: str) -> None:
        self._our_end, self.child_end = os.pipe()
        with suppress(PermissionError):
            fcntl.fcntl(self.child_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._log = log
        self._thread = threading.Thread(target=self._copy, name=f"log of {name}", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            os.close(self._our_end)
            os.close(self.child_end)
            # All that Python tells of it; the kernel says so where processes run out.
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error

    def close_child_end(self) -> None:
        """Let copying end with the last process that writes: the child has its own end by now."""
        os.close(self.child_end)

    def wait_until_copied(self, timeout_s: float) -> None:
        """Wait for the end of what a child has written that is gone, with all that it started."""
        self._thread.join(timeout_s)

    def _copy(self) -> None:
        try:
            while output := os.read(self._our_end, _READ_BYTES):
                self._log.add(output)
        finally:
            os.close(self._our_end)
