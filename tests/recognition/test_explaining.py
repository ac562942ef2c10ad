"""Detections in are those shown and those dropped, and each says what would have shown it."""

from datetime import datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from object_recognition.bounds import Bounds
from object_recognition.detection import Detections
from object_recognition.explaining import EXPLAIN_EVERY_S, MAX_EXPLAINED, Explainer, Terms, drops_of
from object_recognition.following import Follower
from object_recognition.zones import ZoneFilter, are_open
from tests.builders import CAMERA, a_camera
from vigil.camera_document import ScheduleSpan, Zone
from vigil.domain.camera import Epoch
from vigil.domain.explanation import DropReason
from vigil.domain.frame import FrameStamp
from vigil.messages import Drop, Explanation

LABELS = ("person", "car", "dog")
FRAME_WH = (640, 360)
#: Sizes are those of the full frame, which is larger than the picture.
SCALE = (2.0, 1.5)
#: A Monday.
NOW = datetime(2026, 11, 30, 14, 5)  # noqa: DTZ001  # By the clock on the wall.
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31))  # noqa: DTZ001
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def detections() -> st.SearchStrategy[Detections]:
    def of(count: int) -> st.SearchStrategy[Detections]:
        side = st.floats(0, 640, width=32)
        corners = arrays.arrays(np.float32, (count, 4), elements=side)
        return st.builds(
            lambda xyxy, confidence, class_id: Detections(
                np.concatenate([np.minimum(xyxy[:, :2], xyxy[:, 2:]), xyxy[:, 2:]], axis=1),
                confidence,
                class_id,
            ),
            corners,
            arrays.arrays(np.float32, count, elements=st.floats(0.0625, 1, width=32)),
            arrays.arrays(np.int64, count, elements=st.integers(0, len(LABELS) - 1)),
        )

    return st.integers(0, 6).flatmap(of)


def spans() -> st.SearchStrategy[ScheduleSpan]:
    return st.builds(
        lambda start, end, days: ScheduleSpan(start_time=start, end_time=end, days=tuple(days)),
        st.times(),
        st.times(),
        st.lists(st.integers(0, 6), max_size=2),
    )


def zones() -> st.SearchStrategy[tuple[Zone, ...]]:
    point = st.tuples(st.floats(0, 640), st.floats(0, 360))
    return st.lists(
        st.builds(
            Zone,
            points=st.lists(point, min_size=3, max_size=5).map(tuple),
            labels=st.lists(st.sampled_from(LABELS), max_size=2, unique=True).map(tuple),
            min_confidence=st.just(0.0) | st.floats(0, 1),
            min_size_px=st.none() | st.floats(0, 800),
            max_size_px=st.none() | st.floats(0, 800),
            schedule=st.lists(spans(), max_size=2).map(tuple),
        ),
        max_size=3,
    ).map(tuple)


def drops(
    found: Detections,
    min_confidence: float,
    of: tuple[Zone, ...],
    local: datetime = NOW,
    wanted: tuple[str, ...] = (),
) -> list[tuple[Drop, ...]]:
    return drops_of(
        found,
        bounds=Bounds.of(LABELS, min_confidence=min_confidence, wanted=wanted),
        zone_filter=a_filter(of, local),
        zones=of,
        local=local,
    )


def a_filter(of: tuple[Zone, ...], local: datetime) -> ZoneFilter:
    return ZoneFilter(
        of,
        labels=LABELS,
        frame_wh=FRAME_WH,
        is_open=are_open(of, local),
        full_scale=SCALE,
    )


def moved(zone: Zone, drop: Drop) -> Zone:
    """Return a zone with just what one of its drops names moved past what it was."""
    value = drop.value.removesuffix(" px")
    match drop.reason:
        case DropReason.CONFIDENCE:
            return zone.model_copy(update={"min_confidence": just_below(value)})
        case DropReason.ZONE:
            width, height = FRAME_WH
            everywhere = ((0, 0), (width, 0), (width, height), (0, height))
            return zone.model_copy(update={"points": everywhere})
        case DropReason.LABEL:
            return zone.model_copy(update={"labels": (*zone.labels, value)})
        case DropReason.SIZE if float(value) < (zone.min_size_px or 0):
            # Both, where no size at all can be between the two
            most = (
                zone.max_size_px
                if zone.max_size_px is None
                else max(zone.max_size_px, float(value))
            )
            return zone.model_copy(update={"min_size_px": float(value), "max_size_px": most})
        case DropReason.SIZE:
            return zone.model_copy(update={"max_size_px": float(value)})
        case DropReason.SCHEDULE:
            day, clock = value.split()
            start = time.fromisoformat(clock)
            end = (datetime.combine(NOW, start) + timedelta(seconds=1)).time()
            span = ScheduleSpan(start_time=start, end_time=end, days=(DAYS.index(day),))
            return zone.model_copy(update={"schedule": (*zone.schedule, span)})
    raise AssertionError(f"{drop.reason} keeps nothing out of the picture")


