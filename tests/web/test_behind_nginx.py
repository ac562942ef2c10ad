"""How a caller came, as our nginx tells the application; and files that nginx sends for it."""

import gzip
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path

import psutil
import pytest
from flask import Flask, request, request_started

from standalone.processes.ports import free_port
from tests.footage import footage_of
from tests.waiting import wait_until
from tests.web.browsing import Site
from tests.web.conftest import WorldOf
from tests.web.recorded import Archive, parsed, playlist_path
from tests.web.worlds import Caller
from web.access.rights import Role
from web.wiring import EXTENSION

pytestmark = pytest.mark.needs("nginx")

NGINX = Path(__file__).parents[2] / "nginx"
#: They share what Compose lets nginx have, however many processors the machine has.
WORKERS = 4
#: Of one caller: the scheme, the host and the address.
Told = tuple[str, str, str | None]
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
            footage = app.extensions[EXTENSION].settings.footage_folder()
            nginx = start_nginx(tmp_path, port=port, application=site.address, footage=footage)
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


def start_nginx(
    folder: Path, *, port: int, application: str, footage: Path | None = None
) -> subprocess.Popen[bytes]:
    text = (NGINX / "nginx.conf").read_text()
    for there, here in {
        "/tmp/": f"{folder}/",  # The container's own. First: ours may be below it.
        "listen 8080": f"listen 127.0.0.1:{port}",
        "http://web:5000": application,
        "/etc/nginx/proxy.conf": str(NGINX / "proxy.conf"),
        "alias /footage/": f"alias {footage or folder}/",
    }.items():
        assert there in text
        text = text.replace(there, here)
    config = folder / "nginx.conf"
    config.write_text(text)
    # In its container it is one user, without rights; as root its workers would be another one.
    user = "user root;" if os.geteuid() == 0 else ""
    program = shutil.which("nginx") or "nginx"
    return subprocess.Popen([program, "-c", str(config), "-g", f"daemon off;{user}"])


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
    world_of: WorldOf, door: Door, proxies: int, headers: dict[str, str], came: Told
) -> None:
    app = world_of(trusted_proxies=proxies).app
    port, seen = door(app), []

    def note(_app: Flask, **_more: object) -> None:
        seen.append((request.scheme, request.host, request.remote_addr))

    with request_started.connected_to(note, app):
        ask(port, {"Host": "door.example", **headers})

    assert seen == [came]


@dataclass(frozen=True)
class Came:
    """What came by nginx, read to its end."""

    status: int
    headers: HTTPMessage
    body: bytes


def get(port: int, path: str, who: Caller, **headers: str) -> Came:
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        given = {"Authorization": f"Bearer {who.access_token}", **headers}
        connection.request("GET", path, headers=given)
        with connection.getresponse() as answer:
            return Came(answer.status, answer.headers, answer.read())


@pytest.fixture
def archive(world_of: WorldOf, small_clip: Path) -> Archive:
    """Give a file of footage that nginx is to send."""
    archive = Archive(world_of(trusted_proxies=1, footage_by_nginx=True))
    camera_id = archive.world.camera()
    assert camera_id == 1
    archive.record(camera_id, footage_of(small_clip), segment_s=60)
    return archive


def test_nginx_sends_footage_whole_and_in_ranges(archive: Archive, door: Door) -> None:
    [file] = archive.files()
    port, admin, content = door(archive.world.app), archive.world.admin(), file.read_bytes()

    whole = get(port, "/recordings/files/1", admin)
    assert (whole.status, whole.body) == (200, content)
    assert whole.headers["Content-Type"] == "video/mp4"
    assert whole.headers["Cache-Control"] == "no-store"
    assert "inline" in whole.headers["Content-Disposition"]
    assert "X-Accel-Redirect" not in whole.headers
    part = get(port, "/recordings/files/1", admin, Range="bytes=100-199")
    assert (part.status, part.body) == (206, content[100:200])
    beyond = get(port, "/recordings/files/1", admin, Range=f"bytes={len(content)}-")
    assert beyond.status == 416


def test_nginx_sends_footage_to_nobody_whom_the_application_does_not_let(
    archive: Archive, door: Door
) -> None:
    [file] = archive.files()
    port, stranger = door(archive.world.app), archive.world.person(Role.VIEWER)

    assert get(port, "/recordings/files/1", stranger).status == 404
    inside = f"/_footage/{file.relative_to(archive.folder)}"
    for path in (inside, f"/{inside}", inside.replace("_", "%5f")):
        outside = get(port, path, archive.world.admin())
        assert (outside.status, outside.headers["Content-Type"]) == (404, "application/json")


def test_a_file_that_is_deleted_before_nginx_opens_it_is_said_to_be_gone(
    archive: Archive, door: Door
) -> None:
    # Given one that the application finds, and nginx does not any more
    [file] = archive.files()
    port = door(archive.world.app)
    elsewhere = archive.folder.with_name("elsewhere")
    shutil.copytree(archive.folder, elsewhere)
    archive.world.wiring.volumes._folders = (elsewhere,)
    file.unlink()

    answer = get(port, "/recordings/files/1", archive.world.admin())

    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")
    assert b"it was deleted" in answer.body


def test_a_playlist_is_compressed_on_its_way(archive: Archive, door: Door) -> None:
    port = door(archive.world.app)
    headers = {"Accept-Encoding": "gzip"}
    answer = get(port, playlist_path(1, 0), archive.world.admin(), **headers)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert parsed(gzip.decompress(answer.body).decode()).uris() == ["../files/1"]
