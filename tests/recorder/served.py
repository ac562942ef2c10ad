"""A page that shows one file, and the file, to a browser of a test."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Route

PAGE = '<video id="footage" src="/footage.mp4"></video>'


def served(path: Path) -> Any:
    """Return a server of a file that gives parts, or a browser would not seek."""
    content = path.read_bytes()

    def serve(route: Route) -> None:
        if not route.request.url.endswith(".mp4"):
            route.fulfill(body=PAGE, content_type="text/html")
            return
        begin = int(route.request.headers.get("range", "bytes=0-").split("=")[1].split("-")[0])
        headers = {
            "Accept-Ranges": "bytes",
            "Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}",
        }
        route.fulfill(status=206, headers=headers, body=content[begin:], content_type="video/mp4")

    return serve