def just_below(confidence: str) -> float:
    # It is told in four digits, of which the last may be rounded up
    return float(confidence) - 0.0001


@settings(max_examples=200)
@given(found=detections(), min_confidence=st.floats(0, 1), of=zones(), local=MOMENTS)
def test_what_is_dropped_is_shown_when_just_what_it_names_is_moved(
    found: Detections, min_confidence: float, of: tuple[Zone, ...], local: datetime
) -> None:
    said = drops(found, min_confidence, of, local)
    zone_filter = a_filter(of, local)
    inside = zone_filter.in_any(zone_filter.in_each(found))
    is_shown = inside & (found.confidence >= np.float32(min_confidence))

    # Detections in are those shown and those dropped
    assert [not each for each in said] == is_shown.tolist()
    for row, why in enumerate(said):
        least, changed = min_confidence, list(of)
        for drop in why:
            if drop.zone is None:
                assert drop.reason is DropReason.CONFIDENCE
                least = just_below(drop.value)
            else:
                changed[drop.zone] = moved(changed[drop.zone], drop)
        assert drops(found.take(np.array([row])), least, tuple(changed), local) == [()]
        # And no less than all of it
        for left_out in range(len(why)):
            least, changed = min_confidence, list(of)
            for drop in why[:left_out] + why[left_out + 1 :]:
                if drop.zone is None:
                    least = just_below(drop.value)
                else:
                    changed[drop.zone] = moved(changed[drop.zone], drop)
            assert drops(found.take(np.array([row])), least, tuple(changed), local) != [()]


def test_says_what_it_was_and_what_it_had_to_be() -> None:
    zone = Zone(
        points=((0, 0), (100, 0), (100, 100), (0, 100)),
        labels=("person", "car"),
        min_confidence=0.7,
        min_size_px=150,
        max_size_px=400,
        schedule=(
            ScheduleSpan(start_time="22:00", end_time="06:00"),
            ScheduleSpan(start_time="09:00", end_time="12:00", days=(5, 0)),
        ),
    )
    found = Detections(
        np.array([[10, 10, 50, 90], [80, 10, 140, 130], [400, 10, 440, 130]], np.float32),
        np.array([0.31, 0.9, 0.8], np.float32),
        np.array([2, 0, 0]),
    )

    unsure_dog, at_the_edge, far = (
        [(each.reason, each.value, each.limit, each.zone) for each in why]
        for why in drops(found, 0.4, (zone,))
    )

    closed = (DropReason.SCHEDULE, "Mon 14:05:00", "22:00-06:00, Mon Sat 09:00-12:00", 0)
    assert unsure_dog == [
        (DropReason.CONFIDENCE, "0.3100", "0.4", None),
        (DropReason.LABEL, "dog", "car, person", 0),
        (DropReason.SIZE, "120.0 px", "150 to 400 px", 0),
        (DropReason.CONFIDENCE, "0.3100", "0.7", 0),
        closed,
    ]
    # The zone's border is painted, a pixel wide
    [(_, share, limit, _), last] = at_the_edge
    assert float(share) == pytest.approx(100 * 20 / 120 / 60, abs=0.03)
    assert limit == "0.5"
    assert last == closed
    assert far == [(DropReason.ZONE, "0.00", "0.5", 0), closed]


