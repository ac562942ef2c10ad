"""The check of a volume while web, Redis, or the disk is away."""

import itertools
import os
from functools import partial
from pathlib import Path

import pytest
import structlog

from recorder.check.volume_check import ASKED_AGAIN_S, VolumeCheck, check_until_stopped
from recorder.room.coverage import Coverage
from standalone.servers.valkey import EmbeddedValkey
from tests.recorder.checked import DOOR, CheckedVolume, known
from tests.waiting import wait_until
from vigil.bus.connection import connect_single
from vigil.bus.known_footage.redis import RedisKnownFootageBoard
from vigil.clock import SystemClock
from vigil.errors import VolumeUnavailable
from vigil.facts import SegmentDeleted
from vigil.runtime import StopSignal, start_thread


def test_an_answer_to_another_question_counts_for_nothing(checked: CheckedVolume) -> None:
    written = checked.write()
    checked.check.run_once()
    [first] = checked.questions()
    checked.check.begin()
    checked.check.run_once()
    second = checked.questions()[-1]
    assert second.check != first.check

    checked.answer(to=first, cameras=[known(DOOR, is_deleted=True)])
    checked.answer(to=second.model_copy(update={"number": 2}), cameras=[])
    assert not checked.check.run_once()

    assert (checked.found(), written.path.exists(), checked.check.is_done) == ([], True, False)


def test_what_is_not_answered_is_asked_again_ever_more_seldom(checked: CheckedVolume) -> None:
    at_s = []
    for second in range(1000):
        before = len(checked.questions())
        checked.check.run_once()
        if len(checked.questions()) > before:
            at_s.append(second)
        checked.clock.advance(1)

    assert {(each.check, each.number) for each in checked.questions()} == {
        (checked.questions()[0].check, 1)
    }
    steps = [b - a for a, b in itertools.pairwise(at_s)]
    assert ASKED_AGAIN_S / 2 <= steps[0] <= ASKED_AGAIN_S + 1
    assert all(60 <= step <= 121 for step in steps[4:])


def test_a_volume_that_is_away_is_taken_for_no_empty_one(checked: CheckedVolume) -> None:
    written = [checked.write(days=days) for days in range(3)]
    checked.file(*written)
    checked.check.run_once()
    checked.answer()
    # Given that its disk goes away while the answer is on its way
    away = checked.volume.path.rename(checked.volume.path.with_name("away"))
    checked.volume.path.mkdir()

    with pytest.raises(VolumeUnavailable, match="is it mounted"):
        checked.check.run_once()
    assert checked.found() == []

    checked.volume.path.rmdir()
    away.rename(checked.volume.path)
    checked.run()
    assert (checked.found(), checked.check.counts["files"]) == ([], 3)


def test_a_disk_that_goes_away_in_the_midst_of_it_is_noticed(
    checked: CheckedVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked.file(*(checked.write(days=days) for days in range(3)))
    checked.check.run_once()
    checked.answer()
    scandir = os.scandir

    def goes_away(folder: Path) -> object:
        # Right before the second day is listed
        if folder.name.endswith("22"):
            checked.volume.path.rename(checked.volume.path.with_name("away"))
            checked.volume.path.mkdir()
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", goes_away)

    with pytest.raises(VolumeUnavailable):
        checked.check.run_once()

    assert checked.found() == []
    # What will be compared again is not counted yet
    assert checked.check.counts["files"] == 0


def test_what_lies_in_a_folder_that_cannot_be_read_is_not_missing(checked: CheckedVolume) -> None:
    loops, dangles, readable = (checked.write(days=days) for days in range(3))
    checked.file(loops, dangles, readable)
    for written, target in ((loops, loops.path.parent), (dangles, Path("/nowhere/at/all"))):
        written.path.unlink()
        written.path.parent.rmdir()
        written.path.parent.symlink_to(target)
    readable.path.unlink()

    checked.run()

    [fact] = checked.found()
    assert isinstance(fact, SegmentDeleted)
    assert fact.path == readable.done.path
    assert checked.check.counts["unreadable_folders"] == 2


def test_who_is_told_to_end_ends_between_two_files(checked: CheckedVolume) -> None:
    for days in range(5):
        checked.write(days=days)
    checked.check.run_once()
    checked.answer()

    checked.when_told = lambda _: checked.stop.set()
    checked.check.run_once()

    assert not checked.check.is_done
    assert checked.check.counts["adopted"] == 1


def test_a_redis_that_refuses_us_an_answer_ends_nothing(
    checked: CheckedVolume, valkey: EmbeddedValkey
) -> None:
    with connect_single(valkey.url) as admin:
        admin.acl_setuser(
            "narrow", enabled=True, nopass=True, categories=["+@all"], keys=["vigil:facts"]
        )
    stop, address = StopSignal(), valkey.url.rpartition("@")[2]
    with connect_single(f"redis://narrow:any@{address}") as queue:
        board = RedisKnownFootageBoard(queue)
        check = VolumeCheck(
            checked.volume,
            known=board,
            protected=lambda _: Coverage(()),
            say=checked._say,
            stop=stop,
            clock=SystemClock(),
        )
        with structlog.testing.capture_logs() as logs:
            thread = start_thread(
                partial(check_until_stopped, check, camera_ids=set, stop=stop),
                name="check",
                stop=stop,
            )
            wait_until(lambda: [each for each in logs if each["log_level"] == "error"])
            assert (stop.is_set(), thread.is_alive()) == (False, True)
            stop.set()
            thread.join()

    assert [each["event"] for each in logs] == ["footage_check_refused"]
