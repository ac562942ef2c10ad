"""TCP ports of this machine."""

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

from vigil.durable_file import write_atomically
from vigil.errors import SetupInvalid

LOOPBACK = "127.0.0.1"
#: The first and the last port that the kernel gives to callers who name none.
GIVEN_BY_CHANCE = Path("/proc/sys/net/ipv4/ip_local_port_range")

#: Those below are of services that many machines have.
_OURS = range(20_000, 32_768)
_TRIES = 5


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody has at this moment.

    Nor is anybody given it by chance, where the kernel leaves us room: a caller, even one that
    tries to reach the server there while that is away, could have it when the server comes.
    """
    first, last = map(int, GIVEN_BY_CHANCE.read_text(encoding="ascii").split())
    ours = [port for port in _OURS if not first <= port <= last]
    for port in SystemRandom().sample(ours, min(_TRIES, len(ours))):
        with suppress(OSError):
            return _bound(port)
    return _bound(0)


def _bound(port: int) -> int:
    """Return the port if it is free; for 0 one that the kernel gives."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, port))
        bound: int = listener.getsockname()[1]
        return bound


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
