"""The check of a volume, with everything real: afterwards files and rows agree."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recorder.footage.volume import Volume, open_volume
from tests.cameras import rtsp_camera
from tests.cameras.clips import SMALL, CardClip
from tests.e2e.machine import Machine
from tests.footage import Footage, footage_of
from tests.recorder.clips import frames_in, make_clip
from tests.recorder.written import Written, write_segment
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.connection import connect_single
from vigil.bus.facts.redis import RedisFactLog
from vigil.clock import MICROSECONDS, SystemClock
from vigil.domain.camera import CameraId
from vigil.facts import Fact

pytestmark = pytest.mark.timeout(300)

LIVE_S = 60.0
#: A camera that nobody can connect to, and need not.
NOWHERE = "rtsp://127.0.0.1:1/"


class Archive:
    """A volume beneath a machine whose recorder is off, and what is filed of it."""

    def __init__(self, machine: Machine, sent: Footage) -> None:
        self.machine, self.sent = machine, sent
        self.volume: Volume = open_volume(machine.folder / "footage", known=None)
        self._begun_us = 0

    def camera(self, name: str) -> int:
        return self.machine.admin.add_camera(name, NOWHERE, recognition="off")

    def write(self, camera_id: int) -> Written:
        """Write a file that begins behind all others."""
        now_us = SystemClock().utc_us()
        self._begun_us = max(now_us, self._begun_us + 10 * MICROSECONDS)
        return write_segment(self.volume, self.sent, camera_id, self._begun_us)

    def tell(self, *facts: Fact) -> None:
        """Tell facts, and wait until they are filed."""
        with connect_single(self.machine.queue.url) as queue:
            RedisFactLog(queue).append([fact.model_dump_json().encode() for fact in facts])
            wait_until(lambda: queue.xlen(keys.facts()) == 0, timeout_s=LIVE_S)

    def rows(self, camera_id: int) -> dict[str, Any]:
        found = self.machine.admin.get(f"/recordings?camera_id={camera_id}&limit=200").json
        return {each["begun_at"]: each for each in found}

    def ended(self, camera_id: int) -> list[bool]:
        return [each["ended_at"] is not None for each in self.rows(camera_id).values()]

    def files(self, camera_id: int) -> list[Path]:
        return sorted(self.volume.folder_of(CameraId(camera_id)).rglob("*.mp4"))

    def check(self) -> dict[str, int]:
        """Start a recorder, and wait for the end of its check; return what it counted."""
        before = len(_checks(self.machine))
        self.machine.start("record")
        wait_until(lambda: len(_checks(self.machine)) > before, timeout_s=LIVE_S)
        with connect_single(self.machine.queue.url) as queue:
            wait_until(lambda: queue.xlen(keys.facts()) == 0, timeout_s=LIVE_S)
        return _checks(self.machine)[-1]


def _checks(machine: Machine) -> list[dict[str, int]]:
    """Return what each check counted, by the log."""
    if not (machine.folder / "logs" / "record.log").exists():
        return []
    lines = machine.log_of("record").splitlines()
    return [json.loads(line) for line in lines if '"footage_checked"' in line]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return footage_of(make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=3))


@pytest.fixture
def archive(tmp_path: Path, sent: Footage) -> Iterator[Archive]:
    settings = {
        "SEGMENT_S": "2",
        "FOOTAGE_RESERVE_BYTES": "0",
        "FOOTAGE_PATH": str(tmp_path / "footage"),
    }
    with Machine(tmp_path, services=("web", "writer"), **settings) as machine:
        machine.admin.register("admin")
        yield Archive(machine, sent)


def test_files_and_rows_agree_after_the_check(archive: Archive) -> None:
    # Given a camera with files and rows of every fate
    door = archive.camera("Door")
    filed = [archive.write(door) for _ in range(3)]
    archive.tell(*(fact for each in filed for fact in (each.opened, each.done)))
    unfiled = [archive.write(door), archive.write(door).torn()]
    unended = archive.write(door).torn()
    archive.tell(unended.opened)
    missing = archive.write(door)
    archive.tell(missing.opened, missing.done)
    missing.path.unlink()
    # ... with files of others
    holiday = filed[0].path.with_name("holiday.mp4")
    holiday.write_bytes(b"mine")
    named_alike = filed[0].path.with_stem(filed[0].path.stem + "-1")
    named_alike.write_bytes(b"mine")
    # ... with a camera that was deleted, and one of which nobody knows anything
    yard = archive.camera("Yard")
    of_yard = archive.write(yard)
    archive.tell(of_yard.opened, of_yard.done)
    assert archive.machine.admin.delete(f"/cameras/{yard}").status == 200
    of_nobody = archive.write(999)

    # When a recorder starts
    counts = archive.check()

    # Then what it wrote is filed to its end, and what is filed is there
    whole = [*filed, *unfiled, unended]
    rows = archive.rows(door)
    assert len(rows) == len(whole)
    assert all(archive.ended(door))
    for each in whole:
        assert frames_in(each.path) > 20
    sizes = sorted(each["size_bytes"] for each in rows.values())
    assert sizes == sorted(each.path.stat().st_size for each in whole)
    # ... what is not ours, or of a camera that nobody knows, is as it was
    assert (holiday.read_bytes(), named_alike.read_bytes()) == (b"mine", b"mine")
    assert of_nobody.path.exists()
    # ... and of the deleted camera nothing is left
    assert not archive.volume.folder_of(CameraId(yard)).exists()
    wanted = {"files": 10, "adopted": 3, "missing": 1, "removed": 1, "of_no_camera": 1}
    assert {name: counts[name] for name in wanted} == wanted

    # And a second check finds nothing to do
    archive.machine.kill("record")
    counts = archive.check()
    assert {name: counts.get(name, 0) for name in wanted} == {
        "files": 9,
        "adopted": 0,
        "missing": 0,
        "removed": 0,
        "of_no_camera": 1,
    }
    assert archive.rows(door) == rows


def test_recording_starts_before_the_check_has_ended(archive: Archive, card_clip: CardClip) -> None:
    machine = archive.machine
    door = archive.camera("Door")
    unfiled = archive.write(door)
    machine.start("ingest")
    with rtsp_camera(card_clip(SMALL)) as camera:
        yard = machine.admin.add_camera("Yard", camera.url, recognition="off")
        wait_until(lambda: machine.admin.is_active(yard), timeout_s=LIVE_S)
        machine.admin.patch(f"/cameras/{yard}", {"recording": "continuous"})
        # Given that nobody files facts, nor answers
        machine.stop("writer")

        machine.start("record")
        wait_until(lambda: len(archive.files(yard)) >= 3, timeout_s=LIVE_S)
        assert _checks(machine) == []
        assert archive.rows(door) == {}

        # When the writer is back, and the queue Redis was emptied meanwhile
        with connect_single(machine.queue.url) as queue:
            queue.delete(keys.facts())
        machine.start("writer")
        wait_until(lambda: _checks(machine), timeout_s=LIVE_S)

        assert "footage_check_waits" in machine.log_of("record")
        wait_until(lambda: all(archive.ended(door)) and archive.rows(door), timeout_s=LIVE_S)
        machine.admin.patch(f"/cameras/{yard}", {"recording": "off"})
        machine.stop("record")
    # Then the camera's files are filed, too, of which facts were lost
    archive.check()
    assert len(archive.rows(yard)) == len(archive.files(yard))
    assert all(archive.ended(yard))
    assert unfiled.path.exists()
