"""Many viewers of one stream, in one process that sleeps in epoll and decodes nothing.

``python -m bench.programs.viewers PORT PATH TOKEN COUNT SECONDS`` connects, prints a line when each
viewer has a part, watches, and prints as JSON how late the parts came and how many were missing. A
part is late by the time from its capture stamp until its last byte is here.
"""

import json
import selectors
import socket
import sys
from dataclasses import dataclass, field

from vigil.clock import SystemClock
from vigil.domain.frame import STAMPED_HEAD_BYTES, read_stamp

_HOST = "127.0.0.1"
_LENGTH = b"Content-Length: "
_END_OF_HEAD = b"\r\n\r\n"
_READ_BYTES = 256 * 1024
#: As many as a viewer may take to get its first part.
_FIRST_S = 20.0


@dataclass(slots=True)
class Viewer:
    """One viewer's place in its stream. Pure: it is fed bytes.

    Attributes:
        late_us: Of each whole part.
        missed: Pictures that were never sent to it, by the numbers of those that were.
    """

    late_us: list[int] = field(default_factory=list)
    missed: int = 0
    _head: bytes = b""
    _body: bytes = b""
    _left: int = 0
    _last: int = 0

    def feed(self, data: bytes, *, now_us: int) -> None:
        """Take what came."""
        while data:
            data = self._in_body(data, now_us) if self._left else self._in_head(data)

    def _in_head(self, data: bytes) -> bytes:
        """Look for a part's length; return what lies behind its head."""
        self._head += data
        while (end := self._head.find(_END_OF_HEAD)) >= 0:
            head, rest = self._head[:end], self._head[end + len(_END_OF_HEAD) :]
            self._head = rest
            at = head.find(_LENGTH)
            if at >= 0:
                self._left = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
                self._head = b""
                return rest
        return b""

    def _in_body(self, data: bytes, now_us: int) -> bytes:
        if len(self._body) < STAMPED_HEAD_BYTES:
            self._body += data[: min(self._left, STAMPED_HEAD_BYTES - len(self._body))]
        taken = min(self._left, len(data))
        self._left -= taken
        if not self._left:
            stamp = read_stamp(self._body)
            self.late_us.append(now_us - stamp.captured_at_us)
            self.missed += max(0, stamp.sequence - self._last - 1) if self._last else 0
            self._last, self._body = stamp.sequence, b""
        return data[taken:]


def _connected(port: int, path: str, token: str) -> socket.socket:
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {_HOST}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    connection = socket.create_connection((_HOST, port), timeout=_FIRST_S)
    connection.sendall(request.encode())
    connection.setblocking(False)
    return connection


class Audience:
    """All viewers and their connections."""

    def __init__(self, port: int, path: str, token: str, count: int) -> None:
        self._clock = SystemClock()
        self._selector = selectors.EpollSelector()
        self._viewers = [Viewer() for _ in range(count)]
        self._buffer = bytearray(_READ_BYTES)
        for viewer in self._viewers:
            connection = _connected(port, path, token)
            self._selector.register(connection, selectors.EVENT_READ, viewer)

    def watch(self, seconds: float) -> None:
        """Read for so long."""
        until_s = self._clock.monotonic_s() + seconds
        while (left_s := until_s - self._clock.monotonic_s()) > 0:
            for key, _ in self._selector.select(left_s):
                assert isinstance(key.fileobj, socket.socket)
                size = key.fileobj.recv_into(self._buffer)
                if not size:
                    raise SystemExit("the server ended a stream")
                key.data.feed(bytes(self._buffer[:size]), now_us=self._clock.utc_us())

    def forget(self) -> None:
        """Begin to count anew."""
        for viewer in self._viewers:
            viewer.late_us.clear()
            viewer.missed = 0

    def has_everybody_a_part(self) -> bool:
        """Return whether each viewer was sent something."""
        return all(viewer.late_us for viewer in self._viewers)

    def found(self) -> dict[str, float]:
        """Return what the viewers saw together."""
        late_us = sorted(late for viewer in self._viewers for late in viewer.late_us)
        return {
            "parts": len(late_us),
            "missed": sum(viewer.missed for viewer in self._viewers),
            "late_max_ms": late_us[-1] / 1e3,
            "late_p99_ms": late_us[int(0.99 * len(late_us))] / 1e3,
        }


def main() -> None:
    """Watch, and tell."""
    port, path, token, count, seconds = sys.argv[1:]
    audience = Audience(int(port), path, token, int(count))
    for _ in range(int(_FIRST_S)):
        audience.watch(1.0)
        if audience.has_everybody_a_part():
            break
    else:
        raise SystemExit("some viewers were sent nothing")
    audience.forget()
    print("watching", flush=True)
    audience.watch(float(seconds))
    print(json.dumps(audience.found()), flush=True)


if __name__ == "__main__":
    main()
