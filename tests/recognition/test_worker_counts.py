"""A worker counts: in zones by stay and hour, over lines by day, and hands the day's counts on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from object_recognition.following import CONFIRM_HITS
from tests.builders import CAMERA
from tests.recognition.stage import HEIGHT, WIDTH, FixedDetector, a_picture, seen
from tests.recognition.test_worker import LEFT, RIGHT, a_stage_that_sees
from vigil.camera_document import Line, ScheduleSpan, Zone
from vigil.domain.camera import Epoch
from vigil.domain.motion import Motion
from vigil.messages import DayTallies, FrameDetections, LineTally, ZoneOccupancy

#: 2026-09-21, 14:13:20 UTC, a Monday.
BEGAN_US = 1_790_000_000_000_000
STEP_US = 200_000
#: Upwards in the middle of the picture: who walks to the right comes in.
GATE = Line(id=9, start=(160.0, 240.0), end=(160.0, 0.0), name="gate")
LEFT_HALF = Zone(points=((0, 0), (160, 0), (160, 240), (0, 240)), name="left")
EVERYWHERE = Zone(points=((0, 0), (320, 0), (320, 240), (0, 240)), name="yard")
STILL = Motion(is_moving=False, since_us=BEGAN_US)


class Camera:
    """A camera, and a worker that looks at each of its frames."""

    def __init__(
        self, folder: Path, *boxes: tuple[float, float, float, float], **settings: Any
    ) -> None:
        self.stage = a_stage_that_sees(folder, *boxes)
        self.number = 0
        self.look(boxes)
        self.configure(**settings)

    def configure(self, **settings: Any) -> None:
        configured = self.stage.configs.cameras[CAMERA]
        changes = {**settings, "revision": configured.revision + 1}
        self.stage.configure(configured.model_copy(update=changes))

    def look(
        self,
        boxes: Any,
        *,
        times: int = 1,
        at_us: int | None = None,
        motion: Motion | None = None,
    ) -> FrameDetections:
        """Let the worker look, and return what it published."""
        assert isinstance(self.stage.detector, FixedDetector)
        self.stage.detector.found = seen(*boxes)
        for _ in range(times):
            self.number += 1
            captured_us = BEGAN_US + self.number * STEP_US if at_us is None else at_us
            jpeg = a_picture()
            self.stage.write(CAMERA, self.number, jpeg, captured_at_us=captured_us, motion=motion)
            assert self.stage.worker.run_once()
            self.stage.clock.advance(STEP_US / 1e6)
        return self.stage.detections.read([CAMERA])[CAMERA]

    def walk(self, *, to_right: bool = True, from_us: int | None = None) -> FrameDetections:
        """Let somebody walk through the picture, and be gone."""
        xs = range(40, 290, 10)
        for step, x in enumerate(xs if to_right else reversed(xs)):
            at_us = None if from_us is None else from_us + step * STEP_US
            self.look([(x - 20.0, 80.0, x + 20.0, 180.0)], at_us=at_us)
        gone_us = None if from_us is None else from_us + (len(xs) + 30) * STEP_US
        return self.look([], times=20, at_us=gone_us)


def tally(into: int, out: int) -> tuple[LineTally, ...]:
    return (LineTally(line=9, name="gate", in_count=into, out_count=out),)


def test_crossings_are_counted_published_and_told(tmp_path: Path) -> None:
    camera = Camera(tmp_path, lines=(GATE,))
    before = camera.stage.picture(CAMERA)

    camera.walk()
    camera.walk()
    said = camera.walk(to_right=False)

    assert said.lines == tally(2, 1)
    told = {fact.track: fact.crossings for fact in camera.stage.told()}
    assert [str(each.direction) for one in told.values() for each in one] == ["in", "in", "out"]
    after = camera.stage.picture(CAMERA)
    assert before is not None
    assert after is not None
    # The line itself, and the tag that says how many
    assert np.abs(before[20:200, 158:162].astype(int) - after[20:200, 158:162]).max() > 60


def test_the_next_owner_goes_on_from_what_was_counted(tmp_path: Path) -> None:
    camera = Camera(tmp_path, lines=(GATE,))
    camera.walk()
    epoch = camera.stage.keeper.held()[CAMERA]

    # Given that another has the camera, and it comes back to somebody who remembers nothing
    stage = camera.stage
    stage.keeper.lost(CAMERA, epoch=epoch)
    stage.recognition.release(CAMERA, epoch=epoch)
    other = stage.recognition.acquire(CAMERA, "two", ttl_s=0.1, last_seen=Epoch(0))
    assert other is not None
    counted = stage.tallies.read([CAMERA])[CAMERA]
    assert counted == DayTallies(day="2026-09-21", lines=tally(1, 0))
    stage.tallies.put(CAMERA, DayTallies(day="2026-09-21", lines=tally(4, 2)), epoch=other)
    stage.clock.advance(1.0)

    assert camera.walk().lines == tally(5, 2)
    assert stage.tallies.read([CAMERA])[CAMERA].lines == tally(5, 2)


def test_a_day_of_the_cameras_time_zone_begins_with_none(tmp_path: Path) -> None:
    # 22:00 UTC is midnight in Berlin, in summer
    camera = Camera(tmp_path, lines=(GATE,), time_zone="Europe/Berlin")
    midnight_us = BEGAN_US - (14 * 3600 + 13 * 60 + 20) * 1_000_000 + 22 * 3600 * 1_000_000

    before = camera.walk(from_us=midnight_us - 60_000_000)
    at_midnight = camera.look([], at_us=midnight_us)
    after = camera.walk(to_right=False, from_us=midnight_us + 1_000_000)

    assert before.lines == tally(1, 0)
    assert at_midnight.lines == tally(0, 0)
    assert after.lines == tally(0, 1)
    assert camera.stage.tallies.read([CAMERA])[CAMERA].day == "2026-09-22"


def test_who_walks_where_no_zone_is_is_counted_over_a_line_and_not_shown(tmp_path: Path) -> None:
    away = Zone(points=((0, 0), (20, 0), (20, 20)), name="away")
    camera = Camera(tmp_path, lines=(GATE,), zones=(away,))

    said = camera.walk()

    assert said.lines == tally(1, 0)
    assert said.occupancy == (ZoneOccupancy(name="away", count=0),)
    [opened, _] = camera.stage.told()
    assert (opened.zones, len(opened.crossings)) == ((), 1)


def test_says_how_many_there_are_of_each_label_and_in_each_zone(tmp_path: Path) -> None:
    camera = Camera(tmp_path, LEFT, RIGHT, zones=(LEFT_HALF, EVERYWHERE))

    new = camera.look([LEFT, RIGHT])
    known = camera.look([LEFT, RIGHT], times=CONFIRM_HITS)

    # The first look was before the zones were
    assert (new.counts, [each.count for each in new.occupancy]) == ({}, [0, 0])
    assert known.counts == {"person": 2}
    assert [(each.name, each.count) for each in known.occupancy] == [("left", 1), ("yard", 2)]


def test_who_has_not_stayed_long_enough_is_shown_and_does_not_count(tmp_path: Path) -> None:
    slow = LEFT_HALF.model_copy(update={"dwell_s": 2.0})
    camera = Camera(tmp_path, LEFT, zones=(slow,))

    waiting = camera.look([LEFT], times=5)
    pale = camera.stage.picture(CAMERA)
    there = camera.look([LEFT], times=10)
    full = camera.stage.picture(CAMERA)

    [shown] = waiting.objects
    assert (shown.track, shown.zones) == (1, ())
    assert (waiting.counts, waiting.occupancy[0].count) == ({"person": 1}, 0)
    assert (there.objects[0].zones, there.occupancy[0].count) == (("left",), 1)
    assert [fact.zones for fact in camera.stage.told()] == [(), ("left",)]
    assert pale is not None
    assert full is not None
    # The box is paler, and has no dark line around it
    edge = pale[100:170, int(LEFT[0])].mean(), full[100:170, int(LEFT[0])].mean()
    assert edge[0] > edge[1] + 20


def test_a_stay_that_is_over_while_nothing_moves_counts_at_once(tmp_path: Path) -> None:
    slow = LEFT_HALF.model_copy(update={"dwell_s": 4.0})
    camera = Camera(tmp_path, LEFT, zones=(slow,))
    # Given that the gate is closed after the first looks, the next look being due in ten seconds
    camera.look([LEFT], times=10, motion=STILL)
    looked = len(camera.stage.detector.levels)  # type: ignore[union-attr]  # FixedDetector's.

    counts = [camera.look([LEFT], motion=STILL).occupancy[0].count for _ in range(round(4.0 / 0.2))]

    # One look more than if nobody waited, and not one for each frame
    assert counts[-1] == 1
    assert 0 in counts
    assert len(camera.stage.detector.levels) - looked <= 2  # type: ignore[union-attr]


SPAN = ScheduleSpan(start_time="16:00", end_time="16:30")


@pytest.mark.parametrize(("time_zone", "is_open"), [("Europe/Berlin", True), ("UTC", False)])
def test_a_zone_is_there_by_the_clock_of_its_camera(
    tmp_path: Path, time_zone: str, *, is_open: bool
) -> None:
    timed = LEFT_HALF.model_copy(update={"schedule": (SPAN,)})
    camera = Camera(tmp_path, LEFT, zones=(timed,), time_zone=time_zone)

    said = camera.look([LEFT], times=CONFIRM_HITS)

    assert said.occupancy == (ZoneOccupancy(name="left", count=int(is_open), is_open=is_open),)
    assert len(said.objects) == int(is_open)


def test_a_zone_that_closes_while_nothing_moves_lets_nothing_through(tmp_path: Path) -> None:
    # Ends at 14:14 UTC, forty seconds after the beginning
    timed = LEFT_HALF.model_copy(
        update={"schedule": (ScheduleSpan(start_time="00:00", end_time="14:14"),)}
    )
    camera = Camera(tmp_path, LEFT, zones=(timed,))
    open_ = camera.look([LEFT], times=10, motion=STILL)

    closed = camera.look([LEFT], at_us=BEGAN_US + 40_000_000, motion=STILL)

    assert (len(open_.objects), len(closed.objects)) == (1, 0)
    assert not closed.occupancy[0].is_open


def test_the_picture_may_be_smaller_than_what_settings_are_meant_in(tmp_path: Path) -> None:
    # Drawn on a frame of twice the size, in whose pixels boxes are 200 px tall
    zone = Zone(points=((0, 0), (320, 0), (320, 480), (0, 480)), name="left", min_size_px=150)
    gate = Line(id=9, start=(320.0, 480.0), end=(320.0, 0.0), name="gate")
    camera = Camera(tmp_path, zones=(zone,), lines=(gate,))
    stage = camera.stage
    for step, x in enumerate(range(40, 290, 10)):
        stage.detector.found = seen((x - 20.0, 80.0, x + 20.0, 180.0))  # type: ignore[union-attr]
        stage.write(
            CAMERA,
            10 + step,
            a_picture(),
            captured_at_us=BEGAN_US + (10 + step) * STEP_US,
            width_px=2 * WIDTH,
            height_px=2 * HEIGHT,
        )
        assert stage.worker.run_once()

    assert stage.detections.read([CAMERA])[CAMERA].lines == tally(1, 0)
    assert {fact.zones for fact in stage.told()} == {("left",)}


def test_says_how_often_it_looks(tmp_path: Path) -> None:
    camera = Camera(tmp_path, LEFT)

    said = camera.look([LEFT], times=30)

    assert said.looked_fps == pytest.approx(5.0, abs=0.2)
