"""On a volume others delete as well: what is gone counts no more, and no good footage goes for it.

Others are another recorder, a check of the volume, or somebody with a shell.
"""

import shutil
import threading
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from recorder.room.orders import ASK_EVERY_S
from recorder.room.report import FootageLimits
from recorder.room.retention import LOOK_EVERY_S, REPORT_EVERY_S, Retention
from tests.recorder.checked import DOOR, YARD, CheckedVolume, known
from tests.recorder.house import House, a_segment, run
from vigil.bus.footage.memory import MemoryFootageStore
from vigil.domain.camera import CameraId
from vigil.facts import Fact, SegmentDeleted


def look(house: House, *retentions: Retention) -> None:
    house.clock.advance(LOOK_EVERY_S)
    for each in retentions:
        run(each)


def record(house: House, *retentions: Retention, camera_id: int, days_ago: float) -> str:
    """Write a file, and tell whoever keeps account of it."""
    path = house.segment(camera_id, days_ago=days_ago)
    for each in retentions:
        each.heard(a_segment(path))
    return path


def test_what_a_check_removed_counts_no_more(house: House) -> None:
    kept = [house.segment(7, days_ago=10 - number) for number in range(4)]
    removed = [house.segment(8, days_ago=10 - number) for number in range(4)]
    retention = run(house.retention(max_bytes=8_000))

    # An admin deletes camera 8, and the check removes its footage
    shutil.rmtree(house.volume.folder_of(CameraId(8)))
    for path in removed:
        retention.heard(a_deletion(house, path))
    kept += [record(house, retention, camera_id=7, days_ago=5 - number) for number in range(4)]
    look(house, retention)

    assert house.files() == set(kept)
    assert used_bytes(house, retention) == 8_000


@pytest.mark.parametrize("limits", [{"max_bytes": 2_500_000}, {}])
def test_recording_goes_on_once_others_have_made_room(house: House, limits: dict[str, Any]) -> None:
    house.limit(7, recording_max_bytes=2_500_000)
    removed, *kept = (house.segment(7, days_ago=4 - days, size=10**6) for days in range(3))
    retention = run(house.retention(purges=False, **limits))
    assert retention.refusal(CameraId(DOOR)) is not None

    # Nobody tells it
    (house.volume.path / removed).unlink()
    look(house, retention)

    assert retention.refusal(CameraId(DOOR)) is None
    assert house.files() == set(kept)


def test_two_recorders_together_delete_what_one_would(house: House) -> None:
    paths = [house.segment(7 + number % 2, days_ago=29 - number) for number in range(20)]
    both = [run(house.retention(max_bytes=20_000)) for _ in range(2)]

    for number in range(6):
        camera_id, days_ago = 7 + number % 2, 9 - number
        paths.append(record(house, *both, camera_id=camera_id, days_ago=days_ago))
        look(house, *both)

    assert house.files() == set(paths[6:])
    assert [used_bytes(house, each) for each in both] == [20_000, 20_000]


def test_what_another_recorder_took_first_is_counted_out(house: House) -> None:
    paths = [house.segment(7, days_ago=40 - number) for number in range(4)]
    kept = [house.segment(7, days_ago=20 - number) for number in range(4)]
    other = house.retention()
    first = house.retention(say=once(lambda: run(other)))

    run(first)

    assert not house.files() & set(paths)
    look(house, first)
    assert house.files() == set(kept)
    assert used_bytes(house, first) == 4_000


def test_what_a_user_deleted_and_another_recorder_removed_is_counted_out(house: House) -> None:
    house.segment(7, days_ago=3)
    gone = house.segment(7, days_ago=2)
    house.segment(7, days_ago=1)
    retention = run(house.retention())
    (house.volume.path / gone).unlink()
    house.store.order_deletions(house.volume.volume_id, [gone])

    house.clock.advance(ASK_EVERY_S)
    run(retention)

    assert used_bytes(house, retention) == 2_000


def a_retention(checked: CheckedVolume, *, max_bytes: int) -> Retention:
    return Retention(
        checked.volume,
        limits=FootageLimits(reserve_bytes=0, kept_days=3650, max_bytes=max_bytes),
        cameras=dict,
        store=MemoryFootageStore(),
        say=lambda _: None,
        clock=checked.clock,
    )


def test_beside_a_check_that_removes_good_footage_stays(checked: CheckedVolume) -> None:
    kept, gone = (
        [checked.write(camera_id, days=days) for days in range(3)] for camera_id in (YARD, DOOR)
    )
    size_bytes = sum(each.done.size_bytes for each in (*kept, *gone))
    retention = run(a_retention(checked, max_bytes=size_bytes))
    checked.when_told = retention.heard

    # Of the door all that is protected stays
    checked.protect(DOOR, gone[1].done.begun_us, gone[1].done.begun_us + 1)
    checked.run(cameras=[known(DOOR, is_deleted=True), known(YARD)])
    kept += [gone[1], *(checked.write(YARD, days=days) for days in (3, 4))]
    for each in kept[-2:]:
        retention.heard(each.done)
    checked.clock.advance(LOOK_EVERY_S)
    run(retention)

    assert checked.paths() == sorted(each.done.path for each in kept)


def test_who_removes_at_the_same_time_fails_nobody(checked: CheckedVolume) -> None:
    for number in range(40):
        checked.write(DOOR, days=number / 2)
    retention = run(a_retention(checked, max_bytes=10**12))
    purging = a_retention(checked, max_bytes=1)
    checked.when_told = retention.heard
    checked.check.run_once()
    checked.answer(cameras=[known(DOOR, is_deleted=True)])

    with capture_logs() as logs:
        purge = threading.Thread(target=run, args=[purging])
        purge.start()
        checked.run(cameras=[known(DOOR, is_deleted=True)])
        purge.join()
        run(purging)

    assert checked.paths() == []
    # That nothing is left that may go is said meanwhile, where the other was first.
    failed = {each["event"] for each in logs if each["log_level"] == "error"}
    assert failed <= {"recording_refused"}
    assert checked.check.counts["unreadable"] == 0


def a_deletion(house: House, path: str) -> SegmentDeleted:
    camera_id = CameraId(int(path.split("/", maxsplit=1)[0]))
    return SegmentDeleted(camera_id=camera_id, volume=house.volume.volume_id, path=path)


def once(work: Callable[[], object]) -> Callable[[Fact], None]:
    """Return who does something when it is told the first fact."""
    waiting = [work]

    def say(_: Fact) -> None:
        while waiting:
            waiting.pop()()

    return say


def used_bytes(house: House, retention: Retention) -> int:
    """Return what one says that the volume holds."""
    house.clock.advance(REPORT_EVERY_S)
    run(retention)
    [report] = house.store.reports()
    return report.used_bytes
