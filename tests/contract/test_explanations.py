"""What every ExplanationLog promises."""

import pytest

from tests.builders import CAMERA, OTHER_CAMERA
from tests.contract.conftest import MediaBus
from vigil.bus.explanations.base import MAX_KEPT
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.explanation import DropReason
from vigil.errors import LeaseLost
from vigil.messages import Drop, DroppedObject, Explanation

A_DROP = Drop(reason=DropReason.CONFIDENCE, value="0.3100", limit="0.4")
A_DOG = DroppedObject(label="dog", confidence=0.31, box=(1.0, 2.0, 3.0, 4.0), drops=(A_DROP,))


def an_explanation(sequence: int = 1, camera_id: CameraId = CAMERA) -> Explanation:
    return Explanation(
        camera_id=camera_id,
        sequence=sequence,
        captured_at_us=1_790_000_000_000_000,
        recogniser="yolox_nano",
        shown=2,
        dropped=1,
        objects=(A_DOG,),
    )


@pytest.fixture
def epoch(bus: MediaBus) -> Epoch:
    found = bus.recognition.acquire(CAMERA, "me", ttl_s=60.0, last_seen=Epoch(0))
    assert found is not None
    return found


def test_the_newest_come_first(bus: MediaBus, epoch: Epoch) -> None:
    for sequence in (1, 2, 3):
        bus.explanations.append(an_explanation(sequence), epoch=epoch)

    assert bus.explanations.newest(CAMERA, limit=2) == [an_explanation(3), an_explanation(2)]
    assert bus.explanations.newest(OTHER_CAMERA, limit=2) == []


def test_so_many_are_kept(bus: MediaBus, epoch: Epoch) -> None:
    for sequence in range(MAX_KEPT + 5):
        bus.explanations.append(an_explanation(sequence), epoch=epoch)

    kept = bus.explanations.newest(CAMERA, limit=10 * MAX_KEPT)

    assert [each.sequence for each in kept] == list(range(MAX_KEPT + 4, 4, -1))


def test_a_writer_whose_lease_has_passed_is_refused(bus: MediaBus, epoch: Epoch) -> None:
    with pytest.raises(LeaseLost):
        bus.explanations.append(an_explanation(), epoch=Epoch(epoch - 1))
    with pytest.raises(LeaseLost):
        bus.explanations.clear(CAMERA, epoch=Epoch(epoch - 1))

    assert bus.explanations.newest(CAMERA, limit=1) == []


def test_they_go_with_their_camera(bus: MediaBus, epoch: Epoch) -> None:
    bus.explanations.append(an_explanation(), epoch=epoch)

    bus.explanations.clear(CAMERA, epoch=epoch)

    assert bus.explanations.newest(CAMERA, limit=1) == []
