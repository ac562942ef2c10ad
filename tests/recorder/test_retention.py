"""The oldest footage goes first, and what was cut off is done again."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from recorder.footage.volume import Volume, open_volume
from recorder.retention import AGE_EVERY_S, Retention
from vigil.clock import MICROSECONDS, FakeClock
from vigil.domain.camera import CameraId
from vigil.facts import Fact, SegmentDeleted

DAY_US = 86_400 * MICROSECONDS


class House:
    """A volume whose free room the test says, and who hears what goes."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        self.volume = open_volume(path, known=None)
        self.told: list[Fact] = []
        self._monkeypatch = monkeypatch
        self.has_free(lambda: 10**12)

    def has_free(self, free_bytes: Callable[[], int]) -> None:
        self._monkeypatch.setattr(Volume, "free_bytes", lambda _: free_bytes())

    def segment(self, camera_id: int, *, days_ago: float, size: int = 1000) -> Path:
        begun_us = self.clock.utc_us() - round(days_ago * DAY_US)
        opened, path = self.volume.create_segment(CameraId(camera_id), begun_us)
        os.write(opened, b"x" * size)
        os.close(opened)
        os.utime(self.volume.path / path, (begun_us / 1e6, begun_us / 1e6))
        return path

    def files(self) -> set[str]:
        return {
            str(each.relative_to(self.volume.path))
            for each in self.volume.path.rglob("*")
            if each.is_file() and each.parent != self.volume.path
        }

    def retention(self, *, reserve_bytes: int = 0, kept_days: float = 30) -> Retention:
        return Retention(
            self.volume,
            reserve_bytes=reserve_bytes,
            kept_days=kept_days,
            say=self.told.append,
            clock=self.clock,
        )

    def used_bytes(self) -> int:
        return sum((self.volume.path / each).stat().st_size for each in self.files())


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)


def test_what_is_too_old_goes_and_the_rest_stays(house: House) -> None:
    old = [house.segment(7, days_ago=40), house.segment(8, days_ago=31)]
    young = [house.segment(7, days_ago=29), house.segment(8, days_ago=1)]

    house.retention().run_once()

    assert house.files() == {str(each) for each in young}
    assert [fact.path for fact in house.told if isinstance(fact, SegmentDeleted)] == [
        str(each) for each in old
    ]
    # An empty day is no folder any more
    assert not (house.volume.path / old[0]).parent.exists()


def test_the_oldest_of_all_cameras_goes_first_until_there_is_room(house: House) -> None:
    paths = [house.segment(7 + number % 2, days_ago=20 - number) for number in range(10)]
    house.has_free(lambda: 10_000 - house.used_bytes())

    house.retention(reserve_bytes=4_000).run_once()

    assert house.files() == {str(each) for each in paths[4:]}


def test_what_may_still_grow_stays_however_little_room_there_is(house: House) -> None:
    grows = house.segment(7, days_ago=0)
    house.has_free(lambda: 0)

    house.retention(reserve_bytes=10**9).run_once()

    assert house.files() == {str(grows)}


def test_a_deletion_that_was_cut_off_is_done_again(house: House) -> None:
    path = house.segment(7, days_ago=40)
    # Given that somebody died between renaming and unlinking
    whole = house.volume.path / path
    whole.rename(whole.with_name(whole.name + ".condemned"))

    house.retention().run_once()

    assert house.files() == set()
    [fact] = house.told
    assert isinstance(fact, SegmentDeleted)
    assert (fact.camera_id, fact.path) == (7, str(path))


def test_it_looks_now_and_then(house: House) -> None:
    retention = house.retention()
    retention.run_once()
    house.segment(7, days_ago=40)
    retention.run_once()
    assert house.files()

    house.clock.advance(AGE_EVERY_S)
    retention.run_once()
    assert not house.files()


def test_a_volume_that_is_away_is_left_alone(house: House) -> None:
    house.segment(7, days_ago=40)
    (house.volume.path / ".vigil-volume").unlink()

    house.retention().run_once()

    assert len(house.files()) == 1
    assert not house.told


def test_files_of_others_stay(house: House) -> None:
    foreign = house.volume.path / "7" / "2020-01-01" / "holiday.mp4"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"mine")

    house.retention().run_once()

    assert foreign.exists()
