"""The check of a volume, beside answers that the test gives in web's place."""

import itertools
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pytest

from recorder.check import volume_check
from recorder.check.comparison import Differences, compared
from recorder.check.listing import place_of
from recorder.check.volume_check import ASKED_AGAIN_S, VolumeCheck
from recorder.footage.locks import GROWS_S
from recorder.footage.volume import open_volume
from tests.footage import BEGAN_US, Footage
from tests.recorder.written import Written, write_segment
from vigil.bus.known_footage.memory import MemoryKnownFootageBoard
from vigil.clock import MICROSECONDS, FakeClock
from vigil.domain.camera import CameraId
from vigil.errors import VolumeUnavailable
from vigil.facts import Fact, FootageCheckAsked, SegmentDeleted, SegmentFact
from vigil.known_footage import CameraOfFootage, KnownFootage, Place
from vigil.runtime import StopSignal

DOOR, YARD = 7, 8
DAY_US = 86_400 * MICROSECONDS


@pytest.mark.parametrize(
    ("found", "done", "growing", "unfiled", "unended", "missing"),
    [
        ("abc", "abc", "", "", "", ""),
        ("abc", "ab", "", "c", "", ""),
        ("ab", "abc", "", "", "", "c"),
        ("abc", "a", "b", "c", "b", ""),
        ("a", "", "b", "a", "", "b"),
        ("", "a", "b", "", "", "ab"),
        ("", "", "", "", "", ""),
        # Nobody could look: nothing is known
        (None, "a", "b", "", "", ""),
    ],
)
def test_what_differs(
    found: str | None, done: str, growing: str, unfiled: str, unended: str, missing: str
) -> None:
    lying = None if found is None else frozenset(found)

    differences = compared(lying, done=done, growing=growing)

    assert differences == Differences(tuple(unfiled), tuple(unended), tuple(missing))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("7/1970-01-02/00-00-01.000002Z.mp4", Place(7, DAY_US + 1_000_002)),
        ("7/1970-01-02/00-00-01.000002Z-3.mp4", Place(7, DAY_US + 1_000_002)),
        ("7/1970-01-02/00-00-01.000002Z copy.mp4", None),
        ("7/1970-01-02/00-00-01Z.mp4", None),
        ("7/1970-01-02/25-00-01.000002Z.mp4", None),
        ("7/1970-13-02/00-00-01.000002Z.mp4", None),
        ("7/holiday/00-00-01.000002Z.mp4", None),
        ("07/1970-01-02/00-00-01.000002Z.mp4", None),
        ("door/1970-01-02/00-00-01.000002Z.mp4", None),
        ("7/1970-01-02/holiday.mp4", None),
    ],
)
def test_a_name_says_where_a_file_stands_if_it_is_ours(path: str, place: Place | None) -> None:
    assert place_of(path) == place


