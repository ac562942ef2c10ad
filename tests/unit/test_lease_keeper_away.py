"""What a keeper does while Redis, or one server of a cluster, is away."""

import pytest

from tests.unit.leaving_leases import CAMERAS, ONE, LeavingLeases, wanting
from vigil.clock import FakeClock
from vigil.domain.camera import Epoch
from vigil.errors import BusUnavailable
from vigil.leases import LEASE_S, RENEW_EVERY_S, LeaseKeeper


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def leases(clock: FakeClock) -> LeavingLeases:
    return LeavingLeases(clock)


def test_what_lies_on_the_other_servers_of_a_cluster_is_released(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(wanting(CAMERAS))
    leases.away = frozenset(CAMERAS[::2])

    keeper.release_all()

    assert keeper.held().keys() == leases.away


def test_gives_nothing_up_while_redis_is_away(clock: FakeClock, leases: LeavingLeases) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(wanting(CAMERAS))
    before = keeper.held()

    leases.is_away = True
    for _ in range(60):
        clock.advance(RENEW_EVERY_S)
        with pytest.raises(BusUnavailable):
            keeper.keep(wanting(CAMERAS))

    # It goes on for all it knows, but says that another may hold them now
    assert keeper.held() == before
    assert keeper.valid() == {}

    # And when nobody took them meanwhile, it has them again without a break
    leases.is_away = False
    clock.advance(RENEW_EVERY_S)
    keeper.keep(wanting(CAMERAS))
    assert keeper.valid() == before


def test_keeps_what_lies_on_the_servers_of_a_cluster_that_answer(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(wanting(CAMERAS))
    before = keeper.held()

    # Given that the server of every other camera goes away
    leases.away = frozenset(CAMERAS[::2])
    for _ in range(10):
        clock.advance(RENEW_EVERY_S)
        leases.asked_in_vain = 0
        with pytest.raises(BusUnavailable):
            keeper.keep(wanting(CAMERAS))
        # Once for the list of members, once for all its cameras
        assert leases.asked_in_vain == 2
        assert keeper.valid().keys() >= set(CAMERAS[1::2])

    # It goes on for all it knows
    assert keeper.held() == before
    assert keeper.valid().keys() == set(CAMERAS[1::2])


def test_the_list_of_members_comes_last_where_its_server_was_away(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(wanting(CAMERAS))
    leases.away = frozenset(CAMERAS[::2])
    clock.advance(RENEW_EVERY_S)
    with pytest.raises(BusUnavailable):
        keeper.keep(wanting(CAMERAS))

    # Given that it takes nearly as long as a lease lives until one is not answered
    leases.wait_s = LEASE_S - 0.5
    clock.advance(RENEW_EVERY_S)
    asked_s = clock.monotonic_s()
    with pytest.raises(BusUnavailable):
        keeper.keep(wanting(CAMERAS))

    # Then the others were renewed before that
    clock.advance(asked_s + LEASE_S - 0.001 - clock.monotonic_s())
    assert keeper.valid().keys() == set(CAMERAS[1::2])


def test_forgets_a_deleted_camera_only_when_redis_took_note(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(wanting([ONE]))
    leases.is_away = True
    with pytest.raises(BusUnavailable):
        keeper.forget(ONE, clear=leases.check)
    assert keeper.held().keys() == {ONE}

    leases.is_away = False
    keeper.forget(ONE, clear=leases.check)
    assert keeper.held() == {}


def test_leaves_its_leases_to_expire_when_redis_is_away_at_the_end(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(wanting([ONE]))
    leases.is_away = True

    keeper.release_all()

    clock.advance(LEASE_S)
    leases.is_away = False
    assert leases.acquire(ONE, "b", ttl_s=LEASE_S, last_seen=Epoch(0)) is not None
