"""What every Leases adapter promises."""

import pytest

from tests.builders import CAMERA, OTHER_CAMERA, a_status
from tests.contract.conftest import MediaBus
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import LeaseLost
from vigil.messages import MemberReport


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
    anna, bert, carl = (MemberReport(capacity_fps=fps) for fps in (10.0, 20.0, None))
    assert bus.leases.members() == {}
    bus.leases.announce("anna", anna, ttl_s=0.1)
    assert bus.leases.announce("bert", bert, ttl_s=3.0) == {"anna": anna, "bert": bert}
    bus.let_pass(0.15)
    assert bus.leases.members() == {"bert": bert}
    assert bus.leases.announce("carl", carl, ttl_s=3.0) == {"bert": bert, "carl": carl}
    assert bus.leases.announce("carl", anna, ttl_s=3.0) == {"bert": bert, "carl": anna}
    bus.leases.leave("bert")
    assert bus.leases.announce("carl", carl, ttl_s=3.0) == {"carl": carl}


def test_an_offered_camera_stays_its_holders_until_the_heir_takes_it(bus: MediaBus) -> None:
    # Given a lease that is renewed and offered to another
    held = take(bus, "anna")
    assert offer(bus, held, to="bert")

    # Then the holder renews and writes on, and nobody but the heir may take it
    assert offer(bus, held, to="bert")
    bus.statuses.put(CAMERA, a_status(), epoch=held)
    assert bus.leases.acquire(CAMERA, "carl", ttl_s=3.0, last_seen=Epoch(0)) is None

    # When the heir takes it: then that moment ends the holder's right
    taken = take(bus, "bert")
    assert taken > held
    assert not bus.leases.renew(CAMERA, epoch=held, ttl_s=3.0)
    with pytest.raises(LeaseLost):
        bus.statuses.put(CAMERA, a_status(), epoch=held)
    assert bus.leases.acquire(CAMERA, "anna", ttl_s=3.0, last_seen=held) is None


def test_who_takes_no_offers_takes_what_nobody_has(bus: MediaBus) -> None:
    held = take(bus, "anna", ttl_s=3.0)
    assert bus.leases.renew_all({CAMERA: held}, ttl_s=0.2, heirs={CAMERA: "bert"})[CAMERA]
    wanted = dict.fromkeys([CAMERA, OTHER_CAMERA], Epoch(0))

    taken = bus.leases.acquire_all(wanted, "bert", ttl_s=3.0, takes_offers=False)
    assert taken.keys() == {OTHER_CAMERA}

    bus.let_pass(0.25)
    taken = bus.leases.acquire_all(wanted, "bert", ttl_s=3.0, takes_offers=False)
    assert taken.keys() == {CAMERA, OTHER_CAMERA}


def test_an_offer_ends_with_the_next_renewal_without_it(bus: MediaBus) -> None:
    held = take(bus, "anna")
    assert offer(bus, held, to="bert")
    assert offer(bus, held, to="carl")
    assert bus.leases.acquire(CAMERA, "bert", ttl_s=3.0, last_seen=Epoch(0)) is None
    assert bus.leases.renew(CAMERA, epoch=held, ttl_s=3.0)
    assert bus.leases.acquire(CAMERA, "carl", ttl_s=3.0, last_seen=Epoch(0)) is None


def test_an_offer_under_an_old_epoch_changes_nothing(bus: MediaBus) -> None:
    old = take(bus, "anna", ttl_s=0.1)
    bus.let_pass(0.15)
    take(bus, "bert")
    assert not offer(bus, old, to="carl")
    assert bus.leases.acquire(CAMERA, "carl", ttl_s=3.0, last_seen=Epoch(0)) is None


def test_many_cameras_are_taken_renewed_and_given_back_at_once(bus: MediaBus) -> None:
    # Given more than one call of a script is about, of which another holds some
    cameras = [CameraId(number) for number in range(1, 601)]
    others = bus.leases.acquire_all(dict.fromkeys(cameras[::3], Epoch(0)), "bert", ttl_s=60.0)
    assert others.keys() == set(cameras[::3])

    taken = bus.leases.acquire_all(dict.fromkeys(cameras, Epoch(0)), "anna", ttl_s=60.0)
    ours = set(cameras) - others.keys()
    assert taken.keys() == ours

    # When both are renewed under the epochs of one, and some under old ones
    old = {each: Epoch(epoch - 1) for each, epoch in list(taken.items())[::2]}
    renewed = bus.leases.renew_all(taken | old, ttl_s=60.0, heirs={})
    assert renewed == {each: each not in old for each in ours}

    # Then what is given back is free, and nothing else
    bus.leases.release_all(taken | old)
    free = bus.leases.acquire_all(dict.fromkeys(cameras, Epoch(0)), "carl", ttl_s=60.0)
    assert free.keys() == ours - old.keys()
    assert all(epoch > taken[each] for each, epoch in free.items())


def test_nothing_is_asked_about_no_camera(bus: MediaBus) -> None:
    assert bus.leases.acquire_all({}, "anna", ttl_s=3.0) == {}
    assert bus.leases.renew_all({}, ttl_s=3.0, heirs={}) == {}
    assert bus.leases.release_all({}) == {}


def offer(bus: MediaBus, epoch: Epoch, *, to: str) -> bool:
    return bus.leases.renew_all({CAMERA: epoch}, ttl_s=3.0, heirs={CAMERA: to})[CAMERA]


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
