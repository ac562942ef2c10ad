"""TCP ports of this machine."""

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vigil.durable_file import write_atomically
from vigil.errors import SetupInvalid

LOOPBACK = "127.0.0.1"

_TRIES = 5


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port


def kept_port(path: Path) -> int:
    """Return the port that path names, or a new one, kept there, where that one is taken."""
    with suppress(FileNotFoundError, ValueError), socket.socket() as listener:
        port = int(path.read_text(encoding="ascii"))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError, OverflowError):
            listener.bind((LOOPBACK, port))
            return port
    port = free_port()
    write_atomically(path, str(port).encode())
    return port


def start_on_free_port(start_on: Callable[[int], None], last_words: Callable[[], str]) -> None:
    """Call start_on with a free port, and with another when somebody was quicker to take it.

    Args:
        start_on: Starts a server on a port, or raises SetupInvalid.
        last_words: Returns what the server said, by which a taken port is known.

    Raises:
        SetupInvalid: It would not start, for another reason or five times.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            start_on(free_port())
        except SetupInvalid:
            if tries_left == 0 or "in use" not in last_words():
                raise
        else:
            return
