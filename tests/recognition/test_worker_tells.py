"""A worker tells which tracks there are, and publishes what the annotated picture shows."""

from pathlib import Path

import numpy as np

from object_recognition.following import CONFIRM_HITS
from tests.builders import CAMERA
from tests.recognition.stage import HEIGHT, WIDTH, FixedDetector, Stage, a_picture, seen
from tests.recognition.test_worker import LEFT, RIGHT, a_stage_that_sees
from vigil.camera_document import Zone
from vigil.domain.camera import Epoch
from vigil.domain.explanation import DropReason

STEP_US = 200_000
BEGAN_US = 1_790_000_000_000_000
AROUND_LEFT = Zone(points=((0, 60), (120, 60), (120, 200), (0, 200)), name="door")


def look(stage: Stage, first: int, count: int = 1) -> None:
    """Let the camera send frames, and the worker look at each."""
    for number in range(first, first + count):
        stage.write(CAMERA, number, a_picture(), captured_at_us=BEGAN_US + number * STEP_US)
        assert stage.worker.run_once()
        stage.clock.advance(STEP_US / 1e6)


def test_tells_a_track_when_it_is_confirmed_and_numbers_it_in_the_picture(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT)
    look(stage, 1, CONFIRM_HITS - 1)
    assert stage.told() == []
    before = stage.picture(CAMERA)

    look(stage, CONFIRM_HITS)

    [opened] = stage.told()
    assert (opened.camera_id, opened.track, opened.label) == (CAMERA, 1, "person")
    assert opened.epoch == stage.keeper.held()[CAMERA]
    after = stage.picture(CAMERA)
    assert before is not None
    assert after is not None
    # Above the box stands "person #1 90 %" now
    tag = slice(int(LEFT[1]) - 20, int(LEFT[1])), slice(int(LEFT[0]), int(LEFT[0]) + 120)
    assert np.abs(before[tag].astype(int) - after[tag].astype(int)).max() > 60


def test_publishes_what_the_picture_shows(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT, RIGHT)
    camera = stage.configs.cameras.get(CAMERA)
    assert camera is None
    look(stage, 1)
    configured = stage.configs.cameras[CAMERA]
    stage.configure(configured.model_copy(update={"zones": (AROUND_LEFT,), "revision": 2}))

    look(stage, 2, CONFIRM_HITS)

    published = stage.detections.read([CAMERA])[CAMERA]
    stamp = stage.stamp(CAMERA)
    assert stamp is not None
    assert (published.sequence, published.captured_at_us) == (stamp.sequence, stamp.captured_at_us)
    assert (published.frame_epoch, published.recogniser) == (stamp.epoch, "fixed")
    assert (published.width_px, published.height_px) == (WIDTH, HEIGHT)
    [shown] = published.objects
    assert (shown.label, shown.confidence, shown.box) == ("person", 0.9, LEFT)
    assert (shown.track, shown.zones) == (1, ("door",))


def test_says_why_something_is_not_shown(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT, RIGHT)
    look(stage, 1, 10)
    configured = stage.configs.cameras[CAMERA]
    stage.configure(configured.model_copy(update={"zones": (AROUND_LEFT,), "revision": 2}))

    look(stage, 11)

    explained, unconfirmed = stage.explanations.newest(CAMERA, limit=10)
    assert (unconfirmed.sequence, unconfirmed.dropped, len(unconfirmed.waiting)) == (1, 0, 2)
    assert (explained.sequence, explained.shown, explained.dropped) == (11, 1, 1)
    [dropped] = explained.objects
    assert (dropped.label, dropped.box) == ("person", RIGHT)
    assert [drop.reason for drop in dropped.drops] == [DropReason.ZONE]


def test_an_unsure_detection_continues_a_track_and_is_not_shown(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT)
    look(stage, 1, CONFIRM_HITS)
    assert isinstance(stage.detector, FixedDetector)

    stage.detector.found = seen(LEFT, confidence=0.2)
    look(stage, 10, 40)

    assert stage.detections.read([CAMERA])[CAMERA].objects == ()
    assert [fact.closed_us for fact in stage.told()] == [None]


def test_tracks_end_with_their_camera(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT)
    look(stage, 1, CONFIRM_HITS)
    stage.told()

    stage.kill_camera(CAMERA)
    stage.clock.advance(2.0)
    stage.worker.run_once()

    [closed] = stage.told()
    assert closed.closed_us == BEGAN_US + CONFIRM_HITS * STEP_US

    # And whoever is there when it is back is somebody else, under the same lease
    look(stage, 20, CONFIRM_HITS)
    [opened] = stage.told()
    assert (opened.epoch, opened.track) == (closed.epoch, closed.track + 1)


def test_tracks_end_when_nobody_is_to_look_any_more(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT)
    look(stage, 1, CONFIRM_HITS)
    stage.told()

    configured = stage.configs.cameras[CAMERA]
    stage.configure(configured.model_copy(update={"models": (), "revision": 2}))
    stage.clock.advance(1.0)
    stage.worker.run_once()

    assert [fact.closed_us is None for fact in stage.told()] == [False]


def test_tracks_of_another_lease_have_other_names(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT)
    look(stage, 1, CONFIRM_HITS)
    [first] = stage.told()

    # Given that another had the camera for a while
    stage.keeper.lost(CAMERA, epoch=first.epoch)
    stage.recognition.release(CAMERA, epoch=first.epoch)
    taken = stage.recognition.acquire(CAMERA, "two", ttl_s=0.1, last_seen=Epoch(0))
    assert taken is not None
    stage.clock.advance(1.0)
    look(stage, 20, CONFIRM_HITS)

    told = stage.told()
    assert [(fact.epoch == first.epoch, fact.closed_us is None) for fact in told] == [
        (True, False),
        (False, True),
    ]
    assert told[1].epoch > first.epoch


def test_a_worker_that_ends_tells_the_end_of_its_tracks(tmp_path: Path) -> None:
    stage = a_stage_that_sees(tmp_path, LEFT)
    look(stage, 1, CONFIRM_HITS)
    stage.told()

    stage.worker.close()

    assert [fact.closed_us is None for fact in stage.told()] == [False]
