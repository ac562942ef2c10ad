"""A real recorder on a disk that is small: what it deletes, and when it stops."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recorder.footage.volume import PROTECTED, Volume, open_volume
from standalone.servers.valkey import EmbeddedValkey
from tests.footage import footage_of
from tests.recorder.clips import FPS, make_clip, payloads_of
from tests.recorder.street import CAMERA, CLIP_S, START_S, Street
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.connection import connect_single
from vigil.bus.footage.redis import RedisFootageStore
from vigil.bus.status.redis import RedisStatusBoard
from vigil.clock import SystemClock
from vigil.facts import GapFact, SegmentDeleted, decode_fact
from vigil.footage_document import CameraProtections, ProtectedSpan
from vigil.messages import GapReason, RecordingStatus

pytestmark = pytest.mark.needs("tmpfs")

#: Pictures of a camera that sends its clip again and again.
SENT = 23 * FPS
DISK_BYTES, RESERVE_BYTES = 4 * 2**20, 2**20
OLD_BYTES = 64 * 1024
MINUTE_US = 60_000_000
#: A recorder looks each five seconds, and asks each two.
SOON_S = 20.0


class SmallDisk:
    """A recorder whose footage lies on a disk of 4 MiB, and what it tells."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self.folder = street.footage
        self.volume: Volume = open_volume(self.folder, known=None)
        self.queue = connect_single(street.url)
        self.store = RedisFootageStore(self.queue)
        self.begun_us = SystemClock().utc_us() - 86_400_000_000

    def fill(self, count: int) -> list[str]:
        """Lay old files down, one a minute; return their paths, the oldest first."""
        paths = []
        for number in range(count):
            opened, path = self.volume.create_segment(CAMERA, self.begun_us + number * MINUTE_US)
            os.write(opened, b"x" * OLD_BYTES)
            os.close(opened)
            paths.append(str(path))
        return paths

    def start(self, **settings: str) -> None:
        # The recorder remembers no volume yet: it takes the one that is there.
        given = {"FOOTAGE_RESERVE_BYTES": str(RESERVE_BYTES), "SEGMENT_S": "1", **settings}
        self.street.start(**given)

    def protect_old(self, revision: int, *spans: ProtectedSpan) -> None:
        document = CameraProtections(camera_id=CAMERA, revision=revision, spans=spans)
        self.store.protect([document])

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.folder).free

    def files(self) -> list[Path]:
        return sorted(self.folder.rglob("*.mp4"))

    def error(self) -> str | None:
        board = RedisStatusBoard(
            self.street.redis, role=keys.Role.RECORDING, document_class=RecordingStatus
        )
        status = board.read([CAMERA]).get(CAMERA)
        return None if status is None else status.error

    def told(self, kind: type[Any]) -> list[Any]:
        entries: Any = self.queue.xrange(keys.facts())
        facts = [decode_fact(raw) for _, entry in entries for raw in entry.values()]
        return [fact for fact in facts if isinstance(fact, kind)]


@pytest.fixture
def disk(valkey: EmbeddedValkey, tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "home" / "footage"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    unmount = ["umount", str(folder)]
    subprocess.run(mount, check=True)
    clip = make_clip(tmp_path / "clip.mp4", seconds=CLIP_S)
    it = SmallDisk(Street(valkey.url, tmp_path / "home", footage_of(clip)))
    yield it
    it.street.close()
    it.queue.close()
    subprocess.run(unmount, check=True)


def test_the_oldest_goes_and_recording_goes_on(disk: SmallDisk) -> None:
    # Given a disk that is full to its reserve, but for some seconds
    old = disk.fill((DISK_BYTES - RESERVE_BYTES) // OLD_BYTES - 2)
    disk.street.begin()
    disk.start()

    wait_until(lambda: disk.street.count > SENT, timeout_s=60)
    disk.street.stop_sending()
    wait_until(disk.street.is_safe, timeout_s=START_S)
    wait_until(lambda: disk.free_bytes() >= RESERVE_BYTES, timeout_s=SOON_S)
    disk.street.end(signal.SIGTERM)

    left = [path for path in old if (disk.folder / path).exists()]
    gone = old[: len(old) - len(left)]
    assert gone
    # The oldest are those that went, and no more than had to
    assert left == old[len(gone) :]
    assert disk.free_bytes() < RESERVE_BYTES + 4 * OLD_BYTES
    assert [fact.path for fact in disk.told(SegmentDeleted)] == gone
    assert disk.told(GapFact) == []
    new = [path for path in disk.files() if str(path.relative_to(disk.folder)) not in old]
    recorded = {payload for path in new for payload in payloads_of(path)}
    wanted = [entry.packet.data for entry in disk.street.sent.entries]
    # More than a round was sent, so that each picture of it was.
    assert set(wanted) == recorded


@pytest.mark.parametrize("is_protected", [True, False])
def test_where_nothing_may_go_it_stops_says_why_and_goes_on_by_itself(
    disk: SmallDisk, is_protected: bool
) -> None:
    # Given a disk that is full beyond its reserve of what may not go
    old = disk.fill((DISK_BYTES - RESERVE_BYTES) // OLD_BYTES + 2)
    day = ProtectedSpan(since_us=disk.begun_us, until_us=disk.begun_us + 120 * MINUTE_US)
    if is_protected:
        disk.protect_old(1, day)
    disk.street.begin()
    disk.start(FOOTAGE_PURGE="true" if is_protected else "false")

    said = "take protections back" if is_protected else "FOOTAGE_PURGE is off"
    wait_until(lambda: said in str(disk.error()), timeout_s=START_S)
    room = disk.free_bytes()
    assert 0 < room < RESERVE_BYTES
    assert {str(path.relative_to(disk.folder)) for path in disk.files()} >= set(old)

    # When somebody makes room
    if is_protected:
        assert (disk.folder / str(CAMERA) / PROTECTED).exists()
        disk.protect_old(2)
    else:
        disk.store.order_deletions(disk.volume.volume_id, old[:30])
    wait_until(lambda: disk.error() is None, timeout_s=SOON_S)
    wait_until(lambda: len(disk.told(SegmentDeleted)) > 0, timeout_s=SOON_S)
    wait_until(lambda: disk.street.count > SENT, timeout_s=60)
    disk.street.stop_sending()
    wait_until(disk.street.is_safe, timeout_s=START_S)
    disk.street.end(signal.SIGTERM)

    assert not (disk.folder / old[0]).exists()
    assert disk.error() is None
    assert {fact.reason for fact in disk.told(GapFact)} <= {GapReason.DISK}
