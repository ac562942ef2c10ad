"""An RTSP client without manners: says what it is told, and reads bytes as they come."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Reply:
    """What the camera answered. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: str


class RawClient:
    """One TCP connection to a camera.

    Args:
        url: Of the camera.
        receive_buffer_bytes: Of the socket; small, so that an idle client is noticed soon.
    """

    def __init__(self, url: str, *, receive_buffer_bytes: int | None = None) -> None:
        address = urlsplit(url)
        self._url = url
        self._cseq = 0
        self.socket = socket.socket()
        if receive_buffer_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.settimeout(5.0)
        try:
            self.socket.connect((address.hostname or "", address.port or 0))
        except OSError:
            self.socket.close()
            raise
        self._stream = self.socket.makefile("rb")

    def ask(self, method: str, path: str = "", **headers: str) -> Reply:
        """Send a request for the camera's URL, with something appended; return the answer."""
        self._cseq += 1
        lines = [f"{method} {self._url}{path} RTSP/1.0", f"CSeq: {self._cseq}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.say("\r\n".join([*lines, "", ""]).encode())
        return self.reply()

    def say(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(raw)

    def reply(self) -> Reply:
        """Return the next answer; packets that come before it are passed over.

        Raises:
            ConnectionError: The camera closed the connection instead.
        """
        first = self._stream.read(1)
        while first == b"$":
            self._stream.read(struct.unpack(">BH", self._stream.read(3))[1])
            first = self._stream.read(1)
        if not first:
            raise ConnectionResetError("the camera closed the connection")
        status = int(self._stream.readline().split(b" ")[1])
        headers: dict[str, str] = {}
        while line := self._stream.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self._stream.read(int(headers.get("content-length", "0"))).decode()
        return Reply(status, headers, body)

    def play(self) -> Reply:
        """Set the video up within this connection, and play it."""
        setup = self.ask("SETUP", "/track0", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        return self.ask("PLAY", Session=setup.headers["session"].partition(";")[0])

    def interleaved(self) -> Iterator[tuple[int, bytes]]:
        """Yield channel and packet of what comes, until the camera closes the connection."""
        while header := self._stream.read(4):
            _, channel, size = struct.unpack(">BBH", header)
            yield channel, self._stream.read(size)

    def is_at_end(self) -> bool:
        """Return whether the camera has closed the connection, and nothing is left to read."""
        return self._stream.read(1) == b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()
        self.socket.close()