def test_of_several_zones_the_one_is_named_that_is_nearest_to_letting_it_in() -> None:
    square = ((0, 0), (100, 0), (100, 100), (0, 100))
    elsewhere = Zone(points=((300, 0), (400, 0), (400, 100)), labels=("dog",))
    here = Zone(points=square, min_size_px=500)
    found = Detections(
        np.array([[10, 10, 50, 90]], np.float32), np.array([0.9], np.float32), np.array([2])
    )

    [[drop]] = drops(found, 0.4, (elsewhere, here))

    assert (drop.reason, drop.zone) == (DropReason.SIZE, 1)


@pytest.mark.parametrize(
    ("least", "most", "said"),
    [(500, None, "500 px or more"), (None, 50, "50 px or less"), (500, 600, "500 to 600 px")],
)
def test_sizes_are_told_in_words(least: float | None, most: float | None, said: str) -> None:
    zone = Zone(points=((0, 0), (640, 0), (640, 360)), min_size_px=least, max_size_px=most)
    found = Detections(
        np.array([[300, 10, 340, 90]], np.float32), np.array([0.9], np.float32), np.array([0])
    )

    [[drop]] = drops(found, 0.4, (zone,))

    assert drop.limit == said


class Explained:
    """A camera whose explanations a test reads."""

    def __init__(self, *of: Zone, min_confidence: float = 0.4) -> None:
        self.camera = a_camera(zones=of, min_confidence=min_confidence)
        self.bounds = Bounds.of(LABELS, min_confidence=min_confidence)
        self.explainer = Explainer()
        self.follower = Follower(
            CAMERA, epoch=Epoch(5), labels=LABELS, min_confidence=min_confidence
        )
        self.follower.count_in(of, ())
        self.zone_filter = a_filter(of, NOW)

    def look(self, found: Detections, at_s: float) -> Explanation | None:
        stamp = FrameStamp(1, 1_790_000_000_000_000 + round(at_s * 1e6), Epoch(5), 1280, 540)
        in_each = self.zone_filter.in_each(found)
        inside = self.zone_filter.in_any(in_each)
        tracked = self.follower.follow(found, captured_at_us=stamp.captured_at_us)
        followed = self.follower.look(tracked, in_each=in_each, is_inside=inside)
        return self.explainer.explain(
            found,
            followed,
            inside & self.bounds.sure(found),
            Terms(
                camera=self.camera,
                recogniser="fixed",
                bounds=self.bounds,
                zone_filter=self.zone_filter,
                stamp=stamp,
                local=NOW,
                full_scale=SCALE,
            ),
        )


def test_explains_once_a_second_and_the_surest() -> None:
    camera = Explained(min_confidence=0.48)
    count = MAX_EXPLAINED + 2
    found = Detections(
        np.tile(np.array([[10, 10, 50, 90]], np.float32), (count, 1)),
        np.linspace(0.1, 0.5, count).astype(np.float32),
        np.zeros(count, np.int64),
    )

    def explain(at_s: float) -> bool:
        said = camera.look(found, at_s)
        if said is None:
            return False
        assert (said.shown, said.dropped, len(said.objects)) == (1, count - 1, MAX_EXPLAINED)
        assert said.objects[0].confidence > said.objects[-1].confidence
        assert said.objects[0].box == (20.0, 15.0, 100.0, 135.0)
        return True

    assert explain(0.0)
    assert not explain(EXPLAIN_EVERY_S - 0.2)
    assert explain(EXPLAIN_EVERY_S)
    # A clock that was set back
    assert explain(-3600.0)


def test_says_of_what_is_shown_why_it_does_not_count_yet() -> None:
    camera = Explained(Zone(points=((0, 0), (640, 0), (640, 360), (0, 360)), dwell_s=30))
    found = Detections(
        np.array([[10, 10, 50, 90]], np.float32), np.array([0.9], np.float32), np.array([0])
    )

    said = [camera.look(found, each / 2) for each in range(80)]

    waits = [
        (drop.reason, drop.value, drop.limit, drop.zone)
        for each in said
        if each is not None
        for waiting in each.waiting
        for drop in waiting.drops
    ]
    assert waits[:2] == [
        (DropReason.NOT_CONFIRMED, "1", "3 of 5 looks", None),
        (DropReason.DWELL, "0.0 s", "30 s", 0),
    ]
    # Confirmed after a second, and thirty more: then it counts, and there is nothing to say
    assert waits[-1] == (DropReason.DWELL, "29.0 s", "30 s", 0)
    assert said[-1] is None
