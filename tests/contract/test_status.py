"""What every StatusBoard promises."""

import pytest

from tests.builders import CAMERA, OTHER_CAMERA, a_status
from tests.contract.conftest import MediaBus
from vigil.domain.camera import Epoch
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
