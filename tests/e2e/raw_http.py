"""An HTTP client without manners: sends what bytes it is told, reads what comes."""

import socket
import time
from dataclasses import dataclass
from typing import Self

from tests.e2e.client import TIMEOUT_S


@dataclass(frozen=True, slots=True)
class RawReply:
    """What came until the server closed the connection, or said all of one answer.

    Attributes:
        status: 0: nothing came before the connection ended.
        head: The status line and the headers.
    """

    status: int
    head: str
    body: bytes


class RawHttp:
    """One connection to a port of this machine."""

    def __init__(self, port: int, *, receive_buffer_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer_bytes is not None:
            # Before the connection: it decides what the server may send ahead.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(("127.0.0.1", port))
        #: This end's port, by which the server's side can be told from other callers.
        self.port: int = self.socket.getsockname()[1]
        self._unread = b""

    def say(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(raw)

    def reply(self) -> RawReply:
        """Return the next answer."""
        while b"\r\n\r\n" not in self._unread:
            if not self._more():
                return RawReply(0, "", self._unread)
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        length = _content_length(text)
        while (length is None or len(self._unread) < length) and self._more():
            pass
        end = len(self._unread) if length is None else length
        body, self._unread = self._unread[:end], self._unread[end:]
        return RawReply(int(text.split(" ", 2)[1]), text, body)

    def is_closed(self, *, within_s: float) -> bool:
        """Return whether the server ends the connection in time; reads what comes before."""
        deadline_s = time.monotonic() + within_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            self.socket.settimeout(left_s)
            try:
                if not self._more():
                    return True
            except TimeoutError:
                return False
        return False

    def drained(self, *, within_s: float) -> bytes:
        """Return all that comes until the server ends the connection, or nothing more does."""
        self.is_closed(within_s=within_s)
        return self._unread

    def read_so_far(self) -> bytes:
        """Read what is there, waiting for something; return all that was read and not taken."""
        self._more()
        return self._unread

    def close(self) -> None:
        """End the connection."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _more(self) -> bool:
        try:
            data = self.socket.recv(65_536)
        except ConnectionError:
            return False
        self._unread += data
        return bool(data)


def ask(port: int, raw: bytes) -> RawReply:
    """Send one request as it is, with a connection of its own; return the answer."""
    with RawHttp(port) as connection:
        connection.say(raw)
        return connection.reply()


def request(
    method: str, target: str, *headers: str, body: bytes = b"", version: str = "HTTP/1.1"
) -> bytes:
    """Return a request whose every part is as given, with a Host and an end of the connection."""
    lines = [f"{method} {target} {version}", "Host: localhost", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _content_length(head: str) -> int | None:
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return None
