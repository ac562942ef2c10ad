from collections.abc import Iterable, Sequence

import pytest
from typing_extensions import override

from vigil.bus.leases.memory import MemoryLeases
from vigil.clock import FakeClock
from vigil.domain.assignment import share_of
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable, LeaseLost, ServerUnavailable
from vigil.leases import LEASE_S, RENEW_EVERY_S, LeaseKeeper, new_member_id

CAMERAS = [CameraId(number) for number in range(1, 21)]
ONE = CameraId(1)
#: Where it does not matter which.
ANY = CameraId(0)


class LeavingLeases(MemoryLeases):
    """Leases that are away when the test says so, and count who asked."""

    is_away = False
    renewed = 0
    #: The cameras of the server of a cluster that is away; it has the list of members too.
    away: frozenset[CameraId] = frozenset()
    asked_in_vain = 0
    #: The cameras that no server of a cluster has.
    homeless: frozenset[CameraId] = frozenset()

    @override
    def announce(self, member: str, *, ttl_s: float) -> frozenset[str]:
        self._answer(None)
        return super().announce(member, ttl_s=ttl_s)

    @override
    def leave(self, member: str) -> None:
        self._answer(None)
        super().leave(member)

    @override
    def release(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        self._answer(camera_id)
        super().release(camera_id, epoch=epoch)

    @override
    def server_of(self, camera_id: CameraId | None) -> str:
        if camera_id in self.homeless:
            raise BusUnavailable("no server has it")
        return "second" if camera_id is None or camera_id in self.away else "first"

    @override
    def renew(self, camera_id: CameraId, *, epoch: Epoch, ttl_s: float) -> bool:
        self._answer(camera_id)
        self.renewed += 1
        return super().renew(camera_id, epoch=epoch, ttl_s=ttl_s)

    @override
    def forget(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        self._answer()
        super().forget(camera_id, epoch=epoch)

    def _answer(self, camera_id: CameraId | None = ANY) -> None:
        if (
            self.is_away
            or camera_id in self.homeless
            or (self.away and self.server_of(camera_id) == "second")
        ):
            self.asked_in_vain += 1
            raise BusUnavailable("away") if self.is_away else ServerUnavailable("away")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def leases(clock: FakeClock) -> LeavingLeases:
    return LeavingLeases(clock)


def let_turn(
    clock: FakeClock, keepers: Sequence[LeaseKeeper], camera_ids: Iterable[CameraId], *, times: int
) -> None:
    """Let every keeper keep once a second; nobody ever holds what another holds."""
    wanted = list(camera_ids)
    for _ in range(times):
        for keeper in keepers:
            keeper.keep(wanted)
            assert_each_is_held_once(keepers)
        clock.advance(RENEW_EVERY_S)


def assert_each_is_held_once(keepers: Sequence[LeaseKeeper]) -> None:
    held = [camera_id for keeper in keepers for camera_id in keeper.valid()]
    assert len(held) == len(set(held))


def held_by(keepers: Sequence[LeaseKeeper]) -> list[CameraId]:
    return sorted(camera_id for keeper in keepers for camera_id in keeper.valid())


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
        assert keeper.valid().keys() == share_of(keeper.member, CAMERAS, "ab")


def test_gives_back_what_a_newcomer_wins_and_keeps_the_rest_without_a_break(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    old = LeaseKeeper(leases, member="a", clock=clock)
    let_turn(clock, [old], CAMERAS, times=2)
    before = old.valid()

    newcomer = LeaseKeeper(leases, member="b", clock=clock)
    let_turn(clock, [newcomer, old], CAMERAS, times=2)

    moved = share_of("b", CAMERAS, "ab")
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


def test_what_lies_on_the_other_servers_of_a_cluster_is_released(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(CAMERAS)
    leases.away = frozenset(CAMERAS[::2])

    keeper.release_all()

    assert keeper.held().keys() == leases.away


def test_asks_once_a_second_at_most(clock: FakeClock, leases: LeavingLeases) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    for _ in range(100):
        keeper.keep([ONE])
        clock.advance(0.1)

    # Ten seconds: one taking, then nine renewals, give or take the rounding of 0.1.
    assert leases.renewed in {8, 9, 10}


def test_gives_nothing_up_while_redis_is_away(clock: FakeClock, leases: LeavingLeases) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(CAMERAS)
    before = keeper.held()

    leases.is_away = True
    for _ in range(60):
        clock.advance(RENEW_EVERY_S)
        with pytest.raises(BusUnavailable):
            keeper.keep(CAMERAS)

    # It goes on for all it knows, but says that another may hold them now
    assert keeper.held() == before
    assert keeper.valid() == {}

    # And when nobody took them meanwhile, it has them again without a break
    leases.is_away = False
    clock.advance(RENEW_EVERY_S)
    keeper.keep(CAMERAS)
    assert keeper.valid() == before


def test_keeps_what_lies_on_the_servers_of_a_cluster_that_answer(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(CAMERAS)
    before = keeper.held()

    # Given that the server of every other camera goes away
    leases.away = frozenset(CAMERAS[::2])
    for _ in range(10):
        clock.advance(RENEW_EVERY_S)
        leases.asked_in_vain = 0
        with pytest.raises(BusUnavailable):
            keeper.keep(CAMERAS)
        # Each time it does not answer holds up the others: once in a round is enough
        assert leases.asked_in_vain == 1
        assert keeper.valid().keys() >= set(CAMERAS[1::2])

    # It goes on for all it knows
    assert keeper.held() == before
    assert keeper.valid().keys() == set(CAMERAS[1::2])


def test_what_was_away_comes_last_in_the_next_round(
    clock: FakeClock, leases: LeavingLeases, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(CAMERAS)
    leases.away = frozenset(CAMERAS[::2])
    clock.advance(RENEW_EVERY_S)
    with pytest.raises(BusUnavailable):
        keeper.keep(CAMERAS)

    # Given that it takes longer than a lease lives until one is not answered
    answer = leases._answer

    def slow_answer(camera_id: CameraId | None = ANY) -> None:
        if leases.server_of(camera_id) == "second":
            clock.advance(LEASE_S + 1.0)
        answer(camera_id)

    monkeypatch.setattr(leases, "_answer", slow_answer)
    clock.advance(RENEW_EVERY_S)
    leases.renewed = 0
    with pytest.raises(BusUnavailable):
        keeper.keep(CAMERAS)

    assert leases.renewed == len(CAMERAS) // 2
    assert leases.asked_in_vain == 2


def test_goes_on_with_the_others_when_no_server_has_a_camera(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(CAMERAS)
    leases.homeless = frozenset({ONE})

    # Given a cluster that took longer to mend itself than a lease lives
    for _ in range(4):
        clock.advance(RENEW_EVERY_S)
        with pytest.raises(BusUnavailable):
            keeper.keep(CAMERAS)

    assert sorted(keeper.valid()) == CAMERAS[1:]
    assert ONE in keeper.held()


def test_a_lease_is_valid_from_before_its_renewal_was_sent(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep([ONE])

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
    other.keep([ONE])
    other.release_all()
    assert sleeper.valid() == {}
    with pytest.raises(LeaseLost):
        leases.check(ONE, old)

    # When it goes on, it takes the camera anew, and under a greater epoch
    sleeper.keep([ONE])
    assert sleeper.valid()[ONE] > old


def test_takes_its_cameras_anew_under_greater_epochs_after_redis_was_emptied(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(CAMERAS)
    before = keeper.valid()

    # Even by a server whose clock is an hour behind
    leases.flush()
    clock.step(-3600.0)
    clock.advance(RENEW_EVERY_S)
    keeper.keep(CAMERAS)

    assert all(epoch > before[each] for each, epoch in keeper.valid().items())
    assert held_by([keeper]) == CAMERAS


def test_what_a_refused_write_lost_is_not_held_and_is_asked_for_at_once(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(CAMERAS)
    epoch = keeper.held()[ONE]
    leases.flush()

    keeper.lost(ONE, epoch=epoch)
    assert ONE not in keeper.held()

    keeper.keep(CAMERAS)
    assert keeper.valid()[ONE] > epoch


def test_a_loss_that_is_old_news_is_ignored(clock: FakeClock, leases: LeavingLeases) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep(CAMERAS)
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


def test_forgets_a_deleted_camera_only_when_redis_took_note(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep([ONE])
    leases.is_away = True
    with pytest.raises(BusUnavailable):
        keeper.forget(ONE)
    assert keeper.held().keys() == {ONE}

    leases.is_away = False
    keeper.forget(ONE)
    assert keeper.held() == {}


def test_leaves_its_leases_to_expire_when_redis_is_away_at_the_end(
    clock: FakeClock, leases: LeavingLeases
) -> None:
    keeper = LeaseKeeper(leases, member="a", clock=clock)
    keeper.keep([ONE])
    leases.is_away = True

    keeper.release_all()

    clock.advance(LEASE_S)
    assert leases.acquire(ONE, "b", ttl_s=LEASE_S, last_seen=Epoch(0)) is not None
