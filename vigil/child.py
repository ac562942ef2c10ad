"""A process beside ours for what may crash, hang, or be led astray: it has nothing of ours.

The two speak over a socket, which is the child's standard input: when either ends, the other
hears of it. Each message has its length before it, and nobody waits for one for ever.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import vigil

#: How long a child gets to end by itself.
_ENDING_S = 0.5


class Child:
    """A module of ours that runs in a process of its own.

    Args:
        module: By its name, so that nothing here imports what it does.
        timeout_s: How long it may say nothing, or take nothing, before it is taken to hang.

    Attributes:
        socket: What it is spoken to by.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self, module: str, *, timeout_s: float) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process: subprocess.Popen[bytes] = subprocess.Popen(
                    [sys.executable, "-P", "-m", module],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    # Nothing of ours: it reads what strangers' cameras sent.
                    env={"PYTHONPATH": str(Path(vigil.__file__).parents[1])},
                )
            except OSError:
                ours.close()
                raise
        ours.settimeout(timeout_s)
        self.socket = ours

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def end(self) -> int:
        """End it, whatever it is at; return with which status it ended, negative by a signal."""
        self.socket.close()
        try:
            # Where it is at its end already, that says how it came to that.
            return self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def become_child(*, most_memory_bytes: int, niceness: int = 0) -> socket.socket:
    """Bound this process, which is a child; return the socket to who started it."""
    # Who interrupts our parent's group means the parent, which lets go of us then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (most_memory_bytes, most_memory_bytes))
    os.nice(niceness)
    return socket.socket(fileno=sys.stdin.fileno())


def received(of: socket.socket, length: int, *, at_most: int) -> bytes:
    """Return so many bytes of what the other side says.

    Raises:
        OSError: The other side is gone, says nothing in time, or announces more than it may.
    """
    if length > at_most:
        raise ConnectionError(f"{length} bytes are announced")
    content = bytearray(length)
    left = memoryview(content)
    while left:
        count = of.recv_into(left)
        if not count:
            raise ConnectionError("the other side is gone")
        left = left[count:]
    return bytes(content)
