"""What a recorder says of its volume: what was measured, and null where nothing was."""

import pytest

from recorder.footage.volume import Volume
from recorder.room.retention import LOOK_EVERY_S, REPORT_EVERY_S
from tests.recorder.house import House, a_segment, run
from vigil.domain.camera import CameraId
from vigil.footage_document import CameraFootage, VolumeReport

HOUR = 1 / 24


@pytest.fixture(autouse=True)
def _a_disk(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Volume, "total_bytes", lambda _: 100_000)
    house.has_free(lambda: 50_000)


def said(house: House) -> VolumeReport:
    [report] = house.store.reports()
    return report


def of(house: House, camera_id: int) -> CameraFootage:
    [found] = [each for each in said(house).cameras if each.camera_id == camera_id]
    return found


def test_an_empty_volume_says_what_it_knows(house: House) -> None:
    run(house.retention(reserve_bytes=10_000))

    report = said(house)
    assert (report.total_bytes, report.free_bytes, report.reserve_bytes) == (
        100_000,
        50_000,
        10_000,
    )
    assert (report.used_bytes, report.files, report.oldest_us, report.cameras) == (0, 0, None, ())
    assert (report.daily_bytes, report.days_left, report.reach_days) == (None, None, None)
    assert report.is_counted
    assert report.volume == house.volume.volume_id


def test_it_says_what_each_camera_takes_and_how_long_there_is_room(house: House) -> None:
    # Given that camera 7 has sent 1000 bytes an hour for two days, and camera 8 as much in ten
    for hours in range(48):
        house.segment(7, days_ago=(hours + 1) * HOUR)
    for hours in range(10):
        house.segment(8, days_ago=(hours + 1) * HOUR)
    house.limit(8, recording_max_bytes=2**20)

    run(house.retention(reserve_bytes=2_000))

    report = said(house)
    assert (report.files, report.used_bytes, report.protected_bytes) == (58, 58_000, 0)
    assert report.oldest_us == house.clock.utc_us() - 48 * 3_600_000_000
    assert report.daily_bytes == 48_000
    assert report.days_left == 1.0
    assert report.reach_days == pytest.approx(106_000 / 48_000)
    seven, eight = of(house, 7), of(house, 8)
    assert (seven.daily_bytes, eight.daily_bytes) == (24_000, 24_000)
    assert (seven.used_bytes, eight.used_bytes) == (48_000, 10_000)
    assert (seven.days_left, eight.days_left) == (1.0, 1.0)


def test_a_cameras_own_limit_may_be_nearer(house: House) -> None:
    house.has_free(lambda: 10**9)
    for hours in range(24):
        house.segment(7, days_ago=(hours + 1) * HOUR, size=20_000)
    house.limit(7, recording_max_bytes=2**20)

    run(house.retention())

    assert of(house, 7).days_left == pytest.approx((2**20 - 480_000) / 480_000)
    assert said(house).days_left is None


def test_what_is_not_known_yet_is_null(house: House) -> None:
    house.segment(7, days_ago=HOUR / 2)

    run(house.retention())

    assert of(house, 7).daily_bytes is None
    assert of(house, 7).used_bytes == 1000


def test_a_camera_that_was_switched_off_fills_nothing(house: House) -> None:
    house.segment(7, days_ago=5)

    run(house.retention())

    assert of(house, 7).daily_bytes == 0
    assert of(house, 7).days_left is None


def test_what_is_protected_is_told_also_as_files_are_done(house: House) -> None:
    protected, other = house.segment(7, days_ago=3), house.segment(7, days_ago=2)
    house.protect(7, 1, house.days(3, 2.9), house.days(0.1, -1))
    retention = run(house.retention())
    assert of(house, 7).protected_bytes == 1000

    done = house.segment(7, days_ago=0)
    for _ in range(2):
        retention.heard(a_segment(done, 500))
    house.clock.advance(REPORT_EVERY_S)
    run(retention)
    assert of(house, 7).protected_bytes == 1500

    # And when it is taken back
    house.protect(7, 2)
    house.clock.advance(LOOK_EVERY_S)
    run(retention)
    house.clock.advance(REPORT_EVERY_S)
    run(retention)
    assert of(house, 7).protected_bytes == 0
    assert protected != other


def test_it_says_that_there_is_no_room(house: House) -> None:
    house.has_free(lambda: 10)
    run(house.retention(reserve_bytes=1_000))
    house.clock.advance(REPORT_EVERY_S)
    run(house.retention(reserve_bytes=1_000))

    assert "FOOTAGE_RESERVE_BYTES" in str(said(house).error)


def test_what_goes_is_taken_off(house: House) -> None:
    house.segment(7, days_ago=40)
    house.segment(7, days_ago=1)
    retention = run(house.retention())
    house.clock.advance(REPORT_EVERY_S)
    run(retention)

    assert (said(house).files, said(house).used_bytes) == (1, 1000)
    assert of(house, CameraId(7)).files == 1


def test_the_oldest_is_the_oldest_that_is_left(house: House) -> None:
    paths = [house.segment(7, days_ago=31 - number * HOUR / 60) for number in range(3)]
    house.protect(7, 1, house.days(31 - 1.5 * HOUR / 60, 31 - 1.6 * HOUR / 60))

    retention = run(house.retention())
    house.clock.advance(REPORT_EVERY_S)
    run(retention)

    assert house.files() == {paths[1]}
    assert of(house, 7).oldest_us == a_segment(paths[1]).begun_us
