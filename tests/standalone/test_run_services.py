"""The one command with the real services: from the demo camera to a browser's stream."""

import http.client
import json
import sys
from collections.abc import Iterator
from pathlib import Path

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
    # Given everything on one machine, when its demo camera is up (its clip is painted first)
    wait_until(lambda: _got(real, "/camera_status") == {"camera_1": "active"}, timeout_s=90)

    # Then its stream comes in parts, each a picture
    stream = http.client.HTTPConnection("127.0.0.1", real.port, timeout=10)
    stream.request("GET", "/get_stream/1")
    answer = stream.getresponse()
    assert answer.getheader("Content-Type") == "multipart/x-mixed-replace; boundary=frame"
    assert JPEG_START in answer.read(4096)
    stream.close()

    # And the end is one for all
    family = real.family()
    real.process.terminate()
    assert real.process.wait(timeout=30) == 0
    assert [process for process in family if not has_ended(process)] == []
    # Each service had a log of its own
    assert {"demo-camera.log", "ingest.log", "web.log"} <= {
        path.name for path in (real.home / "logs").iterdir()
    }


def _got(run: Run, path: str) -> object:
    connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=5)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
