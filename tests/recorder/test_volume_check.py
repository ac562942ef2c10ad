"""The check of a volume: what becomes of files and rows that differ."""

import os
from collections.abc import Sequence

import pytest

from recorder.check import volume_check
from recorder.footage.locks import GROWS_S
from tests.footage import BEGAN_US
from tests.recorder.checked import DOOR, YARD, CheckedVolume, known
from vigil.domain.camera import CameraId
from vigil.facts import SegmentDeleted, SegmentFact
from vigil.known_footage import CameraOfFootage


def test_a_file_is_told_of_as_its_recorder_would(checked: CheckedVolume) -> None:
    written = checked.write()

    checked.run()

    [fact] = checked.found()
    assert isinstance(fact, SegmentFact)
    assert fact.ended_us == pytest.approx(written.done.ended_us, abs=100_000)
    # ... but for its last packet, which nobody can see, so that what its recorder tells is newer
    same = {"ended_us": fact.ended_us, "last_entry": None, "revision": 2}
    assert fact == written.done.model_copy(update=same)
    assert written.opened.revision < fact.revision < written.done.revision


def test_a_file_that_was_cut_off_is_cut_to_what_is_whole(checked: CheckedVolume) -> None:
    whole = checked.write()
    size = whole.path.stat().st_size
    torn = checked.write(days=1).torn()
    checked.file(torn, is_done=False)
    cut_at = torn.path.stat().st_size

    checked.run()

    facts = {each.path: each for each in checked.found() if isinstance(each, SegmentFact)}
    assert facts[whole.done.path].size_bytes == whole.path.stat().st_size == size
    assert facts[torn.done.path].size_bytes == torn.path.stat().st_size < cut_at


def test_each_file_is_looked_at_once_whatever_web_tells_at_a_time(checked: CheckedVolume) -> None:
    files = [
        checked.write(camera_id, days=days)
        for camera_id in (DOOR, YARD, 11)
        for days in (0, 0.1, 0.2, 1, 2, 2.5)
    ]
    checked.file(*files[::2])
    missing, unfiled = files[::4], files[1::2]
    for each in missing:
        each.path.unlink()

    for limit in (1, 2, 3, 5, 100):
        checked.told.clear()
        checked.check = checked.another()
        checked.run(limit=limit)

        assert checked.check.counts["files"] == len(files) - len(missing)
        told = [fact.path for fact in checked.found() if isinstance(fact, SegmentFact)]
        assert sorted(told) == sorted(each.done.path for each in unfiled)
        gone = [fact.path for fact in checked.found() if isinstance(fact, SegmentDeleted)]
        assert sorted(gone) == sorted(each.done.path for each in missing)


def test_it_asks_again_before_it_has_told_too_much(
    checked: CheckedVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [checked.write(camera, days=days) for camera in (DOOR, YARD) for days in range(4)]
    monkeypatch.setattr(volume_check, "TOLD_AT_ONCE", 2)

    checked.run()

    assert len(checked.questions()) == 4
    told = [fact.path for fact in checked.found() if isinstance(fact, SegmentFact)]
    assert told == [each.done.path for each in files]


def test_what_is_not_ours_stays_and_is_told_to_nobody(checked: CheckedVolume) -> None:
    written = checked.write()
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
    for day in ("2026-99-99", "1969-01-01", "0000-00-00"):
        never = folder.with_name(day) / "10-00-00.000000Z.mp4"
        never.parent.mkdir()
        never.write_bytes(content)
        foreign[never] = content
    pipe = folder / "10-00-06.000000Z.mp4"
    os.mkfifo(pipe)
    os.utime(pipe, (0, 0))
    checked.file(written)

    checked.run()
    checked.check = checked.another()
    checked.run(cameras=[known(DOOR, is_deleted=True)])

    assert checked.found() == []
    assert {path: path.read_bytes() for path in foreign} == foreign
    assert written.path.exists()
    assert pipe.exists()


def test_a_file_that_somebody_writes_is_left_to_them(checked: CheckedVolume) -> None:
    opened, path = checked.volume.create_segment(CameraId(DOOR), BEGAN_US)
    os.write(opened, checked.write(days=1).path.read_bytes()[:-10])

    checked.run()

    assert [fact.path for fact in checked.found() if isinstance(fact, SegmentFact)] != [str(path)]
    assert checked.check.counts["grows"] == 1
    # When its writer is dead
    os.close(opened)
    checked.told.clear()
    checked.check = checked.another()
    checked.run()

    assert str(path) in [fact.path for fact in checked.found() if isinstance(fact, SegmentFact)]


def test_a_file_that_was_only_made_goes_once_it_is_old(checked: CheckedVolume) -> None:
    opened, path = checked.volume.create_segment(CameraId(DOOR), BEGAN_US)
    os.close(opened)
    checked.run()
    assert checked.paths() == [str(path)]

    old_s = (checked.volume.path / path).stat().st_mtime - 2 * GROWS_S
    os.utime(checked.volume.path / path, (old_s, old_s))
    checked.check = checked.another()
    checked.run()

    assert checked.paths() == []


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
    checked: CheckedVolume, cameras: Sequence[CameraOfFootage], *, stays: bool
) -> None:
    written = checked.write()

    checked.run(cameras=cameras)

    assert written.path.exists() == stays
    assert checked.volume.folder_of(CameraId(DOOR)).exists() == stays


def test_what_the_volume_says_is_protected_stays_whatever_web_says_of_its_camera(
    checked: CheckedVolume,
) -> None:
    before, protected, behind = (checked.write(days=days) for days in (0, 1, 2))
    since_us = protected.done.begun_us + 7_000_000
    checked.protect(DOOR, since_us, since_us + 60_000_000)

    # As a database does that was restored, or that of another site
    checked.run(cameras=[known(DOOR, is_deleted=True)])

    assert [each.path.exists() for each in (before, protected, behind)] == [False, True, False]
    assert (checked.check.counts["protected"], checked.check.counts["removed"]) == (1, 2)
    told = [fact.path for fact in checked.found() if isinstance(fact, SegmentDeleted)]
    assert told == [before.done.path, behind.done.path]


@pytest.mark.parametrize("left", ["mark", "protected.json", ".protected.json.x1y2z3_4.tmp"])
def test_of_a_deleted_camera_no_folder_is_left_for_a_small_file_of_ours(
    checked: CheckedVolume, left: str
) -> None:
    checked.write()
    folder = checked.volume.folder_of(CameraId(DOOR))
    checked.protect(DOOR, 0, 1)
    (folder / left).write_bytes((folder / "protected.json").read_bytes())

    checked.run(cameras=[known(DOOR, is_deleted=True)])

    assert not folder.exists()


def test_footage_that_is_older_than_its_camera_is_not_given_to_it(checked: CheckedVolume) -> None:
    checked.write()

    checked.run(cameras=[known(DOOR, since_us=BEGAN_US + 1)])

    assert checked.found() == []
    assert checked.check.counts["of_no_camera"] == 1


def test_a_file_that_is_deleted_while_it_is_told_of_leaves_no_row(
    checked: CheckedVolume,
) -> None:
    written = checked.write()
    # As retention does: its own fact may have been before ours.
    checked.when_told = lambda fact: (
        written.path.unlink(missing_ok=True) if isinstance(fact, SegmentFact) else None
    )

    checked.run()

    assert [type(fact) for fact in checked.found()] == [SegmentFact, SegmentDeleted]
