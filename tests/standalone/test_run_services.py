"""The one command with the real services: from the demo camera to a browser's stream."""

import http.client
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from standalone.processes.ports import free_port
from tests.standalone.processes import has_ended
from tests.standalone.runs import Run, running
from tests.waiting import wait_until

JPEG_START = b"\xff\xd8"


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Run]:
    """Give a run of everything that is ready."""
    argv = (sys.executable, "-m", "vigil", "run")
    with running(tmp_path / "home", port=free_port(), argv=argv) as run:
        assert run.process.poll() is None, run.said()
        yield run


def test_shows_the_demo_camera_and_ends_with_nothing_left(real: Run) -> None:
    # Given everything on one machine, and the account of who sits at it
    someone = {"username": "anna", "password": "correct horse"}
    _call(real, "POST", "/register", body={**someone, "email": "anna@example.org"})
    token = _call(real, "POST", "/login", body=someone)["access_token"]

    # When its demo camera is up (its clip is painted first)
    def is_up() -> bool:
        return bool(_call(real, "GET", "/camera_status", token=token) == {"camera_1": "active"})

    wait_until(is_up, timeout_s=90)

    # Then its stream comes in parts, each a picture
    stream = http.client.HTTPConnection("127.0.0.1", real.port, timeout=10)
    stream.request("GET", "/get_stream/1", headers={"Authorization": f"Bearer {token}"})
    answer = stream.getresponse()
    assert answer.getheader("Content-Type") == "multipart/x-mixed-replace; boundary=frame"
    assert JPEG_START in answer.read(4096)
    stream.close()

    # And what walks there is filed, with the camera where it was seen
    def has_walker() -> bool:
        found = _call(real, "GET", "/tracks?camera_id=1&label=person", token=token)
        return any(track["looks"] >= 3 for track in found)

    wait_until(has_walker, timeout_s=60)

    # And the end is one for all
    family = real.family()
    real.process.terminate()
    assert real.process.wait(timeout=30) == 0
    assert [process for process in family if not has_ended(process)] == []
    # Each service had a log of its own
    assert {"demo-camera.log", "ingest.log", "web.log", "writer.log"} <= {
        path.name for path in (real.home / "logs").iterdir()
    }


def _call(
    run: Run, method: str, path: str, *, body: object = None, token: str | None = None
) -> Any:
    """Return what web answers."""
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=10)
    try:
        connection.request(
            method, path, body=None if body is None else json.dumps(body), headers=headers
        )
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
