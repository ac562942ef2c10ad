"""Results lie on the shelf whole or not at all, for so long, and take no more than so much."""

import fcntl
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from recorder.exports.making import bytes_of, make
from recorder.exports.shelf import Made, Shelf
from recorder.footage.listing import cameras_on
from recorder.jobs.clearing import Clearing
from recorder.room.report import FootageLimits
from recorder.room.retention import Retention
from tests.builders import an_order
from tests.footage import BEGAN_US
from tests.recorder.clips import payloads_of
from tests.recorder.studio import CAMERA, NOW_S, Studio
from vigil.bus.exports.memory import MemoryExportQueue
from vigil.bus.facts.memory import MemoryFactLog
from vigil.bus.footage.memory import MemoryFootageStore
from vigil.clock import FakeClock
from vigil.errors import FootageInvalid, VolumeUnavailable
from vigil.exports import ExportedCamera, ExportOrder, ExportState
from vigil.facts import ExportFact, ExportResult, decode_fact
from vigil.footage import MARKER

ONE, OTHER, THIRD = (UUID(int=number) for number in (1, 2, 3))
KEPT = timedelta(days=3)


class Store:
    """A shelf on a volume with footage, and who clears it."""

    def __init__(self, studio: Studio, *, max_bytes: int = 10**9) -> None:
        self.studio, self.volume = studio, studio.volume
        self.clock, self.queue = FakeClock(), MemoryExportQueue()
        self.facts = MemoryFactLog(self.clock)
        self.shelf = Shelf(self.volume, kept=KEPT, clock=self.clock)
        self.folder = self.volume.path / "exports"
        self.clearing = self.cleared_to(max_bytes)

    def cleared_to(self, max_bytes: int) -> Clearing:
        return Clearing(
            self.shelf,
            self.volume,
            queue=self.queue,
            facts=self.facts,
            clock=self.clock,
            max_bytes=max_bytes,
        )

    def put(self, export: UUID, size: int = 1000) -> ExportResult:
        with self.shelf.working_on(export) as folder:
            path = folder / "result.mp4"
            path.write_bytes(bytes(size))
            return self.shelf.put(export, Made(path, BEGAN_US, BEGAN_US + 1, ()))

    def names(self) -> list[str]:
        return sorted(each.name for each in self.folder.iterdir())

    def told(self) -> list[tuple[UUID, ExportState]]:
        facts = [decode_fact(raw) for raw in self.facts.waiting.values()]
        return [(each.export, each.state) for each in facts if isinstance(each, ExportFact)]


@pytest.fixture
def store(studio: Studio) -> Store:
    camera = studio.camera(segment_s=3)
    camera.take(studio.sent.entries, now_s=NOW_S)
    camera.close()
    return Store(studio)


def order(export: UUID = ONE, *, until_s: float = 8, **changes: object) -> ExportOrder:
    return an_order(export, since_us=BEGAN_US, until_us=BEGAN_US + round(until_s * 1e6), **changes)


def made(store: Store, what: ExportOrder) -> ExportResult:
    return make(what, store.volume, store.shelf, say=lambda _: None)


def test_a_result_is_found_when_all_of_it_is_there(store: Store) -> None:
    assert store.shelf.find(ONE) is None

    result = store.put(ONE)

    assert store.shelf.find(ONE) == result
    assert result.path == f"exports/{ONE}.mp4"
    assert result.expires_us == store.clock.utc_us() + 3 * 86_400_000_000
    path = store.volume.path / result.path
    path.write_bytes(b"half of it")
    assert store.shelf.find(ONE) is None
    path.unlink()
    assert store.shelf.find(ONE) is None


def test_one_works_on_an_export_and_another_waits(store: Store) -> None:
    with store.shelf.working_on(ONE) as folder:
        (folder / "part.mp4").write_bytes(b"x")
        with (
            pytest.raises(VolumeUnavailable, match="by somebody else"),
            store.shelf.working_on(ONE),
        ):
            pass
        assert (folder / "part.mp4").exists()
        assert store.shelf.unfinished() == []
        with store.shelf.working_on(OTHER):
            pass
    assert store.names() == []


def test_what_a_kill_left_is_not_gone_on_with(store: Store) -> None:
    left = store.folder / f".{ONE}"
    left.mkdir(parents=True)
    (left / "7-0.mp4").write_bytes(b"half a clip")

    result = made(store, order())

    assert len(payloads_of(store.volume.path / result.path)) == 200
    assert store.names() == sorted([f"{ONE}.mp4", f"{ONE}.json"])


def test_results_go_when_they_are_old_and_it_is_told(store: Store) -> None:
    store.put(ONE)
    store.clock.advance(86_400)
    store.put(OTHER)
    store.clock.advance(2 * 86_400 - 1)
    store.clearing.run_once()
    assert store.told() == []

    store.clock.advance(1)
    store.clearing.run_once()

    assert store.told() == [(ONE, ExportState.EXPIRED)]
    assert store.names() == sorted([f"{OTHER}.mp4", f"{OTHER}.json"])


