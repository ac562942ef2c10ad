"""What every StatusBoard promises."""

import pytest

from tests.builders import CAMERA, OTHER_CAMERA, a_status
from tests.contract.conftest import MediaBus
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import LeaseLost


def take(bus: MediaBus) -> Epoch:
    epoch = bus.leases.acquire(CAMERA, "anna", ttl_s=3.0, last_seen=Epoch(0))
    assert epoch is not None
    return epoch


def test_a_status_is_read_as_it_was_put(bus: MediaBus) -> None:
    status = a_status(error="wrong user or password", packet_fps=24.9)
    bus.statuses.put(CAMERA, status, epoch=take(bus))
    assert bus.statuses.read([CAMERA, OTHER_CAMERA]) == {CAMERA: status}


def test_a_status_of_an_old_epoch_is_refused(bus: MediaBus) -> None:
    epoch = take(bus)
    with pytest.raises(LeaseLost):
        bus.statuses.put(CAMERA, a_status(), epoch=Epoch(epoch - 1))
    assert bus.statuses.read([CAMERA]) == {}


def test_a_deleted_camera_has_no_status(bus: MediaBus) -> None:
    epoch = take(bus)
    bus.statuses.put(CAMERA, a_status(), epoch=epoch)
    bus.statuses.clear(CAMERA, epoch=epoch)
    assert bus.statuses.read([CAMERA]) == {}


def test_many_statuses_are_put_at_once_and_those_of_old_epochs_are_not(bus: MediaBus) -> None:
    cameras = [CameraId(number) for number in range(1, 301)]
    epochs = bus.leases.acquire_all(dict.fromkeys(cameras, Epoch(0)), "anna", ttl_s=60.0)
    old = {each: Epoch(epochs[each] - 1) for each in cameras[::3]}

    said = {each: (a_status(packet_fps=float(each)), epochs[each]) for each in cameras}
    written = bus.statuses.put_all(
        said | {each: (said[each][0], epoch) for each, epoch in old.items()}
    )

    assert written == {each: each not in old for each in cameras}
    shown = bus.statuses.read(cameras)
    assert shown == {each: said[each][0] for each in cameras if each not in old}
