from collections.abc import Iterable, Sequence
from contextlib import suppress

import pytest

from tests.unit.leaving_leases import CAMERAS, ONE, LeavingLeases, wanting
from vigil.bus.leases.memory import MemoryLeases
from vigil.clock import FakeClock
from vigil.domain.assignment import assign
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import LeaseLost
from vigil.leases import LEASE_S, RENEW_EVERY_S, LeaseKeeper, new_member_id
from vigil.messages import MemberReport


def share_of(member: str, members: str) -> set[CameraId]:
    owners = assign(wanting(CAMERAS), dict.fromkeys(members, None))
    return {each for each, owner in owners.items() if owner == member}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def leases(clock: FakeClock) -> LeavingLeases:
    return LeavingLeases(clock)


def let_turn(
    clock: FakeClock, keepers: Sequence[LeaseKeeper], camera_ids: Iterable[CameraId], *, times: int
) -> None:
    """Let every keeper keep once a second; no two ever may write for one camera."""
    wanted = list(camera_ids)
    for _ in range(times):
        for keeper in keepers:
            keeper.keep(wanting(wanted))
            assert len(held_by(keepers)) == len(set(held_by(keepers)))
        clock.advance(RENEW_EVERY_S)


def held_by(keepers: Iterable[LeaseKeeper]) -> list[CameraId]:
    return sorted(camera_id for keeper in keepers for camera_id in writable(keeper))


def writable(keeper: LeaseKeeper) -> dict[CameraId, Epoch]:
    """Return what a keeper takes for its own, and may write for."""
    leases = keeper._leases
    assert isinstance(leases, MemoryLeases)
    found = {}
    for camera_id, epoch in keeper.valid().items():
        with suppress(LeaseLost):
            leases.check(camera_id, epoch)
            found[camera_id] = epoch
    return found


def test_no_two_processes_bear_one_name() -> None:
    assert len({new_member_id() for _ in range(100)}) == 100


def test_a_lone_keeper_holds_every_camera(clock: FakeClock, leases: LeavingLeases) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)

    let_turn(clock, [keeper], CAMERAS, times=1)

    assert held_by([keeper]) == CAMERAS