def test_results_that_nobody_wants_go(store: Store) -> None:
    store.put(ONE)
    store.put(OTHER)
    store.queue.cancel(ONE)
    left = store.folder / f".{THIRD}"
    left.mkdir()
    store.queue.cancel(THIRD)

    store.clearing.run_once()

    assert store.names() == sorted([f"{OTHER}.mp4", f"{OTHER}.json"])


def test_what_dead_processes_left_goes_after_a_while(store: Store) -> None:
    left = store.folder / f".{ONE}"
    left.mkdir(parents=True)
    half = store.folder / f"{OTHER}.json"
    half.write_text("{}")
    foreign = store.folder / "notes.txt"
    foreign.write_text("somebody's")
    now_s = store.clock.utc_us() / 1e6
    for each in (left, half, foreign):
        os.utime(each, (now_s - 60, now_s - 60))
    store.clearing.run_once()
    assert len(store.names()) == 3

    store.clock.advance(3600)
    store.clearing.run_once()

    assert store.names() == ["notes.txt"]


def test_the_oldest_results_make_room_for_another(store: Store) -> None:
    for export in (ONE, OTHER, THIRD):
        store.put(export, size=1000)
        store.clock.advance(1)
    clearing = store.cleared_to(3000)

    clearing.make_room(0)
    assert store.told() == []
    clearing.make_room(1001)

    assert store.told() == [(ONE, ExportState.EXPIRED), (OTHER, ExportState.EXPIRED)]
    assert store.names() == sorted([f"{THIRD}.mp4", f"{THIRD}.json"])


def test_what_never_fits_is_refused_and_nothing_goes_for_it(store: Store) -> None:
    store.put(ONE)

    with pytest.raises(FootageInvalid, match=r"5\.0 MiB of footage.*raise EXPORTS_MAX_BYTES"):
        store.cleared_to(4 * 2**20).make_room(5 * 2**20)
    with pytest.raises(FootageInvalid, match=r"are free on the volume.*FOOTAGE_RESERVE_BYTES"):
        store.cleared_to(2**60).make_room(2**59)

    assert store.told() == []
    assert store.shelf.find(ONE) is not None


def test_an_order_s_bytes_are_those_of_its_files(store: Store) -> None:
    sizes = [each.stat().st_size for each in store.studio.files()]

    assert bytes_of(order(), store.volume) == sum(sizes)
    assert bytes_of(order(until_s=2), store.volume) == sizes[0]
    assert bytes_of(order(cameras=(a_camera(9),)), store.volume) == 0


def a_camera(camera_id: int, *, since_us: int = 0) -> ExportedCamera:
    return ExportedCamera(camera_id=camera_id, name="Yard", since_us=since_us)


def test_footage_from_before_its_camera_is_another_s(store: Store) -> None:
    # Given a camera that was added a second after the second file had begun
    camera = a_camera(CAMERA, since_us=BEGAN_US + 4_000_000)

    result = made(store, order(cameras=(camera,)))

    assert (result.begun_us, result.ended_us) == (BEGAN_US + 6_000_000, BEGAN_US + 8_000_000)
    [gap] = result.gaps
    assert (gap.begun_us, gap.ended_us) == (BEGAN_US, BEGAN_US + 6_000_000)


@contextmanager
def a_disk_that_takes(size_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("kind", ["mp4", "zip"])
@pytest.mark.parametrize("is_exact", [False, True])
def test_a_full_disk_is_told_and_nothing_is_left(store: Store, kind: str, is_exact: bool) -> None:
    what = order(kind=kind, is_exact=is_exact)
    with a_disk_that_takes(40_000), pytest.raises(VolumeUnavailable):
        made(store, what)
    assert store.names() == []

    made(store, what)
    assert len(store.names()) == 2


def test_a_disk_that_is_not_mounted_is_not_filled_beneath(store: Store) -> None:
    (store.volume.path / MARKER).unlink()

    with pytest.raises(VolumeUnavailable, match="is it mounted"):
        made(store, order())
    assert not store.folder.exists()


def test_results_are_no_footage(store: Store) -> None:
    result = made(store, order())

    # Neither to a check of the volume
    assert cameras_on(store.volume) == [CAMERA]
    # ... nor to who makes room on it, though it were all too old
    said: list[object] = []
    retention = Retention(
        store.volume,
        limits=FootageLimits(reserve_bytes=2**60, kept_days=1, max_bytes=None, purges=True),
        cameras=dict,
        store=MemoryFootageStore(),
        say=said.append,
        clock=_late(),
    )
    for _ in range(50):
        retention.run_once()
    assert len(said) == 3
    assert (store.volume.path / result.path).exists()


def _late() -> FakeClock:
    clock = FakeClock()
    clock.now_us = 2**52
    clock.elapsed_s = 10**6
    return clock


def test_the_lock_of_a_process_that_died_is_free(store: Store) -> None:
    folder = store.folder / f".{ONE}"
    folder.mkdir(parents=True)
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(VolumeUnavailable), store.shelf.working_on(ONE):
        pass
    os.close(descriptor)

    with store.shelf.working_on(ONE) as given:
        assert given == folder
    assert not Path(folder).exists()
