"""Somebody at a browser, and the site that they look at."""

import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wsgi import ClosingIterator

from tests.web.worlds import PASSWORD, Caller

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def a_browser(*flags: str) -> Iterator[Browser]:
    """Give a Chromium without a window, with flags beside the usual ones."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        yield chromium
        chromium.close()


class Visitor:
    """Opens pages, and remembers what went wrong in any of them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.faults: list[str] = []

    def page(self, *, is_phone: bool = False) -> Page:
        """Return a page in a browser that has seen nothing of us yet."""
        width, height = (390, 844) if is_phone else (1280, 900)
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, has_touch=is_phone
        )
        context.set_default_timeout(10_000)
        self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._hear)
        return page

    def leave(self) -> None:
        """Close all pages."""
        for context in self._contexts:
            context.close()

    def _hear(self, said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            self.faults.append(said.text)


class Site:
    """An application at an address of its own, which can die and come back there.

    Attributes:
        app: Who answers from now on.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._port = 0
        self._running: tuple[BaseWSGIServer, threading.Thread] | None = None

    @property
    def address(self) -> str:
        """Return the URL of the site, without a slash at its end."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Begin to serve; at the same port as before."""
        server = make_server("127.0.0.1", self._port, self._answer, threaded=True)
        self._port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        """Serve no more: who connects is refused."""
        if self._running is None:
            return
        server, thread = self._running
        self._running = None
        server.shutdown()
        thread.join()
        server.server_close()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self.app(environ, start_response)
        if not environ["PATH_INFO"].startswith("/static/"):
            return answer
        # Werkzeug's server closes no answer whose browser left before it was sent: a file would
        # stay open. Files are short, so each is read and closed here; streams go as they are.
        with closing(ClosingIterator(answer)) as parts:
            return [b"".join(parts)]


def log_in(page: Page, caller: Caller) -> None:
    form = page.locator("#log-in")
    form.get_by_label("User name").fill(caller.username)
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button", name="Log in").click()


def draw_with_a_finger(page: Page, layer: str, parts: tuple[float, ...]) -> None:
    """Lay a finger on a layer and draw along its diagonal, by shares of its width and height."""
    bounds = page.locator(layer).bounding_box()
    assert bounds is not None
    first, *others = (
        {"x": bounds["x"] + bounds["width"] * part, "y": bounds["y"] + bounds["height"] * part}
        for part in parts
    )
    session = page.context.new_cdp_session(page)
    touch = "Input.dispatchTouchEvent"
    session.send(touch, {"type": "touchStart", "touchPoints": [first]})
    for point in others:
        session.send(touch, {"type": "touchMove", "touchPoints": [point]})
    session.send(touch, {"type": "touchEnd", "touchPoints": []})
