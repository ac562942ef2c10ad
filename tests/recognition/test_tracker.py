"""Which detection is which object, over looks."""

from collections.abc import Sequence

import numpy as np
import pytest

from object_recognition.detection import Detections
from object_recognition.tracking.kin import kin_of
from object_recognition.tracking.tracked import Tracked
from object_recognition.tracking.tracker import Tracker

PERSON, CAR, TRUCK = 0, 2, 7
#: Between two looks, unless a test says otherwise.
STEP_S = 0.2

Box = tuple[float, float, float, float]
LEFT, RIGHT = (100.0, 100.0, 140.0, 200.0), (500.0, 100.0, 540.0, 200.0)


def seen(
    *boxes: Box, confidence: float | Sequence[float] = 0.9, class_id: int | Sequence[int] = PERSON
) -> Detections:
    n = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.broadcast_to(np.asarray(confidence, np.float32), n).copy(),
        np.broadcast_to(np.asarray(class_id, np.int64), n).copy(),
    )


def moved(box: Box, x_px: float, y_px: float = 0) -> Box:
    return (box[0] + x_px, box[1] + y_px, box[2] + x_px, box[3] + y_px)


class Camera:
    """Looks at a steady pace, or when told."""

    def __init__(self, tracker: Tracker | None = None) -> None:
        self.tracker = tracker or Tracker()
        self.now_s = 1000.0

    def look(self, detections: Detections, *, after_s: float = STEP_S) -> Tracked:
        self.now_s += after_s
        return self.tracker.update(detections, self.now_s)

    def looks(self, *frames: Detections) -> list[Tracked]:
        return [self.look(each) for each in frames]

    def rest(self, for_s: float) -> None:
        self.now_s += for_s
        self.tracker.rest(self.now_s)


@pytest.mark.parametrize(
    ("hits", "looks", "pattern", "opened_at"),
    [
        pytest.param(1, 1, "x", 0, id="at once"),
        pytest.param(3, 5, "xxx", 2, id="three in a row"),
        pytest.param(3, 5, "x.x.x", 4, id="three of five"),
        pytest.param(3, 5, "x..x.x", None, id="three of six"),
        pytest.param(3, 5, "x...xxx", 6, id="three in a row after too long a gap"),
        pytest.param(3, 3, "xx.xx.xx", None, id="never three in a row"),
        pytest.param(2, 64, "x" + 62 * "." + "x", 63, id="two of sixty-four"),
    ],
)
def test_a_track_opens_when_it_was_seen_often_enough_of_late(
    hits: int, looks: int, pattern: str, opened_at: int | None
) -> None:
    camera = Camera(Tracker(confirm_hits=hits, confirm_looks=looks, lost_s=60))

    told = camera.looks(*(seen(LEFT) if each == "x" else seen() for each in pattern))

    opened = [number for number, each in enumerate(told) if len(each.opened)]
    assert opened == ([] if opened_at is None else [opened_at])
    for number, each in enumerate(told):
        is_told = opened_at is not None and number >= opened_at and pattern[number] == "x"
        assert each.track_id.tolist() == [int(is_told)] * len(each.detections)


def test_an_opened_track_says_what_it_is_and_since_when_it_was_there() -> None:
    camera = Camera()
    frames = [seen(LEFT, confidence=0.6), seen(LEFT, confidence=0.9), seen(moved(LEFT, 5))]

    opened = camera.looks(*frames)[-1].opened

    assert opened.track_id.tolist() == [1]
    assert opened.class_id.tolist() == [PERSON]
    assert opened.xyxy.tolist() == [list(moved(LEFT, 5))]
    assert opened.confidence.tolist() == pytest.approx([0.9])
    assert opened.first_seen_s.tolist() == [pytest.approx(1000 + STEP_S)]
    assert opened.last_seen_s.tolist() == [pytest.approx(1000 + 3 * STEP_S)]


def test_what_was_seen_too_long_ago_to_be_confirmed_is_not_counted_in() -> None:
    camera = Camera()
    told = camera.looks(*(seen(LEFT) if each == "x" else seen() for each in "x...xxx"))

    assert told[-1].opened.first_seen_s.tolist() == [pytest.approx(1000 + 5 * STEP_S)]


