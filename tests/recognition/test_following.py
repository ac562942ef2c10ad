"""What a camera's tracks come to as facts."""

import numpy as np

from object_recognition.detection import Detections
from object_recognition.following import CONFIRM_HITS, TELL_EVERY_S, Follower
from tests.builders import CAMERA
from vigil.camera_document import Line, Zone
from vigil.domain.camera import Epoch
from vigil.facts import TrackFact

LABELS = ("person", "moving", "car", "truck")
BEGAN_US = 1_790_000_000_000_000
EVERY_US = 200_000
EPOCH = Epoch(5)
BOX = (100.0, 100.0, 140.0, 200.0)
FAR = (400.0, 100.0, 440.0, 200.0)
NEAR_FAR = (395.0, 100.0, 435.0, 200.0)
ZONES = ("door", "yard")
SQUARE = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))
ZONES_OF_CAMERA = (Zone(points=SQUARE, name="door"), Zone(points=SQUARE, name="yard", dwell_s=2.0))
#: Upwards: whoever walks from the left to the right comes in.
LINES = (Line(id=3, start=(300.0, 300.0), end=(300.0, 0.0), name="gate"),)


def seen(*boxes: tuple[float, ...], label: str = "person", confidence: float = 0.8) -> Detections:
    n = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(n, 4),
        np.full(n, confidence, np.float32),
        np.full(n, LABELS.index(label), np.int64),
    )


class Camera:
    """A follower, and frames of a camera that it looks at five times a second."""

    def __init__(self, scale: float = 1.0) -> None:
        self.follower = Follower(
            CAMERA,
            epoch=EPOCH,
            labels=LABELS,
            min_confidence=0.4,
            full_scale=(scale, scale),
        )
        self.follower.count_in(ZONES_OF_CAMERA, LINES)
        self.captured_us = BEGAN_US

    def look(
        self,
        found: Detections,
        *,
        times: int = 1,
        zones: tuple[str, ...] = (),
        is_inside: bool = True,
    ) -> list[TrackFact]:
        told = []
        for _ in range(times):
            told += self.follower.look(
                self.follower.follow(found, captured_at_us=self.captured_us),
                in_each=np.array([[name in zones] * len(found) for name in ZONES], np.bool_),
                is_inside=np.full(len(found), is_inside),
            ).facts
            self.captured_us += EVERY_US
        return told


def test_a_track_is_told_of_when_it_is_confirmed_and_when_it_has_ended() -> None:
    camera = Camera()

    assert camera.look(seen(BOX), times=CONFIRM_HITS - 1) == []
    [opened] = camera.look(seen(BOX))
    assert camera.look(seen(BOX, confidence=0.95), times=5) == []
    last_seen_us = camera.captured_us - EVERY_US
    [closed] = camera.look(seen(), times=20)

    assert opened.model_dump() == {
        "kind": "track",
        "version": 1,
        "camera_id": CAMERA,
        "epoch": EPOCH,
        "track": 1,
        "revision": 1,
        "label": "person",
        "confidence": 0.8,
        "opened_us": BEGAN_US,
        "seen_us": BEGAN_US + 2 * EVERY_US,
        "closed_us": None,
        "looks": CONFIRM_HITS,
        "first_box": BOX,
        "last_box": BOX,
        "zones": (),
        "crossings": (),
    }
    assert (closed.revision, closed.looks, closed.confidence) == (2, 8, 0.95)
    assert closed.seen_us == last_seen_us
    assert closed.closed_us is not None
    assert closed.closed_us > closed.seen_us


def test_a_track_that_goes_on_is_told_of_now_and_then() -> None:
    camera = Camera()

    told = camera.look(seen(BOX), times=round(3 * TELL_EVERY_S / 0.2) + CONFIRM_HITS)

    assert [fact.revision for fact in told] == [1, 2, 3, 4]
    assert [fact.track for fact in told] == [1] * 4


def test_a_track_that_comes_into_a_zone_is_told_of_at_once() -> None:
    camera = Camera()
    [opened] = camera.look(seen(BOX), times=CONFIRM_HITS)

    [in_zone] = camera.look(seen(BOX), times=3, zones=("door",))
    again = camera.look(seen(BOX), times=3)

    assert (opened.zones, in_zone.zones, again) == ((), ("door",), [])


def test_what_moves_and_is_a_person_after_all_is_one_track() -> None:
    camera = Camera()
    [moving] = camera.look(seen(BOX, label="moving", confidence=0.5), times=CONFIRM_HITS)

    [renamed] = camera.look(seen(BOX, confidence=0.9), times=10)

    assert (moving.label, renamed.label, renamed.track) == ("moving", "person", moving.track)


def test_boxes_are_told_in_pixels_of_the_full_frame() -> None:
    camera = Camera(scale=2.0)

    [opened] = camera.look(seen(BOX), times=CONFIRM_HITS)
    [closed] = camera.follower.close()

    assert opened.last_box == closed.last_box == tuple(2 * side for side in BOX)


