"""The HTTP server: streams in one gevent hub, everything that blocks in threads.

Nothing is monkey-patched. A request's body is read in the hub, the application then runs in a
thread of a bounded pool, where PostgreSQL and argon2 may block, and only the parts of a live
stream are sent from the hub. See docs/adr/0002-the-stream-server.md.
"""

import io
import logging
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import gevent
import gevent.socket
from gevent import pywsgi
from gevent.threadpool import ThreadPool

from vigil.errors import SetupInvalid
from web.live.stream import LiveStream
from web.request_reader import BodyRefused, RequestReader, error_body, read_body

#: Requests that may be answered at once; streams do not count.
THREADS = 16
#: Threads that read long bodies, such as footage: a disk that hangs holds up no other answer.
READERS = 4
#: A longer body is not held in memory, but made as its reader takes it, in pieces so large.
COLLECTED_BYTES, PIECE_BYTES = 2**20, 256 * 1024
#: What the kernel holds for one viewer at most: about two pictures, not a second of stale video.
SEND_BUFFER_BYTES = 256 * 1024
#: Callers that may wait to be accepted.
BACKLOG = 512
#: How often the main loop comes round.
TURN_S = 0.25
#: How long streams get to end when the server stops.
STOP_S = 1.0

_Headers = list[tuple[str, str]]


class Pieces:
    """A long body, made in threads piece by piece as its reader takes it.

    Args:
        body: It.
        length: How much of it was announced; no more is sent.
        pool: Where pieces are made.
    """

    def __init__(self, body: Iterable[bytes], *, length: int, pool: ThreadPool) -> None:
        self._body, self._left, self._pool = body, length, pool
        self._parts = iter(body)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces."""
        while self._left:
            piece = self._pool.apply(self._next)[: self._left]
            if not piece:
                return
            self._left -= len(piece)
            yield piece

    def close(self) -> None:
        """Let go of what it is made of."""
        close = getattr(self._body, "close", None)
        if close is not None:
            close()

    def _next(self) -> bytes:
        parts, size = [], 0
        while size < PIECE_BYTES and (part := next(self._parts, b"")):
            parts.append(part)
            size += len(part)
        return b"".join(parts)


class HubApplication:
    """Runs a WSGI application in threads, and its live streams in the hub."""

    def __init__(self, application: WSGIApplication, *, threads: int = THREADS) -> None:
        self._application = application
        self._pool = ThreadPool(threads)
        self._readers = ThreadPool(READERS)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            body = read_body(environ)
        except BodyRefused as refusal:
            return _refused(start_response, refusal)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        status, headers, answer = self._pool.apply(self._run, (environ,))
        start_response(status, headers)
        return cast("Iterable[bytes]", answer)

    def _run(self, environ: WSGIEnvironment) -> tuple[str, _Headers, Iterable[bytes]]:
        started: list[tuple[str, _Headers]] = []
        written: list[bytes] = []

        def start_response(
            status: str, headers: _Headers, _exc_info: Any = None
        ) -> Callable[[bytes], object]:
            started[:] = [(status, headers)]
            return written.append

        answer = self._application(environ, start_response)
        if isinstance(answer, LiveStream):
            [(status, headers)] = started
            return status, headers, answer
        # A body of no pieces yet: only then does it have to be asked for them.
        length = int(dict(started[0][1]).get("Content-Length", 0)) if started else 0
        if length > COLLECTED_BYTES and not written:
            answer = Pieces(answer, length=length, pool=self._readers)
        else:
            answer = written + _collected(answer)
        [(status, headers)] = started
        return status, headers, answer


class WebServer:
    """Serves one application at several addresses.

    Args:
        application: Runs in threads; see ``HubApplication``.
        host: To listen on, such as ``127.0.0.1``.
        ports: One server a port.

    Raises:
        SetupInvalid: A port is taken, or not ours to use.
    """

    def __init__(self, application: WSGIApplication, *, host: str, ports: Iterable[int]) -> None:
        hub_application = HubApplication(application)
        self._servers = [
            pywsgi.WSGIServer(
                _listener(host, port),
                hub_application,
                handler_class=RequestReader,
                # An address can carry a stream token, so pywsgi logs none; Flask's hooks do.
                log=None,
                error_log=logging.getLogger("web.server"),
            )
            for port in ports
        ]

    def start(self) -> None:
        """Begin to answer."""
        for server in self._servers:
            server.start()

    def run_once(self) -> None:
        """Let the hub work for a moment. That this returns proves that it turns."""
        gevent.sleep(TURN_S)

    def stop(self) -> None:
        """Refuse new callers and end the streams."""
        for server in self._servers:
            server.stop(timeout=STOP_S)


def _listener(host: str, port: int) -> gevent.socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = gevent.socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    # Head and body are sent apart. On a connection that is kept the second waited for the caller's
    # word that the first had come, which callers hold back for 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SetupInvalid(f"port {port} of {host} cannot be used: {error.strerror}") from error
    listener.listen(BACKLOG)
    return listener


def _collected(answer: Iterable[bytes]) -> list[bytes]:
    try:
        return list(answer)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()


def _refused(start_response: StartResponse, refusal: BodyRefused) -> list[bytes]:
    status = refusal.status
    start_response(
        f"{status.value} {status.phrase}",
        # What is left of the body was not read: the connection cannot go on.
        [("Content-Type", "application/json"), ("Connection", "close")],
    )
    return [error_body(status, str(refusal))]
