"""When a camera is recorded: a table of modes and times."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from recorder.wanted import Signs, Wish, may_be_recorded
from tests.builders import a_camera, a_status
from vigil.camera_document import RecordingMode, RecordingRules, ScheduleSpan, Zone
from vigil.domain.camera import Epoch
from vigil.messages import DetectedObject, FrameDetections

#: A Monday in winter; in Berlin it is an hour later.
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
NOW_S = 1000.0
MODES = list(RecordingMode)
ZONES = (Zone(points=((0, 0), (9, 0), (9, 9)), name="door"),)


def us(at: datetime) -> int:
    return round(at.timestamp() * 1e6)


def seen(*objects: dict[str, Any]) -> FrameDetections:
    found = [
        DetectedObject(**{"label": "person", "confidence": 0.9, "box": (1, 1, 5, 9)} | each)
        for each in objects
    ]
    return FrameDetections(
        camera_id=7,
        epoch=Epoch(1),
        frame_epoch=Epoch(1),
        sequence=1,
        captured_at_us=us(NOON),
        width_px=320,
        height_px=180,
        recogniser="nano",
        objects=tuple(found),
    )


MOVING = Signs(a_status(is_moving=True))
STILL = Signs(a_status(is_moving=False))
#: The gate is off, or nothing is decoded.
UNKNOWN = Signs(a_status(is_moving=None))
NOBODY = Signs(a_status(is_moving=True), seen())
UNSURE = Signs(a_status(is_moving=True), seen({"zones": ("door",)}))
OUTSIDE = Signs(a_status(is_moving=True), seen({"track": 3}))
INSIDE = Signs(a_status(is_moving=False), seen({"track": 3, "zones": ("door",)}))
TAKEN = Signs(a_status(is_moving=False), seen(), is_taken=True)
WATCHED = Signs(a_status(is_moving=False), seen(), is_watched=True)


@pytest.mark.parametrize(
    ("signs", "recorded_in"),
    [
        pytest.param(STILL, {"continuous"}, id="nothing moves"),
        pytest.param(MOVING, {"continuous", "motion", "events"}, id="no recogniser: motion counts"),
        pytest.param(UNKNOWN, {"continuous", "motion", "events"}, id="nobody looks for motion"),
        pytest.param(Signs(), {"continuous", "motion", "events"}, id="nothing is known"),
        pytest.param(NOBODY, {"continuous", "motion"}, id="something moves, nobody is seen"),
        pytest.param(UNSURE, {"continuous", "motion"}, id="not confirmed"),
        pytest.param(OUTSIDE, {"continuous", "motion"}, id="in no zone"),
        pytest.param(INSIDE, {"continuous", "events"}, id="in a zone"),
        pytest.param(TAKEN, set(MODES) - {"off"}, id="by who watches, as long as they do"),
        pytest.param(WATCHED, {"continuous"}, id="watched, which does not count"),
    ],
)
def test_what_is_recorded_in_which_mode(signs: Signs, recorded_in: set[str]) -> None:
    cameras = {mode: a_camera(7, recording=mode, zones=ZONES) for mode in MODES}

    recorded = {
        mode
        for mode, each in cameras.items()
        if Wish().look(each, signs, now_us=us(NOON), now_s=NOW_S)
    }

    assert recorded == recorded_in


def test_without_zones_whatever_is_confirmed_counts() -> None:
    camera = a_camera(7, recording="events")

    assert Wish().look(camera, OUTSIDE, now_us=us(NOON), now_s=NOW_S)
    assert not Wish().look(camera, UNSURE, now_us=us(NOON), now_s=NOW_S)


@pytest.mark.parametrize(
    ("rules", "signs"),
    [
        pytest.param({"is_started": True}, STILL, id="by hand"),
        pytest.param({"while_watched": True}, WATCHED, id="while it is watched"),
    ],
)
def test_it_is_recorded_besides_in_every_mode_but_off(rules: dict[str, Any], signs: Signs) -> None:
    recorded = {
        mode
        for mode in MODES
        if Wish().look(
            a_camera(7, recording=mode, recording_rules=RecordingRules(**rules)),
            signs,
            now_us=us(NOON),
            now_s=NOW_S,
        )
    }

    assert recorded == set(MODES) - {RecordingMode.OFF}


@pytest.mark.parametrize("mode", MODES)
def test_a_camera_that_is_disabled_is_never_recorded(mode: RecordingMode) -> None:
    camera = a_camera(
        7, recording=mode, enabled=False, recording_rules=RecordingRules(is_started=True)
    )

    assert not may_be_recorded(camera)
    assert not Wish().look(camera, TAKEN, now_us=us(NOON), now_s=NOW_S)


@pytest.mark.parametrize(
    ("span", "local", "is_recorded"),
    [
        (("12:00", "14:00", ()), "13:00", True),
        (("12:00", "13:00", ()), "13:00", False),
        (("22:00", "13:30", ()), "13:00", True),
        (("12:00", "14:00", (0,)), "13:00", True),
        (("12:00", "14:00", (1, 2)), "13:00", False),
    ],
)
def test_a_schedule_goes_by_the_clock_of_the_camera(
    span: tuple[str, str, tuple[int, ...]], local: str, is_recorded: bool
) -> None:
    begin, end, days = span
    schedule = (
        ScheduleSpan(
            start_time=time.fromisoformat(begin), end_time=time.fromisoformat(end), days=days
        ),
    )
    camera = a_camera(
        7,
        recording="schedule",
        time_zone="Europe/Berlin",
        recording_rules=RecordingRules(schedule=schedule),
    )
    assert NOON.hour + 1 == time.fromisoformat(local).hour

    assert Wish().look(camera, STILL, now_us=us(NOON), now_s=NOW_S) is is_recorded


def test_a_schedule_of_nothing_is_never() -> None:
    assert not Wish().look(a_camera(7, recording="schedule"), STILL, now_us=us(NOON), now_s=NOW_S)


def test_it_goes_on_for_a_while_behind_what_it_was_begun_for() -> None:
    camera = a_camera(7, recording="motion", recording_rules=RecordingRules(post_s=10))
    wish = Wish()

    looks = [
        wish.look(camera, signs, now_us=us(NOON + timedelta(seconds=after_s)), now_s=NOW_S)
        for after_s, signs in ((0, STILL), (1, MOVING), (5, STILL), (10.9, STILL), (11, STILL))
    ]

    assert looks == [False, True, True, True, False]


def test_a_clock_that_is_set_back_does_not_make_it_last_an_hour() -> None:
    camera = a_camera(7, recording="motion", recording_rules=RecordingRules(post_s=10))
    wish = Wish()
    assert wish.look(camera, MOVING, now_us=us(NOON), now_s=NOW_S)

    assert not wish.look(camera, STILL, now_us=us(NOON - timedelta(hours=1)), now_s=NOW_S)


def test_only_what_happens_has_footage_from_before() -> None:
    camera = a_camera(
        7, recording="motion", recording_rules=RecordingRules(pre_s=8, is_started=True)
    )
    wish = Wish()

    wish.look(camera, STILL, now_us=us(NOON), now_s=NOW_S)
    wish.look(camera, STILL, now_us=us(NOON), now_s=NOW_S + 60)
    assert wish.pre_s == 0
    wish.look(camera, MOVING, now_us=us(NOON), now_s=NOW_S + 61)
    assert wish.pre_s == 8


@pytest.mark.parametrize("forbidden", [{"recording": "off"}, {"record_audio": False}])
def test_what_came_before_it_was_allowed_is_not_recorded(forbidden: dict[str, Any]) -> None:
    rules = RecordingRules(pre_s=8)
    allowed = {"recording": "motion", "record_audio": True, "recording_rules": rules}
    wish = Wish()

    def pre_s(after_s: float, **changes: Any) -> float:
        camera = a_camera(7, **allowed | changes)
        wish.look(camera, MOVING, now_us=us(NOON), now_s=NOW_S + after_s)
        return wish.pre_s

    assert pre_s(0) == 0
    assert pre_s(60) == 8
    pre_s(70, **forbidden)
    assert [pre_s(each) for each in (80, 83, 100)] == [0, 3, 8]
