"""A web server in this process, for the answers that no stand-in of a camera gives."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typing_extensions import override

from standalone.demo.rtsp.auth import Credentials, Gate


@dataclass(slots=True)
class Answer:
    """What one path answers.

    Attributes:
        pieces: The body, piece by piece; the connection ends behind the last.
        length_bytes: The Content-Length to claim, whatever comes; None: none is given.
        etag: Answered by 304 when the client names it.
    """

    content_type: str
    pieces: Callable[[], Iterator[bytes]]
    status: int = HTTPStatus.OK
    length_bytes: int | None = None
    etag: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def body(content: bytes, content_type: str, **more: object) -> Answer:
    """Return an answer that is whole."""
    return Answer(
        content_type,
        lambda: iter([content]),
        length_bytes=len(content),
        **more,  # type: ignore[arg-type]
    )


class WebServer:
    """Answers each path as it was told, at any time anew."""

    def __init__(self, credentials: Credentials | None, certificate_folder: Path | None) -> None:
        self.answers: dict[str, Answer | Callable[[], Answer]] = {}
        self.requests: list[tuple[str, int]] = []
        self.authorizations: list[str] = []
        self.gate = Gate(credentials)
        self.stopped = threading.Event()
        handler = type("Handler", (_Handler,), {"web": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._scheme = "http"
        if certificate_folder is not None:
            self._scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(_own_certificate(certificate_folder))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=lambda: self._server.serve_forever(poll_interval=0.02)
        )
        self._thread.start()

    def url(self, path: str, user: str = "") -> str:
        """Return the URL of a path, with ``user:password`` percent-encoded if there is one."""
        at = f"{user}@" if user else ""
        return f"{self._scheme}://{at}127.0.0.1:{self._server.server_port}{path}"

    def statuses_of(self, path: str) -> list[int]:
        """Return how each request for a path was answered."""
        return [status for asked, status in self.requests if asked == path]

    def close(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def web_server(
    credentials: Credentials | None = None, *, certificate_folder: Path | None = None
) -> Iterator[WebServer]:
    """Serve until the block ends.

    Args:
        credentials: To ask for.
        certificate_folder: With one, by TLS, under a certificate that nobody vouches for.
    """
    server = WebServer(credentials, certificate_folder)
    try:
        yield server
    finally:
        server.close()


class _Handler(BaseHTTPRequestHandler):
    web: WebServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        answer = self.web.answers.get(self.path)
        authorization = self.headers.get("Authorization", "")
        self.web.authorizations.append(authorization)
        if not self.web.gate.admits("GET", authorization):
            challenge = {"WWW-Authenticate": self.web.gate.challenge(), "Content-Length": "0"}
            self._head(HTTPStatus.UNAUTHORIZED, challenge)
        elif answer is None:
            self._head(HTTPStatus.NOT_FOUND, {"Content-Length": "0"})
        else:
            self._give(answer if isinstance(answer, Answer) else answer())

    def _give(self, answer: Answer) -> None:
        headers = {"Content-Type": answer.content_type, **answer.headers}
        if answer.etag is not None:
            headers["ETag"] = answer.etag
            if self.headers.get("If-None-Match") == answer.etag:
                self._head(HTTPStatus.NOT_MODIFIED, headers)
                return
        if answer.length_bytes is None:
            self.close_connection = True
        else:
            headers["Content-Length"] = str(answer.length_bytes)
        self._head(answer.status, headers)
        sent_bytes = 0
        try:
            for piece in answer.pieces():
                if self.web.stopped.is_set():
                    return
                self.wfile.write(piece)
                sent_bytes += len(piece)
        except ConnectionError:
            self.close_connection = True
        if sent_bytes != answer.length_bytes:
            self.close_connection = True

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.web.requests.append((self.path, int(status)))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests ask for what they want to know."""


def _own_certificate(folder: Path) -> Path:
    """Write a key and a certificate that it signed itself into one file, as cameras have it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "camera")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "camera.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
