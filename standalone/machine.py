"""What this machine has: memory, and ports that nobody uses."""

import errno
import os
import socket
from pathlib import Path

import psutil

from standalone.processes.ports import LOOPBACK

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def memory_bytes() -> int:
    """Return the memory that we may use: the machine's, or the container's if that is less."""
    total_bytes = int(psutil.virtual_memory().total)
    try:
        return min(total_bytes, int(_CGROUP_LIMIT.read_text(encoding="ascii")))
    except (OSError, ValueError):
        # No container, or "max": no limit.
        return total_bytes


def port_fault(port: int) -> str | None:
    """Return why we cannot listen on a TCP port of this machine now, or None when we can."""
    with socket.socket() as listener:
        # As servers do: connections that linger from an earlier run take no port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is taken by another program"
            return f"cannot be opened ({os.strerror(error.errno or 0)})"
    return None
