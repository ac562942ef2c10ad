"""A viewer of streams: parses multipart as strictly as the strictest player, in a thread."""

import http.client
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType
from typing import Self

from tests.e2e.client import Client
from tests.waiting import wait_until
from vigil.domain.frame import FrameStamp, read_stamp
from vigil.errors import FrameInvalid

#: Seconds without a part after which a viewer takes the stream for broken.
SILENCE_S = 30.0
_LENGTH = re.compile(rb"Content-Length: ([0-9]+)\r\n")


@dataclass(frozen=True, slots=True)
class Part:
    """One picture of a stream.

    Attributes:
        at_s: When it had come, by time.monotonic.
    """

    at_s: float
    jpeg: bytes

    @property
    def stamp(self) -> FrameStamp | None:
        """Return which frame it shows; None: it is no frame, but a picture of web's own."""
        try:
            return read_stamp(self.jpeg)
        except FrameInvalid:
            return None


class FormInvalid(AssertionError):
    """The stream is not what the contract says."""


class Viewer:
    """Watches a stream until it ends or is left.

    Args:
        client: Who watches.
        path: Of the stream, with its query.
        headers: Beside the client's own.
    """

    def __init__(self, client: Client, path: str, **headers: str) -> None:
        self.parts: list[Part] = []
        self.has_ended = False
        self.ended_s = float("inf")
        self.fault: FormInvalid | None = None
        self._connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=SILENCE_S)
        self.began_s = time.monotonic()
        self._connection.request("GET", path, headers={**client.authorization(), **headers})
        self._answer = self._connection.getresponse()
        # Kept, because HTTPResponse gives it away at its end.
        self._socket = self._connection.sock or self._answer.fp
        self.status = self._answer.status
        self.headers: Mapping[str, str] = {
            name.lower(): value for name, value in self._answer.getheaders()
        }
        self._is_left = False
        self._thread = threading.Thread(target=self._watch, name=f"viewer {path}", daemon=True)
        if self.status == http.client.OK:
            self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Go, without a word."""
        self._is_left = True
        if self._thread.ident is not None:
            # The thread is at a read; the next part, or the end of patience, lets it see.
            self._thread.join(SILENCE_S)
        self._answer.close()
        self._connection.close()
        if self.fault is not None:
            raise self.fault

    def wait_for(self, count: int, *, timeout_s: float = SILENCE_S) -> list[Part]:
        """Return the next parts, of which there are at least count."""
        first = len(self.parts)
        self._wait(lambda: len(self.parts) >= first + count, timeout_s)
        return self.parts[first:]

    def wait_for_frame(self, *, timeout_s: float = SILENCE_S) -> Part:
        """Return the next part that shows a frame of the camera."""
        return self._next(is_frame=True, timeout_s=timeout_s)

    def wait_for_substitute(self, *, timeout_s: float = SILENCE_S) -> Part:
        """Return the next part that is a picture of web's own: no frame, or one with a banner."""
        return self._next(is_frame=False, timeout_s=timeout_s)

    def frames(self) -> list[Part]:
        """Return the parts that show frames, so far."""
        return [part for part in list(self.parts) if part.stamp is not None]

    def longest_gap_s(self, *, since_s: float, until_s: float | None = None) -> float:
        """Return the longest time without a frame, from since_s to until_s or now."""
        end_s = time.monotonic() if until_s is None else until_s
        came_s = [part.at_s for part in self.frames()]
        # From the last frame before since_s on, or the first moments would be for free.
        first_s = max((at_s for at_s in came_s if at_s <= since_s), default=since_s)
        times_s = [first_s, *(at_s for at_s in came_s if first_s < at_s <= end_s), end_s]
        return max(after - before for before, after in pairwise(times_s))

    def _next(self, *, is_frame: bool, timeout_s: float) -> Part:
        first = len(self.parts)
        found: list[Part] = []

        def came() -> bool:
            found[:] = [part for part in self.parts[first:] if (part.stamp is not None) is is_frame]
            return bool(found)

        self._wait(came, timeout_s)
        return found[0]

    def _wait(self, condition: Callable[[], object], timeout_s: float) -> None:
        wait_until(lambda: condition() or self.has_ended, timeout_s=timeout_s)
        if self.fault is not None:
            raise self.fault
        assert condition(), f"the stream ended after {len(self.parts)} parts"

    def _watch(self) -> None:
        try:
            while not self._is_left:
                jpeg = self._read_part()
                if jpeg is None:
                    break
                self.parts.append(Part(time.monotonic(), jpeg))
        except FormInvalid as fault:
            self.fault = fault
        except (OSError, http.client.HTTPException, ValueError):
            # The connection broke: an end too.
            pass
        finally:
            self.ended_s = time.monotonic()
            self.has_ended = True

    def _read_part(self) -> bytes | None:
        first = self._answer.readline()
        if not first:
            return None
        _demand(first == b"--frame\r\n", f"no boundary: {first[:80]!r}")
        kind = self._answer.readline()
        _demand(kind == b"Content-Type: image/jpeg\r\n", f"no content type: {kind[:80]!r}")
        length = _LENGTH.fullmatch(line := self._answer.readline())
        _demand(length is not None, f"no length: {line[:80]!r}")
        assert length is not None
        _demand(self._answer.readline() == b"\r\n", "no blank line")
        size = int(length[1])
        jpeg = self._answer.read(size)
        if len(jpeg) < size:
            return None
        _demand(self._answer.read(2) == b"\r\n", "no CRLF behind the picture")
        _demand(jpeg[:2] == b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9", "no whole JPEG")
        return jpeg


def _demand(is_right: bool, words: str) -> None:
    if not is_right:
        raise FormInvalid(words)