def test_each_look_tells_what_opened_and_what_goes_on() -> None:
    camera = Camera(Tracker(confirm_hits=1, confirm_looks=1))

    first, second = camera.looks(seen(LEFT), seen(RIGHT, LEFT))

    assert (first.opened.track_id.tolist(), first.updated.track_id.tolist()) == ([1], [])
    assert (second.opened.track_id.tolist(), second.updated.track_id.tolist()) == ([2], [1])
    assert second.track_id.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("gap_s", "is_same"),
    [pytest.param(2.9, True, id="in time"), pytest.param(3.1, False, id="too late")],
)
def test_a_track_that_is_not_seen_for_too_long_is_closed(gap_s: float, *, is_same: bool) -> None:
    camera = Camera(Tracker(lost_s=3.0))
    last = camera.looks(*[seen(LEFT)] * 4)[-1]

    back = camera.look(seen(LEFT), after_s=gap_s)

    assert last.track_id.tolist() == [1]
    assert back.track_id.tolist() == [int(is_same)]
    assert back.closed.track_id.tolist() == ([] if is_same else [1])


def test_a_closed_track_says_when_and_where_it_was_last_seen() -> None:
    camera = Camera(Tracker(lost_s=1.1))
    camera.looks(*(seen(moved(LEFT, 4 * k)) for k in range(5)))
    last_s = camera.now_s

    told = camera.looks(*[seen()] * 7)

    assert [len(each.closed) for each in told] == [0, 0, 0, 0, 0, 1, 0]
    closed = told[5].closed
    assert closed.track_id.tolist() == [1]
    assert closed.last_seen_s.tolist() == [last_s]
    assert closed.xyxy.tolist() == [list(moved(LEFT, 16))]


def test_an_object_that_is_seldom_looked_at_is_followed_as_well() -> None:
    # Given somebody who walks 60 px a second, one and a half times their width
    camera = Camera()
    told = [
        camera.look(seen(moved(LEFT, 60 * at_s)), after_s=pause_s)
        for at_s, pause_s in [(0, 0.2), (0.2, 0.2), (0.4, 0.2), (0.5, 0.1), (1.5, 1), (2.5, 1)]
    ]

    assert [each.track_id.tolist() for each in told] == [[0], [0], [1], [1], [1], [1]]


def test_people_who_cross_keep_who_they_are() -> None:
    # Given two who walk through each other, and are one box for a moment
    camera = Camera()
    told: list[Tracked] = []
    for k in range(41):
        one, other = moved(LEFT, 10 * k), moved(LEFT, 400 - 10 * k)
        boxes = [one] if abs(k - 20) <= 1 else [one, other]
        told.append(camera.look(seen(*boxes)))

    assert told[10].track_id.tolist() == [1, 2]
    assert told[-1].track_id.tolist() == [1, 2]
    assert sum(len(each.opened) for each in told) == 2


def test_who_was_hidden_and_comes_out_a_little_aside_is_the_same() -> None:
    camera = Camera()
    camera.looks(*[seen(LEFT)] * 4)
    camera.looks(*[seen()] * 4)

    # Nearly a width of their own: the boxes hardly touch
    assert camera.look(seen(moved(LEFT, 38))).track_id.tolist() == [1]


def test_an_unsure_detection_continues_a_track_and_begins_none() -> None:
    camera = Camera(Tracker(confirm_hits=1, confirm_looks=1))
    camera.look(seen(LEFT))

    told = camera.look(seen(LEFT, RIGHT, confidence=[0.2, 0.2]))

    assert told.track_id.tolist() == [1, 0]
    assert len(told.opened) == 0


def test_what_is_less_sure_still_continues_nothing() -> None:
    camera = Camera(Tracker(confirm_hits=1, confirm_looks=1, least_confidence=0.1))
    camera.look(seen(LEFT))

    assert camera.look(seen(LEFT, confidence=0.05)).track_id.tolist() == [0]


# --- The gate that closes while nothing moves.


