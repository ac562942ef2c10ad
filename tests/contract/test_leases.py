"""What every Leases adapter promises."""

import pytest

from tests.builders import CAMERA, OTHER_CAMERA
from tests.contract.conftest import MediaBus
from vigil.domain.camera import CameraId, Epoch


def take(bus: MediaBus, member: str = "anna", *, ttl_s: float = 3.0, last_seen: int = 0) -> Epoch:
    epoch = bus.leases.acquire(CAMERA, member, ttl_s=ttl_s, last_seen=Epoch(last_seen))
    assert epoch is not None
    return epoch


def test_a_free_camera_is_taken_and_then_refused_to_others(bus: MediaBus) -> None:
    assert take(bus, "anna") > 0
    assert bus.leases.acquire(CAMERA, "bert", ttl_s=3.0, last_seen=Epoch(0)) is None


def test_cameras_are_held_apart(bus: MediaBus) -> None:
    take(bus, "anna")
    other = bus.leases.acquire(OTHER_CAMERA, "bert", ttl_s=3.0, last_seen=Epoch(0))
    assert other is not None


def test_an_expired_lease_is_taken_with_a_greater_epoch(bus: MediaBus) -> None:
    old = take(bus, "anna", ttl_s=0.1)
    bus.let_pass(0.15)
    assert take(bus, "bert") > old
    assert not bus.leases.renew(CAMERA, epoch=old, ttl_s=3.0)


def test_a_released_lease_is_free_at_once_and_its_epoch_is_remembered(bus: MediaBus) -> None:
    old = take(bus, "anna")
    bus.leases.release(CAMERA, epoch=old)
    assert not bus.leases.renew(CAMERA, epoch=old, ttl_s=3.0)
    assert take(bus, "bert") > old


def test_a_release_under_an_old_epoch_changes_nothing(bus: MediaBus) -> None:
    old = take(bus, "anna", ttl_s=0.1)
    bus.let_pass(0.15)
    new = take(bus, "bert")
    bus.leases.release(CAMERA, epoch=old)
    assert bus.leases.renew(CAMERA, epoch=new, ttl_s=3.0)


def test_renewal_keeps_a_lease_beyond_its_first_life(bus: MediaBus) -> None:
    epoch = take(bus, "anna", ttl_s=0.2)
    assert bus.leases.renew(CAMERA, epoch=epoch, ttl_s=3.0)
    bus.let_pass(0.25)
    assert bus.leases.acquire(CAMERA, "bert", ttl_s=3.0, last_seen=Epoch(0)) is None


def test_an_expired_lease_that_nobody_took_is_renewed(bus: MediaBus) -> None:
    epoch = take(bus, "anna", ttl_s=0.1)
    bus.let_pass(0.15)
    assert bus.leases.renew(CAMERA, epoch=epoch, ttl_s=3.0)


def test_after_redis_was_emptied_the_epoch_still_grows(bus: MediaBus) -> None:
    # Given a holder whose epoch lies ahead of the server's clock
    far_ahead = 2**52
    first = take(bus, last_seen=far_ahead)
    assert first == far_ahead + 1

    # When Redis loses everything
    bus.empty()

    # Then the lease is gone, and the next epoch is greater by what its taker has seen
    assert not bus.leases.renew(CAMERA, epoch=first, ttl_s=3.0)
    assert take(bus, last_seen=first) == first + 1


def test_taking_what_is_ones_own_gives_a_new_epoch(bus: MediaBus) -> None:
    first = take(bus, "anna")
    assert take(bus, "anna") > first


def test_members_are_all_that_announced_and_did_not_expire(bus: MediaBus) -> None:
    bus.leases.announce("anna", ttl_s=0.1)
    assert bus.leases.announce("bert", ttl_s=3.0) == {"anna", "bert"}
    bus.let_pass(0.15)
    assert bus.leases.announce("carl", ttl_s=3.0) == {"bert", "carl"}
    bus.leases.leave("bert")
    assert bus.leases.announce("carl", ttl_s=3.0) == {"carl"}


@pytest.mark.parametrize("camera_id", [1, 2, 3, 40, 500, 6000])
def test_cameras_in_every_slot_can_be_held(bus: MediaBus, camera_id: int) -> None:
    epoch = bus.leases.acquire(CameraId(camera_id), "anna", ttl_s=3.0, last_seen=Epoch(0))
    assert epoch is not None
    bus.leases.forget(CameraId(camera_id), epoch=epoch)
    assert not bus.leases.renew(CameraId(camera_id), epoch=epoch, ttl_s=3.0)


def test_it_is_remembered_until_when_a_camera_was_held(bus: MediaBus) -> None:
    assert bus.leases.held_until_us(CAMERA) is None
    epoch = take(bus, ttl_s=3.0)
    held_until_us = bus.leases.held_until_us(CAMERA)
    bus.leases.release(CAMERA, epoch=epoch)
    released_us = bus.leases.held_until_us(CAMERA)
    assert held_until_us is not None
    assert released_us is not None
    assert held_until_us - released_us == pytest.approx(3_000_000, abs=500_000)
