"""Cameras that are recorded when something moves, when somebody watches, or when they say so."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cameras import CameraProcess, rtsp_camera
from tests.cameras.clips import SMALL, CardClip
from tests.e2e.client import Client
from tests.e2e.machine import Machine
from tests.e2e.viewing import Viewer
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

LIVE_S = 40.0
#: From the moment at which nobody watches any more until the file is done.
ENDED_S = 20.0


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine that records, whose first account is logged in."""
    folder = tmp_path_factory.mktemp("machine")
    settings = {
        "FOOTAGE_RESERVE_BYTES": "0",
        "FOOTAGE_PATH": str(folder / "footage"),
        "MOTION_GATE": "true",
    }
    with Machine(folder, services=("web", "ingest", "writer", "record"), **settings) as it:
        it.admin.register("admin")
        yield it


@pytest.fixture(scope="module")
def camera(card_clip: CardClip) -> Iterator[CameraProcess]:
    with rtsp_camera(card_clip(SMALL)) as it:
        yield it


def _added(machine: Machine, camera: CameraProcess, name: str, **fields: Any) -> int:
    number = machine.admin.add_camera(name, camera.url, recognition="off", **fields)
    wait_until(lambda: machine.admin.is_active(number), timeout_s=LIVE_S)
    return number


def _files(machine: Machine, camera_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = machine.admin.get(f"/recordings?camera_id={camera_id}").json
    return found


def _is_waiting(machine: Machine, camera_id: int) -> bool:
    recorder = machine.admin.get(f"/recordings/{camera_id}/availability").json["recorder"]
    return recorder is not None and recorder["waiting"]


def _is_done(machine: Machine, camera_id: int) -> bool:
    files = _files(machine, camera_id)
    return bool(files) and all(each["ended_at"] is not None for each in files)


def test_a_viewer_has_a_camera_recorded_for_as_long_as_they_watch(
    machine: Machine, camera: CameraProcess
) -> None:
    number = _added(machine, camera, "Door", recording="manual")
    wait_until(lambda: _is_waiting(machine, number), timeout_s=LIVE_S)

    with Viewer(machine.admin, f"/get_stream/{number}?record=1") as viewer:
        viewer.wait_for_frame()
        wait_until(lambda: _files(machine, number), timeout_s=LIVE_S)

    wait_until(lambda: _is_done(machine, number), timeout_s=ENDED_S)
    wait_until(lambda: _is_waiting(machine, number), timeout_s=LIVE_S)


def test_who_may_not_record_may_watch_without(machine: Machine, camera: CameraProcess) -> None:
    number = _added(machine, camera, "Hall", recording="manual")
    viewer = Client(machine.port)
    viewer.register("viewer")
    machine.admin.put(f"/cameras/{number}/grants/{viewer.account_uuid}")

    with Viewer(viewer, f"/get_stream/{number}?record=1") as refused:
        assert refused.status == 403
    with Viewer(viewer, f"/get_stream/{number}") as watching:
        watching.wait_for_frame()
    assert _files(machine, number) == []


def test_what_moves_is_recorded(machine: Machine, camera: CameraProcess) -> None:
    number = _added(machine, camera, "Yard", recording="motion")

    # The clip's card moves all the time
    wait_until(lambda: _files(machine, number), timeout_s=LIVE_S)
