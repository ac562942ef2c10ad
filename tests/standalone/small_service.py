"""A small service for tests of the supervisor. A script.

Answers ``GET /healthz`` on each port, and ``GET /environment`` with its environment. With
``--child`` it has a child that does nothing; with ``--deaf`` it and its child ignore SIGTERM.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override


class Handler(BaseHTTPRequestHandler):
    """Answers two paths."""

    def do_GET(self) -> None:
        """Answer."""
        body = json.dumps(dict(os.environ)).encode() if self.path == "/environment" else b"{}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, action="append", default=[])
    parser.add_argument("--child", action="store_true")
    parser.add_argument("--deaf", action="store_true")
    arguments = parser.parse_args()
    if arguments.deaf:
        # Inherited by the child, through exec too.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if arguments.child:
        subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
    for port in arguments.port:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