class House:
    """A volume, its check, and what is filed of it."""

    def __init__(self, folder: Path, sent: Footage) -> None:
        self.volume, self.sent = open_volume(folder, known=None), sent
        self.clock, self.stop = FakeClock(), StopSignal()
        self.told: list[Fact] = []
        self.when_told: Callable[[Fact], object] = lambda _: None
        self._board = MemoryKnownFootageBoard()
        self.check = self.another()
        self.filed: dict[str, bool] = {}

    def another(self) -> VolumeCheck:
        return VolumeCheck(
            self.volume, known=self._board, say=self._say, stop=self.stop, clock=self.clock
        )

    def _say(self, *facts: Fact) -> None:
        for fact in facts:
            self.told.append(fact)
            self.when_told(fact)

    def write(self, camera_id: int = DOOR, *, days: float = 0) -> Written:
        return write_segment(self.volume, self.sent, camera_id, BEGAN_US + round(days * DAY_US))

    def file(self, *written: Written, is_done: bool = True) -> None:
        self.filed |= {each.done.path: is_done for each in written}

    def questions(self) -> list[FootageCheckAsked]:
        return [each for each in self.told if isinstance(each, FootageCheckAsked)]

    def found(self) -> list[Fact]:
        return [each for each in self.told if not isinstance(each, FootageCheckAsked)]

    def answer(
        self,
        *,
        to: FootageCheckAsked | None = None,
        cameras: Sequence[CameraOfFootage] | None = None,
        limit: int = 1000,
    ) -> None:
        """Answer a question, else the last one, as web does."""
        asked = to or self.questions()[-1]
        here = Place(asked.from_camera, asked.from_us)
        rows = sorted((placed(path), path) for path in self.filed if placed(path) >= here)
        until = rows[limit][0] if len(rows) > limit else None
        paths = [path for place, path in rows if until is None or place < until]
        if cameras is None:
            cameras = [known(each) for each in asked.camera_ids]
        self._board.put(
            KnownFootage(
                volume=asked.volume,
                check=asked.check,
                number=asked.number,
                until=until,
                done=tuple(path for path in paths if self.filed[path]),
                growing=tuple(path for path in paths if not self.filed[path]),
                cameras=tuple(cameras),
            )
        )

    def run(self, *, limit: int = 1000, cameras: Sequence[CameraOfFootage] | None = None) -> None:
        """Check to the end, answering whatever is asked."""
        for _ in range(100):
            if self.check.is_done:
                return
            self.check.run_once()
            self.answer(limit=limit, cameras=cameras)
        raise AssertionError("it does not come to an end")

    def paths(self) -> list[str]:
        return sorted(str(each.relative_to(self.volume.path)) for each in self._files())

    def _files(self) -> Collection[Path]:
        return [each for each in self.volume.path.glob("*/*/*") if each.is_file()]


def placed(path: str) -> Place:
    place = place_of(path)
    assert place is not None
    return place


def known(camera_id: int, *, is_deleted: bool = False, since_us: int = 0) -> CameraOfFootage:
    return CameraOfFootage(camera_id=CameraId(camera_id), since_us=since_us, is_deleted=is_deleted)


@pytest.fixture
def house(tmp_path: Path, sent: Footage) -> House:
    return House(tmp_path / "footage", sent)


def test_a_file_is_told_of_as_its_recorder_would(house: House) -> None:
    written = house.write()

    house.run()

    [fact] = house.found()
    assert isinstance(fact, SegmentFact)
    assert fact.ended_us == pytest.approx(written.done.ended_us, abs=100_000)
    # ... but for its last packet, which nobody can see, so that what its recorder tells is newer
    same = {"ended_us": fact.ended_us, "last_entry": None, "revision": 2}
    assert fact == written.done.model_copy(update=same)
    assert written.opened.revision < fact.revision < written.done.revision


def test_a_file_that_was_cut_off_is_cut_to_what_is_whole(house: House) -> None:
    whole = house.write()
    size = whole.path.stat().st_size
    torn = house.write(days=1).torn()
    house.file(torn, is_done=False)
    cut_at = torn.path.stat().st_size

    house.run()

    facts = {each.path: each for each in house.found() if isinstance(each, SegmentFact)}
    assert facts[whole.done.path].size_bytes == whole.path.stat().st_size == size
    assert facts[torn.done.path].size_bytes == torn.path.stat().st_size < cut_at


def test_each_file_is_looked_at_once_whatever_web_tells_at_a_time(house: House) -> None:
    files = [
        house.write(camera_id, days=days)
        for camera_id in (DOOR, YARD, 11)
        for days in (0, 0.1, 0.2, 1, 2, 2.5)
    ]
    house.file(*files[::2])
    missing, unfiled = files[::4], files[1::2]
    for each in missing:
        each.path.unlink()

    for limit in (1, 2, 3, 5, 100):
        house.told.clear()
        house.check = house.another()
        house.run(limit=limit)

        assert house.check.counts["files"] == len(files) - len(missing)
        told = [fact.path for fact in house.found() if isinstance(fact, SegmentFact)]
        assert sorted(told) == sorted(each.done.path for each in unfiled)
        gone = [fact.path for fact in house.found() if isinstance(fact, SegmentDeleted)]
        assert sorted(gone) == sorted(each.done.path for each in missing)


