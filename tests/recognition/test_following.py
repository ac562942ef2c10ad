"""What a camera's tracks come to as facts."""

import numpy as np

from object_recognition.detection import Detections
from object_recognition.following import CONFIRM_HITS, TELL_EVERY_S, Follower
from tests.builders import CAMERA
from vigil.domain.camera import Epoch
from vigil.facts import TrackFact

LABELS = ("person", "moving", "car", "truck")
BEGAN_US = 1_790_000_000_000_000
EVERY_US = 200_000
EPOCH = Epoch(5)
BOX = (100.0, 100.0, 140.0, 200.0)
FAR = (400.0, 100.0, 440.0, 200.0)


def seen(*boxes: tuple[float, ...], label: str = "person", confidence: float = 0.8) -> Detections:
    n = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(n, 4),
        np.full(n, confidence, np.float32),
        np.full(n, LABELS.index(label), np.int64),
    )


class Camera:
    """A follower, and frames of a camera that it looks at five times a second."""

    def __init__(self) -> None:
        self.follower = Follower(CAMERA, epoch=EPOCH, labels=LABELS, min_confidence=0.4)
        self.captured_us = BEGAN_US

    def look(
        self, found: Detections, *, times: int = 1, zones: tuple[str, ...] = (), scale: float = 1.0
    ) -> list[TrackFact]:
        told = []
        for _ in range(times):
            _, facts = self.follower.look(
                found,
                zones=[zones] * len(found),
                captured_at_us=self.captured_us,
                full_scale=(scale, scale),
            )
            told += facts
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
    camera = Camera()

    [opened] = camera.look(seen(BOX), times=CONFIRM_HITS, scale=2.0)

    assert opened.last_box == tuple(2 * side for side in BOX)


def test_while_nothing_moves_no_track_ends() -> None:
    camera = Camera()
    camera.look(seen(BOX), times=CONFIRM_HITS)
    for _ in range(300):
        camera.follower.rest(camera.captured_us)
        camera.captured_us += EVERY_US

    assert camera.look(seen(BOX), times=2) != []
    [closed] = camera.follower.close()

    assert (closed.track, closed.closed_us) == (1, camera.captured_us - EVERY_US)


def test_all_tracks_end_with_the_camera() -> None:
    camera = Camera()
    camera.look(seen(BOX, FAR), times=CONFIRM_HITS)

    ended = camera.follower.close()

    assert sorted(fact.track for fact in ended) == [1, 2]
    assert all(fact.closed_us is not None for fact in ended)
    assert camera.follower.close() == []
