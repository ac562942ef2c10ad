"""What each mode keeps of a camera: with what was before it, and behind it."""

from pathlib import Path

import pytest

from recorder.footage.marks import MarkFile
from tests.footage import Footage, footage_of
from tests.recorder.clips import FPS, make_clip
from tests.recorder.stage import CAMERA, Stage
from vigil.messages import GapReason


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Give a minute with a keyframe in each second."""
    return footage_of(make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=60, gop=FPS))


@pytest.fixture
def stage(tmp_path: Path, minute: Footage) -> Stage:
    return Stage(tmp_path, minute)


def test_motion_is_recorded_with_what_was_before_and_behind_it(stage: Stage) -> None:
    stage.wants("motion", pre_s=3, post_s=4)
    stage.passes(10)
    assert not stage.files()

    stage.passes(2, is_moving=True)
    stage.passes(10)

    # It began at 10 and ended at 12: a keyframe is in each second
    [(begun_s, ended_s)] = stage.spans_s()
    assert 6 <= begun_s <= 7
    assert ended_s == pytest.approx(16, abs=0.5)


def test_two_that_follow_each_other_are_one_without_a_gap(stage: Stage) -> None:
    stage.wants("motion", pre_s=5, post_s=2)
    stage.passes(8)
    stage.passes(1, is_moving=True)
    stage.passes(4)
    stage.passes(1, is_moving=True)
    stage.passes(4)

    # What was before the second reaches back into the first, which has it already
    [first, second] = stage.spans_s()
    assert second[0] <= first[1]
    assert second[0] >= first[1] - 1.5
    assert not stage.gaps()


def test_a_pause_is_a_gap_that_nobody_wanted_filled(stage: Stage) -> None:
    stage.wants("motion", pre_s=1, post_s=1)
    for _ in range(2):
        stage.passes(6)
        stage.passes(1, is_moving=True)
    stage.passes(2)

    [gap] = stage.gaps()
    assert gap.reason is GapReason.NOT_WANTED
    assert 2 <= (gap.ended_us - gap.begun_us) / 1e6 <= 5


def test_what_was_before_it_was_allowed_is_not_in_it(stage: Stage) -> None:
    stage.wants("off")
    stage.passes(10, is_moving=True)
    stage.wants("motion", pre_s=8)
    stage.passes(4, is_moving=True)
    stage.recorder.close()

    # But for what the newest keyframe was before
    [(begun_s, _)] = stage.spans_s()
    assert begun_s >= 9


def test_what_was_switched_off_in_between_is_a_gap_also_for_what_happens_right_after(
    stage: Stage,
) -> None:
    stage.wants("continuous")
    stage.passes(5)
    stage.wants("off")
    stage.passes(8, is_moving=True)
    stage.wants("motion", pre_s=12)
    stage.passes(4, is_moving=True)
    stage.recorder.close()

    assert [begun_s >= 12 or ended_s <= 5.5 for begun_s, ended_s in stage.spans_s()] == [True, True]
    [gap] = stage.gaps()
    assert gap.reason is GapReason.SWITCHED_OFF


def test_what_a_full_disk_costs_is_told_though_nothing_happens_any_more(stage: Stage) -> None:
    stage.wants("motion", pre_s=0, post_s=1)
    stage.passes(4, is_moving=True)
    stage.refusal = "no room"
    stage.passes(6, is_moving=True)
    stage.passes(6)
    stage.refusal = None
    stage.passes(4)
    stage.passes(3, is_moving=True)
    stage.recorder.close()

    assert [gap.reason for gap in stage.gaps()] == [GapReason.DISK, GapReason.NOT_WANTED]
    [full, unwanted] = stage.gaps()
    assert full.ended_us == unwanted.begun_us


def test_who_goes_on_does_not_take_for_a_full_disk_what_was_switched_off(stage: Stage) -> None:
    stage.wants("continuous")
    stage.passes(4)
    stage.wants("off")
    stage.passes(6)
    # Given that it is wanted again while there is no room, and that nothing of that was recorded
    stage.refusal = "no room"
    stage.wants("continuous")
    stage.passes(4)

    mark = MarkFile(stage.volume.folder_of(CAMERA)).read()
    assert mark is not None
    assert mark.broken_off is GapReason.SWITCHED_OFF
    told = stage.marks.read([CAMERA])[CAMERA]
    assert told.broken_off is GapReason.SWITCHED_OFF


def test_while_nobody_looks_for_motion_all_is_recorded(stage: Stage) -> None:
    stage.wants("motion")
    stage.passes(10, is_moving=None)
    stage.recorder.close()

    [(begun_s, ended_s)] = stage.spans_s()
    assert (begun_s, ended_s) == (0, 10)


def test_by_hand_it_begins_when_somebody_says_so_and_ends(stage: Stage) -> None:
    stage.wants("manual")
    stage.passes(5)
    assert not stage.files()
    stage.wants("manual", is_started=True)
    stage.passes(5)
    stage.wants("manual")
    stage.passes(2)

    [(begun_s, ended_s)] = stage.spans_s()
    assert 4 <= begun_s <= 5
    assert ended_s == pytest.approx(10, abs=0.3)


def test_another_file_is_begun_when_somebody_says_so(stage: Stage) -> None:
    stage.wants("continuous")
    stage.passes(3.6)
    stage.wants("continuous", takes=1)
    stage.passes(3)
    stage.recorder.close()

    # With the next keyframe
    assert stage.spans_s() == [(0, 4), (4, 6.6)]
    assert not stage.gaps()


def test_what_is_off_is_not_recorded_by_who_watches(stage: Stage) -> None:
    stage.wants("off", is_started=True, while_watched=True)
    stage.watchers.say_watched([CAMERA])
    stage.takers.say_watched([CAMERA])
    stage.passes(2)

    assert not stage.files()


def test_while_somebody_watches(stage: Stage) -> None:
    stage.wants("manual", while_watched=True)
    stage.passes(3)
    for _ in range(4):
        stage.watchers.say_watched([CAMERA])
        stage.passes(1)
    stage.passes(5)

    [(begun_s, ended_s)] = stage.spans_s()
    assert 2 <= begun_s <= 3
    # What says so lives for three seconds
    assert 8.5 <= ended_s <= 10


def test_a_log_that_began_anew_with_smaller_places_is_read(stage: Stage) -> None:
    stage.wants("continuous")
    stage.passes(4)
    # Given that Redis lost all while its clock was set back by an hour
    stage.packets.flush()
    stage.clock.step(-3600)
    stage.passes(12)
    stage.recorder.close()

    assert stage.spans_s()[-1][1] == 16
    lost_s = sum((each.ended_us - each.begun_us) / 1e6 for each in stage.gaps())
    assert lost_s <= 1