def test_who_stood_still_is_the_same_after_a_pause() -> None:
    camera = Camera(Tracker(lost_s=3.0))
    camera.looks(*[seen(LEFT)] * 5)

    for _ in range(12):
        camera.rest(5.0)
    told = camera.look(seen(LEFT))

    assert told.track_id.tolist() == [1]
    assert len(told.closed) == 0


def test_a_pause_told_of_once_is_one_as_well() -> None:
    camera = Camera(Tracker(lost_s=3.0))
    camera.looks(*[seen(LEFT)] * 5)

    camera.rest(60.0)

    assert camera.look(seen(LEFT)).track_id.tolist() == [1]


def test_a_pause_that_nobody_told_of_closes_tracks() -> None:
    camera = Camera(Tracker(lost_s=3.0))
    camera.looks(*[seen(LEFT)] * 5)

    told = camera.look(seen(LEFT), after_s=60.0)

    assert told.track_id.tolist() == [0]
    assert told.closed.track_id.tolist() == [1]


def test_who_walked_and_stopped_is_found_where_they_stopped() -> None:
    # Given somebody at 100 px a second, who stands from when the gate closes, and on
    camera = Camera()
    camera.looks(*(seen(moved(LEFT, 20 * k)) for k in range(6)))

    camera.rest(1.0)
    told = camera.look(seen(moved(LEFT, 100)), after_s=1.0)

    assert told.track_id.tolist() == [1]


def test_who_was_lost_before_a_pause_is_as_much_lost_after_it() -> None:
    camera = Camera(Tracker(lost_s=1.1))
    camera.looks(*[seen(LEFT)] * 4)
    camera.looks(*[seen()] * 4)

    camera.rest(30.0)
    told = camera.looks(*[seen()] * 2)

    assert [each.closed.track_id.tolist() for each in told] == [[], [1]]


# --- Classes.


def test_a_person_never_becomes_a_car() -> None:
    camera = Camera(Tracker(confirm_hits=1, confirm_looks=1))
    camera.look(seen(LEFT, class_id=PERSON))

    told = camera.look(seen(LEFT, class_id=CAR))

    assert told.track_id.tolist() == [2]
    assert told.detections.class_id.tolist() == [CAR]


def test_a_car_that_is_called_a_truck_now_and_then_is_one_car() -> None:
    camera = Camera(Tracker(confirm_hits=1, confirm_looks=1, kin=[{CAR, TRUCK}]))

    told = camera.looks(*(seen(LEFT, class_id=each) for each in (CAR, CAR, TRUCK, CAR)))

    assert [each.track_id.tolist() for each in told] == [[1]] * 4
    assert [each.detections.class_id.tolist() for each in told] == [[CAR]] * 4


def test_a_truck_that_was_first_called_a_car_becomes_a_truck() -> None:
    camera = Camera(Tracker(confirm_hits=1, confirm_looks=1, kin=[{CAR, TRUCK}]))

    told = camera.looks(*(seen(LEFT, class_id=each) for each in (CAR, TRUCK, TRUCK)))

    assert [each.detections.class_id.tolist() for each in told] == [[CAR], [CAR], [TRUCK]]
    assert told[-1].updated.class_id.tolist() == [TRUCK]


def test_a_detector_is_asked_by_its_labels_what_it_confuses() -> None:
    assert kin_of(["person", "truck", "dog", "car"]) == [frozenset({1, 3})]
    assert kin_of(["person", "moving"]) == [frozenset({0, 1})]
    assert kin_of(["person", "dog"]) == []


# --- What is not right.


def test_time_that_stands_still_or_goes_back_harms_nobody() -> None:
    camera = Camera()
    camera.looks(*(seen(moved(LEFT, 10 * k)) for k in range(5)))

    told = [camera.look(seen(moved(LEFT, 40)), after_s=after_s) for after_s in (0, -5, -900, 0.2)]

    assert [each.track_id.tolist() for each in told] == [[1]] * 4


def test_time_goes_on_from_where_it_went_back_to() -> None:
    camera = Camera(Tracker(lost_s=1.0))
    camera.looks(*[seen(LEFT)] * 4)
    camera.look(seen(LEFT), after_s=-900)

    assert camera.look(seen(), after_s=1.1).closed.track_id.tolist() == [1]


