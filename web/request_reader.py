"""How a request is read from a connection: strictly, and for so long and no longer.

Whatever two servers could read differently is refused, so that nothing can hide in a request from
the proxy in front. What is refused is never logged: an address can carry a stream token.
"""

import io
import json
import re
from http import HTTPStatus
from typing import Any, Final, cast
from wsgiref.types import WSGIEnvironment

import gevent
import structlog
from gevent import pywsgi
from typing_extensions import override

from web.settings import MAX_BODY_BYTES

log = structlog.get_logger(__name__)

#: A viewer that takes nothing for so long is dropped.
SEND_TIMEOUT_S: Final = 20.0
#: How long a caller may say nothing between two requests, and take for a line, for the headers.
HEAD_TIMEOUT_S: Final = 10.0
#: How long a caller may take for a body.
BODY_TIMEOUT_S: Final = 10.0
#: How long the rest of a refused body is read, so that the caller sees the answer.
LINGER_S: Final = 2.0
_MAX_HEAD_BYTES: Final = 64 * 1024
_MAX_HEADERS: Final = 100

# RFC 9112, sections 3 and 5: a token, visible characters, one blank each, and CRLF.
_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE: Final = re.compile(_NAME + r" [\x21-\x7e]+ HTTP/1\.[01]\r\n")
_HEADER_LINE: Final = re.compile(_NAME.encode() + rb":[\t\x20-\x7e\x80-\xff]*\r\n")
_LENGTH: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
#: Headers of which two would contradict each other.
_ONCE: Final = ("Host", "Content-Length", "Transfer-Encoding")


class RequestInvalid(ValueError):
    """What came is no request. The message holds nothing of it."""


class BodyRefused(Exception):
    """A body cannot be taken.

    Args:
        status: For the answer.
        message: For people.
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class RequestReader(pywsgi.WSGIHandler):  # type: ignore[misc]  # gevent has no types for it.
    """One connection: requests are read one after the other, and answered."""

    # A viewer that takes nothing is an everyday matter, as one that is gone, and no traceback.
    ignored_socket_errors = (*pywsgi.WSGIHandler.ignored_socket_errors, "timed out")

    @override
    def handle(self) -> None:
        self.socket.settimeout(SEND_TIMEOUT_S)
        super().handle()

    @override
    def read_requestline(self) -> str:
        # As an error of the socket: who says nothing is let go without an answer.
        with gevent.Timeout(HEAD_TIMEOUT_S, TimeoutError("no request in time")):
            return cast("str", super().read_requestline())

    @override
    def read_request(self, raw_requestline: str) -> bool:
        if not _REQUEST_LINE.fullmatch(raw_requestline):
            raise RequestInvalid("not a request line of HTTP/1.0 or HTTP/1.1")
        with gevent.Timeout(HEAD_TIMEOUT_S, RequestInvalid("no end of the headers in time")):
            super().read_request(raw_requestline)
        _check_framing(self.headers, self.request_version)
        self._ignore_upgrade()
        return True

    @override
    def MessageClass(self, *args: Any) -> Any:
        """Return the headers, of lines that are checked one by one."""
        head = io.BytesIO(_header_lines(self.rfile))
        headers = super().MessageClass(head)
        # Before pywsgi drops the length of a chunked body, and with it what contradicts.
        self._check_once(headers)
        return headers

    @override
    def get_environ(self) -> WSGIEnvironment:
        environ: WSGIEnvironment = super().get_environ()
        given = environ["wsgi.input"]
        self.wsgi_input: Any = _Body(
            self.rfile, given.content_length, given.socket, given.chunked_input
        )
        environ["wsgi.input"] = self.wsgi_input
        return environ

    @override
    def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
        log.info("request_refused", reason=str(ex), address=self.client_address[0])
        status = HTTPStatus.BAD_REQUEST
        body = error_body(status, f"This is no request: {ex}.")
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return str(status.value), head.encode() + body

    @staticmethod
    def _check_once(headers: Any) -> None:
        for name in _ONCE:
            if len(headers.get_all(name, [])) > 1:
                raise RequestInvalid(f"two headers {name}")
        length, coding = headers.get("Content-Length"), headers.get("Transfer-Encoding")
        if length is not None and coding is not None:
            raise RequestInvalid("a body with a length and in chunks")
        if length is not None and not _LENGTH.fullmatch(length):
            raise RequestInvalid("a length that is no number")

    def _ignore_upgrade(self) -> None:
        """Forget that the caller would like another protocol, as RFC 9110, 7.8 lets us."""
        words = {word.strip().lower() for word in self.headers.get("Connection", "").split(",")}
        is_old = self.request_version == "HTTP/1.0"
        self.close_connection = "keep-alive" not in words if is_old else "close" in words
        del self.headers["Connection"]
        del self.headers["Upgrade"]


class _Body(pywsgi.Input):  # type: ignore[misc]  # gevent has no types for it.
    """A request's body, whose rest is not waited for for ever."""

    __slots__ = ()

    def _discard(self) -> None:
        try:
            with gevent.Timeout(LINGER_S, ConnectionAbortedError("the body goes on")):
                super()._discard()
        except ValueError:
            raise ConnectionAbortedError("the body is not well formed") from None


def read_body(environ: WSGIEnvironment) -> bytes:
    """Return a request's body.

    Raises:
        BodyRefused: It is too long, comes too slowly, or is no body. The connection cannot go on.
    """
    too_long = BodyRefused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has at most {MAX_BODY_BYTES} bytes."
    )
    if int(environ.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
        raise too_long
    too_slow = BodyRefused(HTTPStatus.REQUEST_TIMEOUT, "The body did not come in time.")
    try:
        with gevent.Timeout(BODY_TIMEOUT_S, too_slow):
            body: bytes = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
    except (OSError, ValueError):
        raise BodyRefused(HTTPStatus.BAD_REQUEST, "The body is not well formed.") from None
    if len(body) > MAX_BODY_BYTES:
        raise too_long
    return body


def error_body(status: HTTPStatus, message: str) -> bytes:
    """Return the contract's shape of an error, for what the application never sees."""
    error = {"code": status.value, "status": status.phrase, "message": message}
    return json.dumps(error).encode()


def _header_lines(rfile: io.BufferedReader) -> bytes:
    """Return the lines of the headers with the blank one behind them.

    Raises:
        RequestInvalid: One is no header, or there are too many.
    """
    lines: list[bytes] = []
    left_bytes = _MAX_HEAD_BYTES
    while (line := rfile.readline(left_bytes)) != b"\r\n":
        left_bytes -= len(line)
        if left_bytes <= 0 or len(lines) >= _MAX_HEADERS:
            raise RequestInvalid("too many headers")
        if not _HEADER_LINE.fullmatch(line):
            raise RequestInvalid("a line that is no header")
        lines.append(line)
    return b"".join([*lines, b"\r\n"])


def _check_framing(headers: Any, version: str) -> None:
    """Refuse a body whose end is not told in the one way that we read.

    Raises:
        RequestInvalid: It is told in another.
    """
    coding = headers.get("Transfer-Encoding")
    if coding is not None and (coding.lower() != "chunked" or version != "HTTP/1.1"):
        raise RequestInvalid("a transfer coding that we do not read")
