"""A real HTTP server of one file, with the faults that real servers have."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from typing_extensions import override


class FileServer:
    """Serves content on 127.0.0.1, and what a path says instead.

    Any path gives the file, resumable by ETag, but for those that ``do_GET`` names.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.etag = '"one"'
        #: /cut breaks off after this share of the file.
        self.cut_after_bytes = len(content) // 2
        self.requests: list[tuple[str, str | None]] = []
        self.stopped = threading.Event()
        handler = type("Handler", (_Handler,), {"files": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def ranges(self) -> list[str | None]:
        """The Range header of each request."""
        return [wanted for _, wanted in self.requests]

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)

    def close(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def served(content: bytes) -> Iterator[FileServer]:
    """Serve until the block ends."""
    server = FileServer(content)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    files: ClassVar[FileServer]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.files.requests.append((self.path, self.headers.get("Range")))
        self.close_connection = True
        content = self.files.content
        is_first = len(self.files.requests) == 1
        answers: dict[str, Callable[[], object]] = {
            "/loop": lambda: self._redirect("/loop"),
            "/moved": lambda: self._redirect("/good/best.pt"),
            "/to-nobody": lambda: self._redirect("http://models..invalid/best.onnx"),
            "/to-file": lambda: self._redirect("file:///etc/passwd"),
            "/cut": lambda: self._answer_range(content, cut=True),
            "/no-range": lambda: self._answer(200, content, cut=is_first),
            "/slow": lambda: self._drip(content),
            "/silent": lambda: self.files.stopped.wait(10),
            "/long": lambda: self._answer(200, content, announced=len(content) * 10),
            "/endless": lambda: self._answer(200, content * 3, announced=None),
            "/glued": lambda: self._answer_range(b"?" * len(content), cut=is_first),
        }
        if path.startswith("/status/"):
            self._answer(int(path.rsplit("/", 1)[1]), b"sorry")
        else:
            answers.get(path, lambda: self._answer_range(content))()

    def _answer_range(self, content: bytes, *, cut: bool = False) -> None:
        wanted = self.headers.get("Range")
        if wanted is None or self.headers.get("If-Range") != self.files.etag:
            self._answer(200, content, cut=cut)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if start >= len(content):
            self._answer(416, b"")
            return
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self._send(content[start:], announced=len(content) - start, cut=cut)

    def _answer(
        self, status: int, content: bytes, *, cut: bool = False, announced: int | None = -1
    ) -> None:
        self.send_response(status)
        self._send(content, announced=len(content) if announced == -1 else announced, cut=cut)

    def _send(self, content: bytes, *, announced: int | None, cut: bool) -> None:
        self.send_header("ETag", self.files.etag)
        if announced is not None:
            self.send_header("Content-Length", str(announced))
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(OSError):  # The client had enough.
            self.wfile.write(content[: self.files.cut_after_bytes] if cut else content)

    def _drip(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for byte in content:
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                return
            if self.files.stopped.wait(0.02):
                return

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Connection", "close")
        self.send_header("Content-Length", "0")
        self.end_headers()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        pass
