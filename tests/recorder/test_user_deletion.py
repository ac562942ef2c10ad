"""What users deleted goes, whatever dies on the way, and is told once it is gone."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typing_extensions import override

from recorder.room.orders import ASK_EVERY_S, AT_ONCE
from standalone.servers.valkey import EmbeddedValkey
from tests.recorder.house import House, run
from vigil import keys
from vigil.bus.connection import connect_single
from vigil.bus.footage.memory import MemoryFootageStore
from vigil.bus.footage.redis import RedisFootageStore
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable
from vigil.facts import SegmentDeleted, decode_fact

ROOT = Path(__file__).parents[2]
#: Of each of two files: renamed, told, unlinked, the folder synced. Then both are crossed off.
STEPS = 9


def test_what_was_ordered_goes_and_is_crossed_off(house: House) -> None:
    gone, stays = house.segment(7, days_ago=2), house.segment(7, days_ago=1)
    volume = house.volume.volume_id
    house.store.order_deletions(volume, [gone])

    run(house.retention())

    assert house.files() == {stays}
    assert house.store.deletions(volume, limit=9) == []
    [fact] = house.told
    assert isinstance(fact, SegmentDeleted)
    assert fact.path == gone


def test_a_file_that_is_gone_already_is_told_to_be(house: House) -> None:
    house.store.order_deletions(house.volume.volume_id, ["7/2026-09-01/10-00-00.000000Z.mp4"])

    run(house.retention())

    assert len(house.told) == 1
    assert house.store.deletions(house.volume.volume_id, limit=9) == []


def test_what_is_being_written_goes_once_it_is_done(house: House) -> None:
    retention = house.retention()
    with house.being_written(7, days_ago=0) as path:
        house.store.order_deletions(house.volume.volume_id, [path])
        run(retention)
        assert (house.files(), house.told) == ({path}, [])

    house.clock.advance(ASK_EVERY_S)
    run(retention)

    assert house.files() == set()
    assert house.store.deletions(house.volume.volume_id, limit=9) == []


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "7/../../etc/a.mp4", "7/2026-09-01/x.mp4", ""]
)
def test_an_order_that_names_no_footage_is_refused(house: House, path: str) -> None:
    kept = house.segment(7, days_ago=1)
    house.store.order_deletions(house.volume.volume_id, [path])

    run(house.retention())

    assert house.files() == {kept}
    assert house.told == []
    assert house.store.deletions(house.volume.volume_id, limit=9) == []


def test_what_the_volume_says_is_protected_goes_only_once_that_was_taken_back(
    house: House,
) -> None:
    goes, protected = house.segment(7, days_ago=3), house.segment(7, days_ago=2)
    house.segment(7, days_ago=1)
    house.protect(7, 1, house.days(2, 1.5))
    run(house.retention())
    # A database that was restored knows nothing of it
    house.store = MemoryFootageStore()
    house.store.order_deletions(house.volume.volume_id, [goes, protected])
    retention = run(house.retention())
    assert protected in house.files()
    assert goes not in house.files()
    assert house.store.deletions(house.volume.volume_id, limit=9) == []

    house.store.order_deletions(house.volume.volume_id, [protected])
    house.protect(7, 2)
    house.clock.advance(ASK_EVERY_S)
    run(retention)

    assert protected not in house.files()


class HastyStore(MemoryFootageStore):
    """Somebody takes a protection back and deletes, right after it was asked what is protected."""

    def __init__(self, house: House, path: str) -> None:
        super().__init__()
        self._house, self._path = house, path

    @override
    def deletions(self, volume: UUID, *, limit: int) -> list[str]:
        if self._path in self._house.files():
            self._house.protect(7, 2)
            self.order_deletions(volume, [self._path])
        return super().deletions(volume, limit=limit)


def test_what_is_deleted_right_after_its_protection_was_taken_back_goes(house: House) -> None:
    path = house.segment(7, days_ago=2)
    house.store = HastyStore(house, path)
    house.protect(7, 1, house.days(3, 1))

    assert not house.retention().run_once()

    assert house.files() == set()


def test_an_order_that_cannot_be_carried_out_keeps_nobody_from_the_others(house: House) -> None:
    paths = [house.segment(7, days_ago=3 - number) for number in range(2)]
    (house.volume.path / "7" / "2026-01-01").write_bytes(b"no folder")
    stuck = "7/2026-01-01/10-00-00.000000Z.mp4"
    house.store.order_deletions(house.volume.volume_id, [stuck, *paths])

    run(house.retention())

    assert house.files() == set()
    assert house.store.deletions(house.volume.volume_id, limit=9) == [stuck]


def test_orders_of_another_volume_are_left_alone(house: House) -> None:
    path = house.segment(7, days_ago=1)
    house.store.order_deletions(UUID(int=9), [path])

    run(house.retention())

    assert house.files() == {path}


def test_a_turn_carries_out_some_and_goes_on_at_once(house: House) -> None:
    paths = [house.segment(7, days_ago=2 - number / 1440) for number in range(AT_ONCE + 5)]
    house.store.order_deletions(house.volume.volume_id, paths)
    retention = house.retention()

    assert retention.run_once()
    assert len(house.files()) == 5
    run(retention)
    assert house.files() == set()


def test_deleting_goes_on_where_purge_is_off_and_makes_room_to_record(house: House) -> None:
    path = house.segment(7, days_ago=1, size=1000)
    house.has_free(lambda: 5_000 - 2 * house.used_bytes())
    retention = run(house.retention(reserve_bytes=4_000, purges=False))
    assert retention.refusal(CameraId(7)) is not None

    house.store.order_deletions(house.volume.volume_id, [path])
    house.clock.advance(ASK_EVERY_S * 3)
    run(retention)

    assert retention.refusal(CameraId(7)) is None


class ForgetfulStore(MemoryFootageStore):
    """A Redis that goes away before it could be told what is done."""

    @override
    def deletions_done(self, volume: UUID, paths: Sequence[str]) -> None:
        raise BusUnavailable("redis")


def test_what_could_not_be_crossed_off_is_done_again(house: House) -> None:
    house.store = ForgetfulStore()
    path = house.segment(7, days_ago=1)
    house.store.order_deletions(house.volume.volume_id, [path])
    retention = run(house.retention())

    house.clock.advance(ASK_EVERY_S)
    run(retention)

    assert house.files() == set()
    assert {fact.path for fact in house.told if isinstance(fact, SegmentDeleted)} == {path}


@pytest.mark.parametrize("dies_at", range(STEPS))
def test_a_kill_between_any_two_steps_loses_no_deletion(
    valkey: EmbeddedValkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    house = House(tmp_path / "footage", monkeypatch)
    paths = [house.segment(7, days_ago=number) for number in (3, 2)]
    stays = house.segment(7, days_ago=1)
    queue = connect_single(valkey.url)
    store = RedisFootageStore(queue)
    store.order_deletions(house.volume.volume_id, paths)

    killed = a_retention(tmp_path, valkey.url, dies_at)
    assert killed.returncode == -signal.SIGKILL
    again = a_retention(tmp_path, valkey.url, 10**6)

    assert again.returncode == 0, again.stderr
    assert house.files() == {stays}
    assert store.deletions(house.volume.volume_id, limit=9) == []
    entries: Any = queue.xrange(keys.facts())
    told = [decode_fact(raw) for _, entry in entries for raw in entry.values()]
    assert {fact.path for fact in told if isinstance(fact, SegmentDeleted)} == set(paths)
    queue.close()


def test_those_are_all_the_steps(
    valkey: EmbeddedValkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path / "footage", monkeypatch)
    paths = [house.segment(7, days_ago=number) for number in (3, 2)]
    house.segment(7, days_ago=1)
    with connect_single(valkey.url) as queue:
        RedisFootageStore(queue).order_deletions(house.volume.volume_id, paths)

    assert a_retention(tmp_path, valkey.url, 10**6).stdout.endswith(f"\n{STEPS}\n")


def a_retention(folder: Path, url: str, dies_at: int) -> subprocess.CompletedProcess[str]:
    """Let a process do all that is due, and die on the way."""
    return subprocess.run(
        [sys.executable, "-m", "tests.recorder.dying_retention", str(folder), url, str(dies_at)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
