"""What somebody protected stays, whatever the limits are, and whoever is away."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from recorder.footage.volume import PROTECTED
from recorder.room.protections import ASK_EVERY_S
from recorder.room.retention import AGE_EVERY_S, LOOK_EVERY_S
from tests.recorder.house import House, a_segment, run
from vigil.bus.footage.memory import MemoryFootageStore
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable
from vigil.footage_document import CameraProtections

CAMERA = CameraId(7)
MINUTE = 1 / 1440


@pytest.mark.parametrize(
    "limits",
    [
        {"kept_days": 1},
        {"max_bytes": 1},
        {"reserve_bytes": 10**9},
    ],
)
def test_it_stays_by_every_rule(house: House, limits: dict[str, Any]) -> None:
    gone, protected, goes = (house.segment(7, days_ago=days) for days in (20, 15, 10))
    house.protect(7, 1, house.days(15, 14.9))
    house.has_free(lambda: 0)

    run(house.retention(**limits))

    assert house.files() == {protected}
    assert {gone, goes} == {fact.path for fact in house.told}  # type: ignore[union-attr]


def test_it_stays_by_its_cameras_own_bytes(house: House) -> None:
    house.limit(7, recording_max_bytes=2**20)
    paths = [house.segment(7, days_ago=20 - number, size=400_000) for number in range(4)]
    house.protect(7, 1, house.days(20, 19.99))

    run(house.retention())

    assert house.files() == {paths[0], paths[3]}


def test_a_file_is_protected_where_a_part_of_it_is(house: House) -> None:
    paths = [house.segment(7, days_ago=2 - number * MINUTE) for number in range(5)]
    # Half a minute into the second, and as much into the third
    house.protect(7, 1, house.days(2 - 1.5 * MINUTE, 2 - 2.5 * MINUTE))

    run(house.retention(kept_days=1))

    assert house.files() == set(paths[1:3])


def test_the_last_file_of_a_day_ends_where_the_next_day_begins(house: House) -> None:
    # The house's day began 14:13:20 ago
    midnight = (14 * 60 + 13 + 1 / 3) * MINUTE
    late, early, later = (
        house.segment(7, days_ago=2 + midnight + offset * MINUTE) for offset in (0.5, -0.5, -1.5)
    )
    assert late.split("/")[1] != early.split("/")[1]
    house.protect(7, 1, house.days(2 + midnight - 0.1 * MINUTE, 2 + midnight - 0.2 * MINUTE))
    # One that lies far ahead does not hold the last file of each day
    house.segment(8, days_ago=2 + midnight + 0.5 * MINUTE)
    kept = house.segment(8, days_ago=0)
    house.protect(8, 1, house.days(-10, -11))

    run(house.retention(kept_days=1))

    assert house.files() == {late, kept}
    assert later not in house.files()


def test_a_span_that_lies_ahead_holds_what_comes(house: House) -> None:
    house.protect(7, 1, house.days(-1, -2))
    before = house.segment(7, days_ago=0)
    retention = run(house.retention(kept_days=1))

    house.clock.advance(1.5 * 86_400)
    within = house.segment(7, days_ago=0)
    house.clock.advance(1.5 * 86_400)
    behind = house.segment(7, days_ago=0)
    house.clock.advance(2 * 86_400)
    run(retention)

    # The one before it may go on until the next begins: by the names nobody knows better
    assert house.files() == {before, within}
    assert behind not in house.files()


def test_a_span_that_lies_ahead_does_not_hold_the_footage_of_a_camera_that_stopped(
    house: House,
) -> None:
    house.segment(7, days_ago=40)
    house.protect(7, 1, house.days(-1, -2))

    run(house.retention())

    assert house.files() == set()


def test_what_grows_into_a_span_is_protected(house: House) -> None:
    grows = house.segment(7, days_ago=0)
    house.names_as_growing(grows)
    house.protect(7, 1, house.days(-30 / 86_400, -60 / 86_400))
    retention = run(house.retention(kept_days=1))

    # It was written to until within the span, and is done
    house.clock.advance(45)
    now_s = house.clock.utc_us() / 1e6
    os.utime(house.volume.path / grows, (now_s, now_s))
    retention.heard(a_segment(grows))
    house.clock.advance(2 * 86_400)
    run(retention)

    assert house.files() == {grows}


def test_when_it_is_over_the_footage_goes(house: House) -> None:
    house.segment(7, days_ago=40)
    house.protect(7, 1, house.days(41, 39, expires_days_ago=-1))
    retention = run(house.retention())
    assert len(house.files()) == 1

    house.clock.advance(86_400 + AGE_EVERY_S)
    run(retention)

    assert house.files() == set()


def test_it_is_kept_on_the_volume_and_needs_no_redis(house: House) -> None:
    path = house.segment(7, days_ago=40)
    house.protect(7, 1, house.days(41, 39))
    run(house.retention())

    # Given that the volume was moved to a machine of which nobody knows what is protected
    house.store = MemoryFootageStore()
    run(house.retention())

    assert house.files() == {path}
    said = (house.volume.path / "7" / PROTECTED).read_bytes()
    assert CameraProtections.model_validate_json(said).revision == 1


class SilentStore(MemoryFootageStore):
    """A Redis that does not answer."""

    @override
    def protections(self, camera_ids: Collection[CameraId]) -> dict[CameraId, CameraProtections]:
        raise BusUnavailable("redis")


def test_while_redis_is_away_what_was_known_holds_and_the_rest_goes(house: House) -> None:
    protected, goes = house.segment(7, days_ago=40), house.segment(7, days_ago=35)
    house.protect(7, 1, house.days(41, 39))
    run(house.retention(kept_days=100))

    house.store = SilentStore()
    run(house.retention())

    assert house.files() == {protected}
    assert goes not in house.files()


def test_what_was_taken_back_goes_and_an_older_word_does_not_count(house: House) -> None:
    house.segment(7, days_ago=40)
    house.protect(7, 2, house.days(41, 39))
    retention = run(house.retention())
    house.store = MemoryFootageStore()
    house.protect(7, 1)
    run(house.retention())
    assert len(house.files()) == 1

    house.store = MemoryFootageStore()
    house.protect(7, 3)
    retention = house.retention()
    run(retention)

    assert house.files() == set()


def test_a_file_that_cannot_be_read_protects_everything(house: House) -> None:
    path = house.segment(7, days_ago=40)
    (house.volume.path / "7" / PROTECTED).write_bytes(b'{"revision": 1, "spans": [{')

    run(house.retention())

    assert house.files() == {path}
    # Until web says what it really is
    house.protect(7, 2)
    run(house.retention())
    assert house.files() == set()


def test_what_is_protected_while_a_purge_is_under_way_stays(house: House) -> None:
    for number in range(120):
        house.segment(7, days_ago=40 - number * MINUTE)
    retention = house.retention()
    while len(house.files()) == 120:
        assert retention.run_once()
    left = house.files()

    # It is asked each time before something goes, and not only each ASK_EVERY_S
    house.protect(7, 1, house.days(41, 39))
    run(retention)

    assert house.files() == left


def test_it_is_heard_soon_without_a_purge(house: House) -> None:
    house.segment(7, days_ago=1)
    retention = run(house.retention())
    house.protect(7, 1, house.days(2, 0))

    house.clock.advance(ASK_EVERY_S)
    run(retention)

    assert (house.volume.path / "7" / PROTECTED).exists()


def test_a_disk_full_of_protected_footage_stops_recording_and_says_what_to_do(
    house: House,
) -> None:
    path = house.segment(7, days_ago=3)
    house.protect(7, 1, house.days(4, 2))
    house.has_free(lambda: 10)
    retention = run(house.retention(reserve_bytes=1_000))

    assert "take protections back" in str(retention.refusal(CAMERA))
    assert house.files() == {path}

    house.protect(7, 2)
    house.has_free(lambda: 10_000 - house.used_bytes() * 9)
    house.clock.advance(LOOK_EVERY_S)
    run(retention)

    assert house.files() == set()
    assert retention.refusal(CAMERA) is None


def test_a_disk_that_does_not_take_it_obeys_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = house.segment(7, days_ago=40)
    house.protect(7, 1, house.days(41, 39))

    def full(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recorder.room.protections.write_atomically", full)
    run(house.retention())

    assert house.files() == {path}