@pytest.mark.parametrize("now_s", [float("nan"), float("inf"), float("-inf")])
def test_a_time_that_is_none_is_refused(now_s: float) -> None:
    with pytest.raises(ValueError, match="must be a capture time in seconds"):
        Tracker().update(seen(LEFT), now_s)
    with pytest.raises(ValueError, match="must be a capture time in seconds"):
        Tracker().rest(now_s)


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((100, 100, 100, 200), id="no width"),
        pytest.param((100, 100, 140, 100), id="no height"),
        pytest.param((140, 200, 100, 100), id="inside out"),
        pytest.param((float("nan"), 100, 140, 200), id="nan"),
        pytest.param((100, 100, float("inf"), 200), id="endless"),
    ],
)
def test_a_box_that_is_none_belongs_to_nothing_and_harms_no_other(box: Box) -> None:
    camera = Camera(Tracker(confirm_hits=1, confirm_looks=1))

    told = camera.looks(*[seen(box, LEFT)] * 3)

    assert [each.track_id.tolist() for each in told] == [[0, 1]] * 3


def test_a_confidence_that_is_none_belongs_to_nothing() -> None:
    camera = Camera(Tracker(confirm_hits=1, confirm_looks=1))

    assert camera.look(seen(LEFT, confidence=float("nan"))).track_id.tolist() == [0]


def test_thousands_of_boxes_make_no_more_tracks_than_are_allowed() -> None:
    # Given a broken model: boxes all over each other, and of ten thousand only some are sure
    rng = np.random.default_rng(1)
    low = rng.uniform(0, 300, (10_000, 2))
    junk = Detections(
        np.hstack([low, low + rng.uniform(50, 200, low.shape)]).astype(np.float32),
        rng.random(10_000).astype(np.float32),
        np.zeros(10_000, np.int64),
    )
    camera = Camera(Tracker(confirm_hits=1, confirm_looks=1, max_tracks=50))

    told = camera.looks(junk, junk, junk)

    surest = np.sort(np.argsort(-junk.confidence)[:50])
    for each in told:
        assert np.flatnonzero(each.track_id).tolist() == surest.tolist()
    assert len(camera.tracker.close_all()) == 50


def test_a_camera_that_is_gone_closes_what_was_open() -> None:
    camera = Camera()
    camera.looks(*[seen(LEFT)] * 3)
    camera.look(seen(RIGHT))

    closed = camera.tracker.close_all()

    assert closed.track_id.tolist() == [1]
    assert len(camera.tracker.close_all()) == 0
    assert camera.looks(*[seen(LEFT)] * 3)[-1].opened.track_id.tolist() == [2]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"confirm_hits": 0}, "confirm_hits 0 of"),
        ({"confirm_hits": 6, "confirm_looks": 5}, "confirm_hits 6 of confirm_looks 5"),
        ({"confirm_looks": 65}, "64 at most"),
        ({"lost_s": 0}, "lost_s is 0"),
        ({"lost_s": float("nan")}, "lost_s is nan"),
        ({"sure_confidence": 1.1}, "sure_confidence 1.1"),
        ({"least_confidence": 0.5, "sure_confidence": 0.4}, "no less than the first"),
        ({"max_tracks": 0}, "max_tracks is 0"),
        ({"kin": [{CAR, TRUCK}, {CAR}]}, "in one set only"),
        ({"kin": [{-1, 2}]}, "must be 0 or more"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Tracker(**settings)  # type: ignore[arg-type]


def test_what_is_looked_at_seldom_is_confirmed_all_the_same() -> None:
    tracker = Tracker(confirm_hits=3, confirm_looks=5, lost_s=3.0)
    still = Detections(
        np.array([[10, 10, 50, 90]], np.float32), np.array([0.9], np.float32), np.array([0])
    )

    opened = [len(tracker.update(still, 5.0 * look).opened) for look in range(5)]

    assert opened == [0, 0, 0, 1, 0]
    # And is lost when a look does not see it
    nobody = Detections.none()
    closed = [len(tracker.update(nobody, 25.0 + 5.0 * look).closed) for look in range(3)]
    assert closed == [0, 0, 1]
