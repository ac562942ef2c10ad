"""From a camera to a clip that somebody downloads, with the recorder killed on the way."""

import hashlib
import io
import json
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from bench.true_packets import Coding, count_decoded, missing_of, packets_of, write_clip
from tests.cameras import CameraProcess, rtsp_camera
from tests.e2e.client import Client
from tests.e2e.machine import Machine
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

LIVE_S, MADE_S = 60.0, 30.0
#: Longer than what two files may hold both.
CLIP_S = 20
FPS = 25


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine that records and exports, whose first account is logged in."""
    folder = tmp_path_factory.mktemp("machine")
    settings = {
        "SEGMENT_S": "4",
        "FOOTAGE_RESERVE_BYTES": "0",
        "FOOTAGE_PATH": str(folder / "footage"),
    }
    services = ("web", "ingest", "writer", "record", "jobs")
    with Machine(folder, services=services, **settings) as it:
        it.admin.register("admin")
        yield it


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return write_clip(path, Coding("libx264", b_frames=2), seconds=CLIP_S)


@pytest.fixture(scope="module")
def camera(clip: Path) -> Iterator[CameraProcess]:
    with rtsp_camera(clip) as it:
        yield it


@pytest.fixture(scope="module")
def camera_id(machine: Machine, camera: CameraProcess) -> int:
    """Give the number of a camera that is being recorded, by the second recorder."""
    number = machine.admin.add_camera("Yard", camera.url, recognition="off", recording="continuous")
    wait_until(lambda: len(_files(machine, number)) >= 3, timeout_s=LIVE_S)
    machine.kill("record")
    machine.start("record")
    before = len(_files(machine, number))
    wait_until(lambda: len(_files(machine, number)) >= before + 3, timeout_s=LIVE_S)
    return number


def _files(machine: Machine, camera_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = machine.admin.get(f"/recordings?camera_id={camera_id}").json
    return sorted(found, key=lambda each: str(each["begun_at"]))


def _safe_until(machine: Machine, camera_id: int) -> datetime:
    said = machine.admin.get(f"/recordings/{camera_id}/availability").json["recorder"]
    return datetime.fromisoformat(said["safe_until"])


def _exported(who: Client, **body: Any) -> dict[str, Any]:
    """Ask for an export, and return it when it is done."""
    asked = who.post("/exports", body)
    assert asked.status == 201, asked.body
    path = f"/exports/{asked.json['id']}"
    wait_until(lambda: who.get(path).json["state"] not in {"queued", "running"}, timeout_s=MADE_S)
    found: dict[str, Any] = who.get(path).json
    assert found["state"] == "done", found
    return found


def _downloaded(who: Client, export: dict[str, Any], path: Path) -> Path:
    answer = who.get(f"/exports/{export['id']}/file")
    assert answer.status == 200
    assert len(answer.body) == export["size_bytes"]
    path.write_bytes(answer.body)
    return path


def test_what_the_camera_sent_comes_down_packet_by_packet(
    machine: Machine, camera_id: int, clip: Path, tmp_path: Path
) -> None:
    # When somebody exports from within the first file into the one that grows now
    begun = datetime.fromisoformat(_files(machine, camera_id)[0]["begun_at"])
    until = begun + timedelta(seconds=20)
    since = begun + timedelta(seconds=3)
    wait_until(lambda: _safe_until(machine, camera_id) > until, timeout_s=LIVE_S)
    export = _exported(
        machine.admin,
        camera_ids=[camera_id],
        since=since.isoformat(),
        until=until.isoformat(),
    )
    path = _downloaded(machine.admin, export, tmp_path / "clip.mp4")

    # Then each packet is there once, in order, and is the camera's own
    packets = packets_of(path)
    assert missing_of(packets, packets_of(clip)) == 0
    assert count_decoded(path) == len(packets)
    assert export["gaps"] == []
    begins = datetime.fromisoformat(export["begun_at"])
    assert timedelta() <= since - begins <= timedelta(seconds=2.1)
    covered = datetime.fromisoformat(export["covered_until"]) - begins
    assert len(packets) == pytest.approx(covered.total_seconds() * FPS, abs=2)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == export["sha256"]


def test_exactly_the_frames_that_were_asked_for(
    machine: Machine, camera_id: int, tmp_path: Path
) -> None:
    begun = datetime.fromisoformat(_files(machine, camera_id)[0]["begun_at"])
    since = begun + timedelta(seconds=3.02)

    export = _exported(
        machine.admin,
        camera_ids=[camera_id],
        since=since.isoformat(),
        until=(since + timedelta(seconds=2)).isoformat(),
        exact=True,
    )

    path = _downloaded(machine.admin, export, tmp_path / "exact.mp4")
    assert count_decoded(path) == pytest.approx(2 * FPS, abs=1)
    assert datetime.fromisoformat(export["begun_at"]) == since


def test_a_zip_proves_what_it_holds(machine: Machine, camera_id: int, tmp_path: Path) -> None:
    other = machine.admin.add_camera("Gate/2", "rtsp://127.0.0.1:9/none")
    begun = datetime.fromisoformat(_files(machine, camera_id)[0]["begun_at"])

    export = _exported(
        machine.admin,
        camera_ids=[camera_id, other],
        since=(begun - timedelta(seconds=10)).isoformat(),
        until=(begun + timedelta(seconds=8)).isoformat(),
        kind="zip",
    )

    answer = machine.admin.get(f"/exports/{export['id']}/file")
    with ZipFile(io.BytesIO(answer.body)) as found:
        found.extractall(tmp_path)
    command = ["sha256sum", "-c", "SHA256SUMS"]
    checked = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    yard, gate = manifest["cameras"]
    [file] = yard["files"]
    assert count_decoded(tmp_path / file["path"]) > 0
    assert [each["ended_at"] for each in yard["gaps"]] == [begun.isoformat()]
    assert (gate["name"], gate["files"]) == ("Gate/2", [])
    assert len(gate["gaps"]) == 1
    assert len(export["gaps"]) == 2


def test_a_player_gets_it_in_parts_by_a_signed_address(machine: Machine, camera_id: int) -> None:
    begun = datetime.fromisoformat(_files(machine, camera_id)[0]["begun_at"])
    export = _exported(
        machine.admin,
        camera_ids=[camera_id],
        since=begun.isoformat(),
        until=(begun + timedelta(seconds=4)).isoformat(),
    )
    url = machine.admin.sign(f"/exports/{export['id']}/file")

    stranger = Client(machine.port)
    part = stranger.get(url, Range="bytes=100-199")

    assert (part.status, len(part.body)) == (206, 100)
    assert part.headers["content-range"] == f"bytes 100-199/{export['size_bytes']}"


def test_what_is_deleted_is_gone_from_the_disk(machine: Machine, camera_id: int) -> None:
    begun = datetime.fromisoformat(_files(machine, camera_id)[0]["begun_at"])
    export = _exported(
        machine.admin,
        camera_ids=[camera_id],
        since=begun.isoformat(),
        until=(begun + timedelta(seconds=4)).isoformat(),
    )
    folder = machine.folder / "footage" / "exports"
    files = {each.name for each in folder.iterdir()}

    assert machine.admin.delete(f"/exports/{export['id']}").status == 204
    assert machine.admin.get(f"/exports/{export['id']}/file").status == 409

    # The jobs look each half minute
    wait_until(lambda: len(files - {each.name for each in folder.iterdir()}) == 2, timeout_s=45)
    # And footage is where it was
    assert machine.admin.get(f"/recordings/{camera_id}/availability").json["gaps"] == []