def test_two_keepers_share_all_cameras_and_none_twice(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keepers = [LeaseKeeper(leases, member=name, clock=clock) for name in "ab"]

    let_turn(clock, keepers, CAMERAS, times=3)

    assert held_by(keepers) == CAMERAS
    for keeper in keepers:
        assert keeper.valid().keys() == share_of(keeper.member, "ab")


def test_gives_back_what_a_newcomer_wins_and_keeps_the_rest_without_a_break(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    old = LeaseKeeper(leases, member="a", clock=clock)
    let_turn(clock, [old], CAMERAS, times=2)
    before = old.valid()

    newcomer = LeaseKeeper(leases, member="b", clock=clock)
    let_turn(clock, [newcomer, old], CAMERAS, times=2)

    moved = share_of("b", "ab")
    assert newcomer.valid().keys() == moved
    assert old.valid() == {each: before[each] for each in CAMERAS if each not in moved}
    assert all(epoch > before[each] for each, epoch in newcomer.valid().items())


def test_takes_over_what_a_dead_member_held_within_its_lease_and_two_turns(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keepers = [LeaseKeeper(leases, member=name, clock=clock) for name in "ab"]
    let_turn(clock, keepers, CAMERAS, times=3)
    dead, alive = keepers

    let_turn(clock, [alive], CAMERAS, times=round(LEASE_S) + 1)

    assert held_by([alive]) == CAMERAS
    assert dead.valid() == {}


def test_what_is_released_is_taken_at_once(clock: FakeClock, leases: LeavingLeases) -> None:
    keepers = [LeaseKeeper(leases, member=name, clock=clock) for name in "ab"]
    let_turn(clock, keepers, CAMERAS, times=3)

    keepers[0].release_all()
    let_turn(clock, keepers[1:], CAMERAS, times=1)

    assert keepers[0].held() == {}
    assert held_by(keepers[1:]) == CAMERAS


def test_asks_once_a_second_at_most(clock: FakeClock, leases: LeavingLeases) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    for _ in range(100):
        keeper.keep(wanting([ONE]))
        clock.advance(0.1)

    # Ten seconds: one taking, then nine renewals, give or take the rounding of 0.1.
    assert leases.renewed in {8, 9, 10}


def test_a_camera_that_moves_is_looked_at_by_one_of_the_two_at_any_time(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    old = LeaseKeeper(leases, member="a", clock=clock)
    let_turn(clock, [old], CAMERAS, times=2)
    newcomer = LeaseKeeper(leases, member="b", clock=clock)

    # When another joins, whose turns do not come in step with ours
    for _ in range(12):
        for keeper in (old, newcomer):
            keeper.keep(wanting(CAMERAS))
            clock.advance(RENEW_EVERY_S / 4)
            assert held_by([old, newcomer]) == CAMERAS

    assert newcomer.valid().keys() == share_of("b", "ab")


def test_what_was_offered_to_a_member_that_died_before_it_took_it_is_kept(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    old = LeaseKeeper(leases, member="a", clock=clock)
    let_turn(clock, [old], CAMERAS, times=2)
    before = old.held()

    # Given members that announce themselves again and again, and never come to take anything
    for number in range(5):
        leases.announce(f"dying {number}", MemberReport(), ttl_s=LEASE_S)
        let_turn(clock, [old], CAMERAS, times=2)
        assert old.valid() == before

    let_turn(clock, [old], CAMERAS, times=4)
    assert old.valid() == before


def test_a_member_takes_as_much_as_it_says_it_can_do(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keepers = [LeaseKeeper(leases, member=name, clock=clock) for name in "ab"]
    for _ in range(4):
        for keeper, capacity in zip(keepers, (30.0, 10.0), strict=True):
            keeper.keep(wanting(CAMERAS), MemberReport(capacity_fps=capacity))
        clock.advance(RENEW_EVERY_S)

    assert [len(keeper.valid()) for keeper in keepers] == [15, 5]


def test_a_lease_is_valid_from_before_its_renewal_was_sent(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(wanting([ONE]))

    clock.advance(LEASE_S - 0.001)
    assert keeper.valid().keys() == {ONE}
    clock.advance(0.001)
    assert keeper.valid() == {}


def test_a_process_that_was_suspended_holds_nothing_when_it_wakes(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    sleeper = LeaseKeeper(leases, member="a", clock=clock)
    let_turn(clock, [sleeper], [ONE], times=1)
    old = sleeper.held()[ONE]

    # Given a night in which another took its camera, and left again
    clock.advance(8 * 3600.0)
    other = LeaseKeeper(leases, member="b", clock=clock)
    other.keep(wanting([ONE]))
    other.release_all()
    assert sleeper.valid() == {}
    with pytest.raises(LeaseLost):
        leases.check(ONE, old)

    # When it goes on, it takes the camera anew, and under a greater epoch
    sleeper.keep(wanting([ONE]))
    assert sleeper.valid()[ONE] > old


def test_takes_its_cameras_anew_under_greater_epochs_after_redis_was_emptied(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(wanting(CAMERAS))
    before = keeper.valid()

    # Even by a server whose clock is an hour behind
    leases.flush()
    clock.step(-3600.0)
    clock.advance(RENEW_EVERY_S)
    keeper.keep(wanting(CAMERAS))

    assert all(epoch > before[each] for each, epoch in keeper.valid().items())
    assert held_by([keeper]) == CAMERAS


def test_what_a_refused_write_lost_is_not_held_and_is_asked_for_at_once(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(wanting(CAMERAS))
    epoch = keeper.held()[ONE]
    leases.flush()

    keeper.lost(ONE, epoch=epoch)
    assert ONE not in keeper.held()

    keeper.keep(wanting(CAMERAS))
    assert keeper.valid()[ONE] > epoch


def test_a_loss_that_is_old_news_is_ignored(clock: FakeClock, leases: LeavingLeases) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(wanting(CAMERAS))
    held = keeper.held()

    keeper.lost(ONE, epoch=Epoch(held[ONE] - 1))
    keeper.lost(CameraId(999), epoch=Epoch(5))

    assert keeper.held() == held


def test_what_is_not_asked_for_any_more_is_given_back(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    let_turn(clock, [keeper], CAMERAS, times=1)

    let_turn(clock, [keeper], CAMERAS[1:], times=1)

    assert held_by([keeper]) == CAMERAS[1:]
    assert leases.acquire(ONE, "b", ttl_s=LEASE_S, last_seen=Epoch(0)) is not None


def test_who_writes_on_while_a_deleted_camera_is_cleared_is_refused(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(wanting([ONE]))
    of_the_writer = keeper.held()[ONE]
    cleared_under = []

    def clear(camera_id: CameraId, epoch: Epoch) -> None:
        leases.check(camera_id, epoch)
        with pytest.raises(LeaseLost):
            leases.check(camera_id, of_the_writer)
        cleared_under.append(epoch)

    keeper.forget(ONE, clear=clear)

    assert len(cleared_under) == 1
    assert keeper.held() == {}
    assert leases.held_until_us(ONE) is None


def test_a_deleted_camera_that_another_has_is_left_to_it(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(wanting([ONE]))
    clock.advance(LEASE_S)
    of_another = leases.acquire(ONE, "b", ttl_s=LEASE_S, last_seen=Epoch(0))
    assert of_another is not None

    keeper.forget(ONE, clear=leases.check)

    assert keeper.held() == {}
    leases.check(ONE, of_another)
