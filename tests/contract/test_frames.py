"""What every FrameStore and FrameBell promises."""

import pytest

from tests.builders import CAMERA, OTHER_CAMERA, a_jpeg
from tests.contract.conftest import MediaBus
from tests.waiting import wait_until
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import LeaseLost


def take(bus: MediaBus, camera_id: CameraId = CAMERA) -> Epoch:
    epoch = bus.leases.acquire(camera_id, "anna", ttl_s=3.0, last_seen=Epoch(0))
    assert epoch is not None
    return epoch


def test_the_newest_picture_replaces_the_one_before(bus: MediaBus) -> None:
    epoch = take(bus)
    bus.frames.put(CAMERA, a_jpeg(1), epoch=epoch, ttl_s=4.0)
    bus.frames.put(CAMERA, a_jpeg(2), epoch=epoch, ttl_s=4.0)
    assert bus.frames.newest([CAMERA]) == {CAMERA: a_jpeg(2)}


def test_many_cameras_are_read_at_once_and_those_without_are_left_out(bus: MediaBus) -> None:
    for camera_id in (CAMERA, OTHER_CAMERA):
        bus.frames.put(camera_id, a_jpeg(camera_id), epoch=take(bus, camera_id), ttl_s=4.0)
    assert bus.frames.newest([CAMERA, CameraId(9), OTHER_CAMERA]) == {
        CAMERA: a_jpeg(7),
        OTHER_CAMERA: a_jpeg(8),
    }
    assert bus.frames.newest([]) == {}


def test_a_picture_that_no_other_followed_is_not_live(bus: MediaBus) -> None:
    bus.frames.put(CAMERA, a_jpeg(), epoch=take(bus), ttl_s=0.1)
    bus.let_pass(0.15)
    assert bus.frames.newest([CAMERA]) == {}


def test_a_dead_camera_has_no_picture(bus: MediaBus) -> None:
    epoch = take(bus)
    bus.frames.put(CAMERA, a_jpeg(), epoch=epoch, ttl_s=4.0)
    bus.frames.clear(CAMERA, epoch=epoch)
    assert bus.frames.newest([CAMERA]) == {}


def test_a_write_of_an_old_epoch_is_refused_and_changes_nothing(bus: MediaBus) -> None:
    old = take(bus)
    bus.leases.release(CAMERA, epoch=old)
    new = take(bus)
    bus.frames.put(CAMERA, a_jpeg(2), epoch=new, ttl_s=4.0)
    with pytest.raises(LeaseLost):
        bus.frames.put(CAMERA, a_jpeg(1), epoch=old, ttl_s=4.0)
    with pytest.raises(LeaseLost):
        bus.frames.clear(CAMERA, epoch=old)
    assert bus.frames.newest([CAMERA]) == {CAMERA: a_jpeg(2)}


def test_a_write_without_a_lease_is_refused(bus: MediaBus) -> None:
    with pytest.raises(LeaseLost):
        bus.frames.put(CAMERA, a_jpeg(), epoch=Epoch(1), ttl_s=4.0)


def test_the_bell_rings_for_the_cameras_listened_to(bus: MediaBus) -> None:
    epochs = {camera_id: take(bus, camera_id) for camera_id in (CAMERA, OTHER_CAMERA)}
    bus.bell.listen_to([CAMERA])
    # It rings once to begin with: a picture may have come before.
    wait_until(lambda: bus.bell.wait(0.1) == {CAMERA})

    for camera_id, epoch in epochs.items():
        bus.frames.put(camera_id, a_jpeg(), epoch=epoch, ttl_s=4.0)
    assert bus.bell.wait(5.0) == {CAMERA}
    assert bus.bell.wait(0.05) == frozenset()


def test_the_bell_follows_a_change_of_cameras(bus: MediaBus) -> None:
    epoch = take(bus, OTHER_CAMERA)
    bus.bell.listen_to([CAMERA])
    wait_until(lambda: bus.bell.wait(0.1) == {CAMERA})
    bus.bell.listen_to([OTHER_CAMERA])
    wait_until(lambda: bus.bell.wait(0.1) == {OTHER_CAMERA})
    bus.frames.put(OTHER_CAMERA, a_jpeg(), epoch=epoch, ttl_s=4.0)
    assert bus.bell.wait(5.0) == {OTHER_CAMERA}
