"""A checker of fencing: reads every boxed image that the media Redis accepted, as it does so."""

import re
import socket
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from standalone.servers.valkey import EmbeddedValkey

# A fenced write, and the write that the script does when the fence lets it through.
_ASKED = re.compile(
    rb'\[0 [^l\]]+\] "EVALSHA" "[0-9a-f]{40}" "[23]" "camera_(\d+)_boxed_image" '
    rb'(?:"[^"]*" ){1,2}"(\d+)"'
)
_DONE = re.compile(rb'\[0 lua\] "SET" "camera_(\d+)_boxed_image"')
#: What of a line is looked at: the picture comes behind it.
_HEAD_BYTES = 400


@dataclass(frozen=True, slots=True)
class Write:
    """A boxed image that somebody wanted to write, under an epoch of the recognition lease."""

    camera_id: int
    epoch: int
    is_accepted: bool


class BoxedWrites:
    """Follows MONITOR in a thread; ``writes`` is in the order of the server.

    Attributes:
        unexplained: Accepted writes of unknown askers; with any, it does not see enough.
    """

    def __init__(self, server: EmbeddedValkey) -> None:
        self.writes: list[Write] = []
        self.unexplained = 0
        self._asked: tuple[int, int] | None = None
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self._lines = self._socket.makefile("rb")
        self._socket.sendall(f"AUTH {server.password}\r\nMONITOR\r\n".encode())
        assert [self._lines.readline() for _ in range(2)] == [b"+OK\r\n"] * 2
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._follow, name="boxed writes", daemon=True)
        self._thread.start()

    def accepted(self) -> dict[int, list[int]]:
        """Return the epochs of the accepted writes of each camera, in order."""
        found: dict[int, list[int]] = {}
        for write in list(self.writes):
            if write.is_accepted:
                found.setdefault(write.camera_id, []).append(write.epoch)
        return found

    def refused(self) -> int:
        """Return how many writes were refused."""
        return sum(not write.is_accepted for write in list(self.writes))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._lines.close()
        self._socket.close()

    def _follow(self) -> None:
        while line := self._lines.readline():
            head = line[:_HEAD_BYTES]
            if self._asked is None and _DONE.search(head):
                self.unexplained += 1
            if self._asked is not None:
                # A script is all that the server does meanwhile: its own lines come next.
                done = _DONE.search(head)
                if done is not None or b"[0 lua]" not in head:
                    self.writes.append(Write(*self._asked, is_accepted=done is not None))
                    self._asked = None
            if asked := _ASKED.search(head):
                self._asked = (int(asked[1]), int(asked[2]))
