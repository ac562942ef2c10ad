"""How a caller came, as the application is told by our nginx, and by a proxy in front of that."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest
from flask import Flask, request, request_started

from standalone.processes.ports import free_port
from tests.waiting import wait_until
from tests.web.browsing import Site
from tests.web.conftest import WorldOf

pytestmark = pytest.mark.needs("nginx")

NGINX = Path(__file__).parents[2] / "nginx"
#: They share what Compose lets nginx have, however many processors the machine has.
WORKERS = 4
#: Of one caller: the scheme, the host and the address.
Came = tuple[str, str, str | None]
#: Starts nginx before an application; returns its port.
Door = Callable[[Flask], int]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with ExitStack() as opened:

        def open_door(app: Flask) -> int:
            site = Site(app)
            site.start()
            opened.callback(site.stop)
            port = free_port()
            nginx = start_nginx(tmp_path, port=port, application=site.address)
            opened.callback(nginx.wait)
            opened.callback(nginx.terminate)
            wait_until(lambda: answers(port))
            return port

        yield open_door


def test_it_has_as_many_workers_on_every_machine(tmp_path: Path) -> None:
    with start_nginx(tmp_path, port=free_port(), application="http://127.0.0.1:1") as nginx:
        try:
            wait_until(lambda: len(psutil.Process(nginx.pid).children()) == WORKERS)
        finally:
            nginx.terminate()


def start_nginx(folder: Path, *, port: int, application: str) -> subprocess.Popen[bytes]:
    text = (NGINX / "nginx.conf").read_text()
    for there, here in {
        "/tmp/": f"{folder}/",  # The container's own. First: ours may be below it.
        "listen 8080": f"listen 127.0.0.1:{port}",
        "http://web:5000": application,
        "/etc/nginx/proxy.conf": str(NGINX / "proxy.conf"),
    }.items():
        assert there in text
        text = text.replace(there, here)
    config = folder / "nginx.conf"
    config.write_text(text)
    # Its workers may be another user's.
    folder.chmod(0o755)
    program = shutil.which("nginx") or "nginx"
    return subprocess.Popen([program, "-c", str(config), "-g", "daemon off;"])


def answers(port: int) -> bool:
    try:
        ask(port, {})
    except ConnectionError:
        return False
    return True


def ask(port: int, headers: dict[str, str]) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/healthz", headers=headers)
        assert connection.getresponse().status == 200
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("proxies", "headers", "came"),
    [
        # Nobody but our nginx is believed
        (1, {}, ("http", "door.example", "127.0.0.1")),
        (
            1,
            {
                "X-Forwarded-For": "203.0.113.7",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": "evil.example",
            },
            ("http", "door.example", "127.0.0.1"),
        ),
        # And a proxy with TLS in front of it
        (
            2,
            {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"},
            ("https", "door.example", "203.0.113.7"),
        ),
        (
            2,
            {
                "X-Forwarded-For": "192.0.2.1, 203.0.113.7",
                "X-Forwarded-Proto": "gopher, https",
                "X-Forwarded-Host": "evil.example, vigil.example",
            },
            ("https", "vigil.example", "203.0.113.7"),
        ),
    ],
)
def test_each_proxy_is_believed_about_who_called_it(
    world_of: WorldOf, door: Door, proxies: int, headers: dict[str, str], came: Came
) -> None:
    app = world_of(trusted_proxies=proxies).app
    port, seen = door(app), []

    def note(_app: Flask, **_more: object) -> None:
        seen.append((request.scheme, request.host, request.remote_addr))

    with request_started.connected_to(note, app):
        ask(port, {"Host": "door.example", **headers})

    assert seen == [came]
