"""The footage and the machine that the tests of a module share."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cameras import CameraProcess, rtsp_camera
from tests.e2e.client import PASSWORD
from tests.e2e.faults import LIVE_S
from tests.e2e.footage import Footage, street
from tests.e2e.machine import Machine
from tests.e2e.viewing import Viewer
from tests.waiting import wait_until

CAMERAS = 4

#: Of the cameras that ask for one; no log may hold it.
CAMERA_USER, CAMERA_PASSWORD = "viewer", "f0otage-pa55"


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Give a street in which somebody always walks."""
    return street(tmp_path_factory.mktemp("footage"))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine with everything running, whose first account is logged in."""
    with Machine(tmp_path_factory.mktemp("machine")) as it:
        it.admin.register("admin")
        yield it
        assert it.leaks(PASSWORD, CAMERA_PASSWORD) == []


@pytest.fixture(scope="module")
def camera(small_clip: Path) -> Iterator[CameraProcess]:
    """Give the camera that all of the machine's cameras are."""
    with rtsp_camera(small_clip) as it:
        yield it


@pytest.fixture(scope="module")
def camera_ids(machine: Machine, camera: CameraProcess) -> list[int]:
    """Give the numbers of cameras that are live, and shared by two recognisers."""
    numbers = [machine.admin.add_camera(f"Camera {n}", camera.url) for n in range(CAMERAS)]
    wait_until(lambda: machine.admin.is_active(*numbers), timeout_s=LIVE_S)
    return numbers


@pytest.fixture
def boxed(machine: Machine, camera_ids: list[int]) -> Iterator[list[Viewer]]:
    """Give a viewer at each recognised stream, all of which show frames."""
    with ExitStack() as watching:
        viewers = [
            watching.enter_context(Viewer(machine.admin, f"/recognized_stream/{each}"))
            for each in camera_ids
        ]
        for viewer in viewers:
            viewer.wait_for_frame(timeout_s=LIVE_S)
        yield viewers


@pytest.fixture
def raw(machine: Machine, camera_ids: list[int]) -> Iterator[Viewer]:
    """Give a viewer at the first camera's stream."""
    with Viewer(machine.admin, f"/get_stream/{camera_ids[0]}") as viewer:
        viewer.wait_for_frame(timeout_s=LIVE_S)
        yield viewer
