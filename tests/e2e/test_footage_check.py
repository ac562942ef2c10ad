"""The check of a volume, with everything real: afterwards files and rows agree."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
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

    def __init__(self, machine: Machine, folder: Path, sent: Footage) -> None:
        self.machine, self.sent = machine, sent
        self.volume: Volume = open_volume(folder / "footage", known=None)
        self._recorders: set[str] = set()
        self._begun_us = 0

    def camera(self) -> int:
        name = f"camera {uuid4()}"
        return self.machine.admin.add_camera(name, NOWHERE, recognition="off")

    def start(self, name: str) -> None:
        """Start a recorder on the volume."""
        self._recorders.add(name)
        self.machine.start(name, FOOTAGE_PATH=str(self.volume.path))

    def close(self) -> None:
        for name in self._recorders:
            self.machine.kill(name)

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

    def copies(self, camera_id: int, *, days: int, each: int) -> int:
        """Write many files, of days to come; return how many there are."""
        content = self.write(camera_id).path.read_bytes()
        today = self.files(camera_id)[0].parent
        for day in range(1, days + 1):
            folder = today.with_name(f"{datetime.now(UTC) + timedelta(days=day):%Y-%m-%d}")
            folder.mkdir(exist_ok=True)
            for second in range(each):
                name = f"{second // 3600:02}-{second // 60 % 60:02}-{second % 60:02}.000000Z.mp4"
                (folder / name).write_bytes(content)
        return days * each + 1

    def paths(self) -> set[str]:
        """Return what lies on the volume."""
        return {str(path.relative_to(self.volume.path)) for path in self.volume.path.rglob("*.mp4")}

    def filed(self) -> set[str]:
        """Return what is filed of it."""
        query = "SELECT path FROM segments WHERE volume = %s AND ended_at IS NOT NULL"
        url = self.machine.postgres.url
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(query, (str(self.volume.volume_id),))
            return {path for (path,) in cursor.fetchall()}

    def check(self) -> dict[str, int]:
        """Start a recorder, and wait for the end of its check; return what it counted."""
        before = len(_checks(self.machine))
        self.start("record")
        wait_until(lambda: len(_checks(self.machine)) > before, timeout_s=LIVE_S)
        with connect_single(self.machine.queue.url) as queue:
            wait_until(lambda: queue.xlen(keys.facts()) == 0, timeout_s=LIVE_S)
        return _checks(self.machine)[-1]


def _checks(machine: Machine, name: str = "record") -> list[dict[str, int]]:
    """Return what each check of a recorder counted, by its log."""
    if not (machine.folder / "logs" / f"{name}.log").exists():
        return []
    lines = machine.log_of(name).splitlines()
    return [json.loads(line) for line in lines if '"footage_checked"' in line]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return footage_of(make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=3))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    # Some of what lies there is years old, and none of it is to go for that.
    settings = {"SEGMENT_S": "2", "FOOTAGE_RESERVE_BYTES": "0", "FOOTAGE_KEPT_DAYS": "3650"}
    folder = tmp_path_factory.mktemp("machine")
    with Machine(folder, services=("web", "writer"), **settings) as machine:
        machine.admin.register("admin")
        yield machine


@pytest.fixture
def archive(machine: Machine, tmp_path: Path, sent: Footage) -> Iterator[Archive]:
    """Give a volume of its own, whose recorders are gone in the end."""
    archive = Archive(machine, tmp_path, sent)
    yield archive
    archive.close()


def test_files_and_rows_agree_after_the_check(archive: Archive) -> None:
    # Given a camera with files and rows of every fate
    door = archive.camera()
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
    yard = archive.camera()
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


def test_a_second_check_finds_nothing_to_do(archive: Archive) -> None:
    door = archive.camera()
    for _ in range(3):
        archive.write(door).torn()
    missing = archive.write(door)
    archive.tell(missing.done)
    missing.path.unlink()
    first = archive.check()
    assert (first["adopted"], first["missing"]) == (3, 1)
    rows = archive.rows(door)

    archive.machine.kill("record")
    second = archive.check()

    assert (second["files"], second.get("adopted", 0), second["missing"]) == (3, 0, 0)
    assert archive.rows(door) == rows


def test_recording_starts_before_the_check_has_ended(archive: Archive, card_clip: CardClip) -> None:
    machine = archive.machine
    door = archive.camera()
    unfiled = archive.write(door)
    machine.start("ingest")
    with rtsp_camera(card_clip(SMALL)) as camera:
        yard = machine.admin.add_camera("Yard", camera.url, recognition="off")
        wait_until(lambda: machine.admin.is_active(yard), timeout_s=LIVE_S)
        machine.admin.patch(f"/cameras/{yard}", {"recording": "continuous"})
        # Given that nobody files facts, nor answers
        machine.stop("writer")

        checks = len(_checks(machine))
        archive.start("record")
        wait_until(lambda: len(archive.files(yard)) >= 3, timeout_s=LIVE_S)
        assert len(_checks(machine)) == checks
        assert archive.rows(door) == {}

        # When the writer is back, and the queue Redis was emptied meanwhile
        with connect_single(machine.queue.url) as queue:
            queue.delete(keys.facts())
        machine.start("writer")
        wait_until(lambda: len(_checks(machine)) > checks, timeout_s=LIVE_S)

        assert "footage_check_waits" in machine.log_of("record")
        wait_until(lambda: all(archive.ended(door)) and archive.rows(door), timeout_s=LIVE_S)
        machine.admin.patch(f"/cameras/{yard}", {"recording": "off"})
        machine.stop("record")
    machine.stop("ingest")
    # Then the camera's files are filed, too, of which facts were lost
    archive.check()
    assert len(archive.rows(yard)) == len(archive.files(yard))
    assert all(archive.ended(yard))
    assert unfiled.path.exists()


def test_a_recorder_that_is_killed_in_the_midst_of_its_check_does_it_again(
    archive: Archive,
) -> None:
    # Given more files than are told of in a moment, of which nothing is filed
    door = archive.camera()
    count = archive.copies(door, days=20, each=200)

    # When recorders are killed soon after something was filed of what they found
    for _ in range(3):
        before = len(archive.filed())
        archive.start("record")
        wait_until(lambda: len(archive.filed()) > before, timeout_s=LIVE_S)  # noqa: B023
        archive.machine.kill("record")
        assert len(archive.filed()) < count
    archive.check()

    # Then the last one files what is left
    assert len(archive.paths()) == count
    assert archive.filed() == archive.paths()


def test_two_recorders_that_check_one_volume_at_once_do_no_harm(archive: Archive) -> None:
    door = archive.camera()
    gone = [archive.write(door) for _ in range(3)]
    archive.tell(*(fact for each in gone for fact in (each.opened, each.done)))
    for each in gone:
        each.path.unlink()
    torn = [archive.write(door).torn() for _ in range(3)]
    count = archive.copies(door, days=3, each=100) + len(torn)

    recorders = ("record-1", "record-2")
    for name in recorders:
        archive.start(name)
    for name in recorders:
        wait_until(lambda: _checks(archive.machine, name), timeout_s=LIVE_S)  # noqa: B023
    wait_until(lambda: archive.filed() == archive.paths(), timeout_s=LIVE_S)

    assert len(archive.paths()) == count
    for each in torn:
        assert frames_in(each.path) > 20


def test_the_footage_of_a_camera_that_is_deleted_goes_from_the_disk(archive: Archive) -> None:
    door, yard = archive.camera(), archive.camera()
    stays, goes = archive.write(door), archive.write(yard)
    archive.tell(stays.done, goes.done)
    archive.check()

    assert archive.machine.admin.delete(f"/cameras/{yard}").status == 200

    wait_until(lambda: not archive.volume.folder_of(CameraId(yard)).exists(), timeout_s=LIVE_S)
    assert stays.path.exists()
    assert archive.filed() == archive.paths()


def test_a_database_that_was_made_anew_deletes_nothing(archive: Archive) -> None:
    # Given footage of a camera that this database does not know, and a camera of the same number
    # that was added, recorded and deleted since
    of_others = archive.write(999)
    door = archive.camera()
    old = write_segment(archive.volume, archive.sent, door, 1_700_000_000 * MICROSECONDS)
    new = archive.write(door)
    archive.tell(new.done)
    assert archive.machine.admin.delete(f"/cameras/{door}").status == 200

    counts = archive.check()

    assert archive.paths() == {old.done.path, of_others.done.path}
    assert (counts["of_no_camera"], counts["removed"]) == (2, 1)