def test_says_where_it_was_first_and_last() -> None:
    camera = Camera()

    boxes = [tuple(side + 5 * step for side in BOX) for step in range(CONFIRM_HITS)]
    told = [fact for box in boxes for fact in camera.look(seen(box))]

    assert [(fact.first_box, fact.last_box) for fact in told] == [(boxes[0], boxes[-1])]


def test_while_nothing_moves_it_is_told_all_the_same_that_the_tracks_are_there() -> None:
    camera = Camera()
    camera.look(seen(BOX), times=CONFIRM_HITS)
    began_us = camera.captured_us

    told = []
    while camera.captured_us - began_us < 2.5 * TELL_EVERY_S * 1e6:
        told += camera.follower.rest(camera.captured_us)
        camera.captured_us += EVERY_US

    assert [(fact.track, fact.revision, fact.closed_us) for fact in told] == [
        (1, 2, None),
        (1, 3, None),
    ]


def test_numbers_go_on_where_another_ended() -> None:
    camera = Camera()
    camera.look(seen(BOX, FAR), times=CONFIRM_HITS)

    assert camera.follower.next_track == 3


def test_while_nothing_moves_no_track_ends() -> None:
    camera = Camera()
    camera.look(seen(BOX), times=CONFIRM_HITS)
    for _ in range(300):
        camera.follower.rest(camera.captured_us)
        camera.captured_us += EVERY_US

    camera.look(seen(BOX), times=2)
    [closed] = camera.follower.close()

    assert (closed.track, closed.closed_us) == (1, camera.captured_us - EVERY_US)


def test_all_tracks_end_with_the_camera() -> None:
    camera = Camera()
    camera.look(seen(BOX, FAR), times=CONFIRM_HITS)

    ended = camera.follower.close()

    assert sorted(fact.track for fact in ended) == [1, 2]
    assert all(fact.closed_us is not None for fact in ended)
    assert camera.follower.close() == []


def test_a_track_is_told_of_from_when_it_counts_and_not_of_where_it_was_before() -> None:
    camera = Camera()

    assert camera.look(seen(FAR), times=10, is_inside=False) == []
    came_us = camera.captured_us
    [opened] = camera.look(seen(NEAR_FAR), zones=("door",))
    left = camera.look(seen(FAR), times=20, is_inside=False)
    [closed] = camera.follower.close()

    assert (opened.opened_us, opened.first_box, opened.looks) == (came_us, NEAR_FAR, 1)
    assert left == []
    assert (closed.seen_us, closed.last_box, closed.looks) == (came_us, NEAR_FAR, 1)


def test_who_never_counts_is_never_told_of() -> None:
    camera = Camera()

    told = camera.look(seen(BOX), times=30, is_inside=False)

    assert told + camera.look(seen(), times=30) + camera.follower.close() == []


def test_who_crosses_a_line_is_told_of_at_once_wherever_the_zones_are() -> None:
    camera = Camera()
    walk = [(x - 20.0, 100.0, x + 20.0, 200.0) for x in range(240, 370, 10)]

    told = [fact for box in walk for fact in camera.look(seen(box), is_inside=False)]

    # Its foot is beyond the line in the frame at 310, and clear of it, by more than 10 px, at 320
    [fact] = told
    assert [each.model_dump() for each in fact.crossings] == [
        {
            "line": 3,
            "name": "gate",
            "direction": "in",
            "at_us": BEGAN_US + 7 * EVERY_US,
            "label": "person",
        }
    ]
    assert (fact.opened_us, fact.looks) == (BEGAN_US + 8 * EVERY_US, 1)


def test_every_fact_tells_all_crossings_of_its_track() -> None:
    camera = Camera()
    there = [(x - 20.0, 100.0, x + 20.0, 200.0) for x in range(260, 350, 10)]

    told = [fact for box in there + there[::-1] for fact in camera.look(seen(box))]

    assert [[str(each.direction) for each in fact.crossings] for fact in told] == [
        [],
        ["in"],
        ["in", "out"],
    ]


def test_a_zone_that_asks_for_a_stay_is_told_of_after_it() -> None:
    camera = Camera()

    told = camera.look(seen(BOX), times=20, zones=("yard",))

    # Confirmed in the third look, and two seconds, ten looks, after that
    assert [(fact.zones, fact.looks) for fact in told] == [((), 3), (("yard",), 13)]


def test_a_stay_that_is_over_while_nothing_moves_asks_for_a_look() -> None:
    camera = Camera()
    camera.look(seen(BOX), times=CONFIRM_HITS, zones=("yard",))
    asked = []
    for _ in range(12):
        asked.append(camera.follower.is_dwell_over(camera.captured_us))
        camera.follower.rest(camera.captured_us)
        camera.captured_us += EVERY_US

    [told] = camera.look(seen(BOX), zones=("yard",))

    assert asked == [False] * 9 + [True] * 3
    assert told.zones == ("yard",)
    assert not camera.follower.is_dwell_over(camera.captured_us)
