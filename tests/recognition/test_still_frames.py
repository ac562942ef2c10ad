"""A frame in which nothing moves is looked at now and then, and shown all the same."""

from pathlib import Path

import pytest

from object_recognition.attention import FIRST_LOOKS
from tests.builders import CAMERA
from tests.recognition.stage import HEIGHT, WIDTH, FixedDetector, Stage, a_picture
from tests.recognition.test_worker import LEFT, a_stage_that_sees, has_box
from vigil import keys
from vigil.camera_document import Zone
from vigil.domain.motion import Motion

STILL = Motion(is_moving=False, since_us=1)
MOVING = Motion(is_moving=True, since_us=2, boxes=((0, 0, 9, 9),))
#: As the gate says for a moment after it.
LINGERING = Motion(is_moving=True, since_us=2)
STEP_S = 0.2


class Street:
    """A worker whose camera sends frames, and what it did with them."""

    def __init__(self, folder: Path) -> None:
        self.stage: Stage = a_stage_that_sees(folder, LEFT)
        self.sequence = 0

    @property
    def looks(self) -> int:
        assert isinstance(self.stage.detector, FixedDetector)
        return len(self.stage.detector.levels)

    def send(self, motion: Motion | None, picture: bytes | None = None) -> bool:
        """Send one frame; return whether it was shown."""
        self.sequence += 1
        picture = a_picture() if picture is None else picture
        stamp = self.stage.write(CAMERA, self.sequence, picture, motion=motion)
        self.stage.worker.run_once()
        is_shown = self.stage.stamp(CAMERA) == stamp
        self.stage.clock.advance(STEP_S)
        return is_shown

    def settle(self) -> None:
        """Send the frames that are looked at in any case."""
        for _ in range(FIRST_LOOKS):
            assert self.send(STILL)


@pytest.fixture
def street(tmp_path: Path) -> Street:
    return Street(tmp_path)


def test_the_first_frames_are_looked_at_and_then_one_in_ten_seconds(street: Street) -> None:
    street.settle()
    assert street.looks == FIRST_LOOKS

    for _ in range(round(20.0 / STEP_S)):
        street.send(STILL)

    assert street.looks == FIRST_LOOKS + 2


@pytest.mark.parametrize("motion", [MOVING, None], ids=["moving", "nobody knows"])
def test_any_other_frame_is_looked_at(street: Street, motion: Motion | None) -> None:
    street.settle()

    for _ in range(10):
        assert street.send(motion)

    assert street.looks == FIRST_LOOKS + 10


def test_where_nothing_moves_any_more_the_looks_end_once_there_were_enough(street: Street) -> None:
    street.settle()
    street.send(MOVING)

    for _ in range(20):
        street.send(LINGERING)

    # Who was seen in one frame that moved is looked at until they are believed
    assert street.looks == 2 * FIRST_LOOKS

    # And each time that something moves anew
    street.send(Motion(is_moving=True, since_us=3))
    assert street.looks == 2 * FIRST_LOOKS + 1


def test_unwatched_it_is_shown_once_a_second_with_what_was_seen(street: Street) -> None:
    street.settle()

    shown = [street.send(STILL) for _ in range(45)]

    assert sum(shown) == 9
    assert has_box(street.stage, LEFT)
    assert street.looks == FIRST_LOOKS


def test_watched_each_is_shown(street: Street) -> None:
    street.settle()

    for _ in range(10):
        street.stage.watchers.say_watched([CAMERA])
        assert street.send(STILL)

    assert street.looks == FIRST_LOOKS
    assert has_box(street.stage, LEFT)


def test_a_picture_lives_until_the_next_keyframe_may_be_due(street: Street) -> None:
    street.settle()

    street.stage.clock.advance(keys.IDLE_FRAME_TTL_S - STEP_S - 0.01)
    assert street.stage.picture(CAMERA) is not None
    street.stage.clock.advance(0.02)
    assert street.stage.picture(CAMERA) is None


def test_new_zones_are_looked_at_at_once(street: Street) -> None:
    street.settle()
    camera = street.stage.configs.cameras[CAMERA]
    zone = Zone(points=((200, 60), (300, 60), (300, 200), (200, 200)))
    street.stage.configure(camera.model_copy(update={"zones": (zone,), "revision": 2}))

    for _ in range(FIRST_LOOKS + 3):
        street.send(STILL)

    assert street.looks == 2 * FIRST_LOOKS
    assert not has_box(street.stage, LEFT)


def test_a_service_told_so_looks_at_every_frame(tmp_path: Path) -> None:
    street = Street(tmp_path)
    street.stage.worker._still_look_every_s = 0.0

    for _ in range(3 * FIRST_LOOKS):
        assert street.send(STILL)

    assert street.looks == 3 * FIRST_LOOKS


def test_what_is_published_beside_a_picture_is_of_its_frame(street: Street) -> None:
    street.settle()
    before = street.stage.detections.read([CAMERA])[CAMERA]

    street.stage.watchers.say_watched([CAMERA])
    assert street.send(STILL)

    after = street.stage.detections.read([CAMERA])[CAMERA]
    assert (after.sequence, after.objects) == (before.sequence + 1, before.objects)


def test_a_turn_to_another_stream_is_looked_at_as_its_boxes_lie_elsewhere(street: Street) -> None:
    street.settle()
    assert street.stage.detections.read([CAMERA])[CAMERA].objects[0].box == LEFT

    # When pictures are made of the sub-stream, in which nothing moves either
    smaller = a_picture(width=WIDTH // 2, height=HEIGHT // 2)
    street.stage.watchers.say_watched([CAMERA])
    assert street.send(STILL, smaller)

    # Then what is shown is what is seen in these, in pixels of the full frame
    assert street.looks == FIRST_LOOKS + 1
    shown = street.stage.detections.read([CAMERA])[CAMERA]
    assert shown.objects[0].box == tuple(2 * each for each in LEFT)

    # As often as something new is, until all is settled again
    for _ in range(FIRST_LOOKS + 2):
        street.stage.watchers.say_watched([CAMERA])
        assert street.send(STILL, smaller)
    assert street.looks == 2 * FIRST_LOOKS


def test_a_still_frame_that_is_broken_is_said_to_be(street: Street) -> None:
    street.settle()
    street.stage.watchers.say_watched([CAMERA])

    assert not street.send(STILL, a_picture()[:-200])

    street.stage.clock.advance(1.0)
    street.stage.worker.run_once()
    assert "a broken JPEG" in (street.stage.statuses.read([CAMERA])[CAMERA].error or "")