def test_it_asks_again_before_it_has_told_too_much(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [house.write(camera, days=days) for camera in (DOOR, YARD) for days in range(4)]
    monkeypatch.setattr(volume_check, "TOLD_AT_ONCE", 2)

    house.run()

    assert len(house.questions()) == 4
    told = [fact.path for fact in house.found() if isinstance(fact, SegmentFact)]
    assert told == [each.done.path for each in files]


def test_what_is_not_ours_stays_and_is_told_to_nobody(house: House) -> None:
    written = house.write()
    content = written.path.read_bytes()
    folder = written.path.parent
    foreign = {
        folder / "holiday.mp4": b"mine",
        folder / "10-00-00.000000Z.mp4": b"mine",
        folder / "10-00-01.000000Z.mp4": b"\0\0\0\x10moov\0\0\0\x08udta",
        folder / "10-00-02.000000Z.mp4": content.replace(b"vigil_segment", b"other_segment"),
        folder / "10-00-03.000000Z.mp4": content.replace(b'"camera_id":7', b'"camera_id":9'),
        folder / "notes.txt": b"mine",
        folder.parent / "mark": b"mine",
    }
    for path, bytes_ in foreign.items():
        path.write_bytes(bytes_)
    (folder / "10-00-04.000000Z.mp4").mkdir()
    (folder / "10-00-05.000000Z.mp4").symlink_to(written.path)
    pipe = folder / "10-00-06.000000Z.mp4"
    os.mkfifo(pipe)
    os.utime(pipe, (0, 0))
    house.file(written)

    house.run()
    house.check = house.another()
    house.run(cameras=[known(DOOR, is_deleted=True)])

    assert house.found() == []
    assert {path: path.read_bytes() for path in foreign} == foreign
    assert written.path.exists()
    assert pipe.exists()


def test_a_file_that_somebody_writes_is_left_to_them(house: House) -> None:
    opened, path = house.volume.create_segment(CameraId(DOOR), BEGAN_US)
    os.write(opened, house.write(days=1).path.read_bytes()[:-10])

    house.run()

    assert [fact.path for fact in house.found() if isinstance(fact, SegmentFact)] != [str(path)]
    assert house.check.counts["grows"] == 1
    # When its writer is dead
    os.close(opened)
    house.told.clear()
    house.check = house.another()
    house.run()

    assert str(path) in [fact.path for fact in house.found() if isinstance(fact, SegmentFact)]


def test_a_file_that_was_only_made_goes_once_it_is_old(house: House) -> None:
    opened, path = house.volume.create_segment(CameraId(DOOR), BEGAN_US)
    os.close(opened)
    house.run()
    assert house.paths() == [str(path)]

    old_s = (house.volume.path / path).stat().st_mtime - 2 * GROWS_S
    os.utime(house.volume.path / path, (old_s, old_s))
    house.check = house.another()
    house.run()

    assert house.paths() == []


@pytest.mark.parametrize(
    ("cameras", "stays"),
    [
        # Web says nothing of it, or of others
        ((), True),
        ((known(YARD, is_deleted=True),), True),
        # It is there, or there is another one of its number since
        ((known(DOOR),), True),
        ((known(DOOR, is_deleted=True, since_us=BEGAN_US + 1),), True),
        ((known(DOOR, is_deleted=True, since_us=BEGAN_US),), False),
    ],
)
def test_a_file_goes_only_if_web_says_that_its_camera_was_deleted(
    house: House, cameras: Sequence[CameraOfFootage], *, stays: bool
) -> None:
    written = house.write()

    house.run(cameras=cameras)

    assert written.path.exists() == stays
    assert house.volume.folder_of(CameraId(DOOR)).exists() == stays


def test_footage_that_is_older_than_its_camera_is_not_given_to_it(house: House) -> None:
    house.write()

    house.run(cameras=[known(DOOR, since_us=BEGAN_US + 1)])

    assert house.found() == []
    assert house.check.counts["of_no_camera"] == 1


def test_an_answer_to_another_question_counts_for_nothing(house: House) -> None:
    written = house.write()
    house.check.run_once()
    [first] = house.questions()
    house.check.begin()
    house.check.run_once()
    second = house.questions()[-1]
    assert second.check != first.check

    house.answer(to=first, cameras=[known(DOOR, is_deleted=True)])
    house.answer(to=second.model_copy(update={"number": 2}), cameras=[])
    assert not house.check.run_once()

    assert (house.found(), written.path.exists(), house.check.is_done) == ([], True, False)


def test_what_is_not_answered_is_asked_again_ever_more_seldom(house: House) -> None:
    at_s = []
    for second in range(1000):
        before = len(house.questions())
        house.check.run_once()
        if len(house.questions()) > before:
            at_s.append(second)
        house.clock.advance(1)

    assert {(each.check, each.number) for each in house.questions()} == {
        (house.questions()[0].check, 1)
    }
    steps = [b - a for a, b in itertools.pairwise(at_s)]
    assert ASKED_AGAIN_S / 2 <= steps[0] <= ASKED_AGAIN_S + 1
    assert all(60 <= step <= 121 for step in steps[4:])


def test_a_volume_that_is_away_is_taken_for_no_empty_one(house: House) -> None:
    written = [house.write(days=days) for days in range(3)]
    house.file(*written)
    house.check.run_once()
    house.answer()
    # Given that its disk goes away while the answer is on its way
    away = house.volume.path.rename(house.volume.path.with_name("away"))
    house.volume.path.mkdir()

    with pytest.raises(VolumeUnavailable, match="is it mounted"):
        house.check.run_once()
    assert house.found() == []

    house.volume.path.rmdir()
    away.rename(house.volume.path)
    house.run()
    assert (house.found(), house.check.counts["files"]) == ([], 3)


def test_a_disk_that_goes_away_in_the_midst_of_it_is_noticed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.file(*(house.write(days=days) for days in range(3)))
    house.check.run_once()
    house.answer()
    scandir = os.scandir

    def goes_away(folder: Path) -> object:
        # Right before the second day is listed
        if folder.name.endswith("22"):
            house.volume.path.rename(house.volume.path.with_name("away"))
            house.volume.path.mkdir()
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", goes_away)

    with pytest.raises(VolumeUnavailable):
        house.check.run_once()

    assert house.found() == []


def test_what_lies_in_a_folder_that_cannot_be_read_is_not_missing(house: House) -> None:
    loops, dangles, readable = (house.write(days=days) for days in range(3))
    house.file(loops, dangles, readable)
    for written, target in ((loops, loops.path.parent), (dangles, Path("/nowhere/at/all"))):
        written.path.unlink()
        written.path.parent.rmdir()
        written.path.parent.symlink_to(target)
    readable.path.unlink()

    house.run()

    [fact] = house.found()
    assert isinstance(fact, SegmentDeleted)
    assert fact.path == readable.done.path
    assert house.check.counts["unreadable_folders"] == 2


def test_who_is_told_to_end_ends_between_two_files(house: House) -> None:
    for days in range(5):
        house.write(days=days)
    house.check.run_once()
    house.answer()

    house.when_told = lambda _: house.stop.set()
    house.check.run_once()

    assert not house.check.is_done
    assert house.check.counts["adopted"] == 1


def test_a_file_that_is_deleted_while_it_is_told_of_leaves_no_row(
    house: House,
) -> None:
    written = house.write()
    # As retention does: its own fact may have been before ours.
    house.when_told = lambda fact: (
        written.path.unlink(missing_ok=True) if isinstance(fact, SegmentFact) else None
    )

    house.run()

    assert [type(fact) for fact in house.found()] == [SegmentFact, SegmentDeleted]
