from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_ctrl.placement import Placement, ShardNumber
from vigil.domain.camera import CameraId

ids = st.integers(1, 40).map(CameraId)
#: What may happen to a controller: other cameras, or a crash with some at work.
histories = st.lists(
    st.tuples(st.frozensets(ids, max_size=30), st.frozensets(ids, max_size=2)), max_size=12
)


def cameras(*numbers: int) -> frozenset[CameraId]:
    return frozenset(CameraId(number) for number in numbers)


def shard_of(placed: Mapping[ShardNumber, frozenset[CameraId]], camera_id: int) -> ShardNumber:
    [number] = [number for number, served in placed.items() if camera_id in served]
    return number


@given(history=histories, per_shard=st.integers(1, 16))
def test_every_camera_is_served_once_in_bounded_shards_and_suspects_alone(
    history: list[tuple[frozenset[CameraId], frozenset[CameraId]]], per_shard: int
) -> None:
    placement = Placement(per_shard)

    for wanted, crashed in history:
        placement.note_crash(crashed)
        placed = placement.place(wanted)

        assert sorted(each for served in placed.values() for each in served) == sorted(wanted)
        for served in placed.values():
            assert 1 <= len(served) <= per_shard
            assert len(served) == 1 or not any(placement.is_isolated(each) for each in served)


@given(history=histories)
def test_a_camera_stays_where_it_is_whatever_happens_to_others(
    history: list[tuple[frozenset[CameraId], frozenset[CameraId]]],
) -> None:
    placement = Placement(per_shard=8)
    before: Mapping[ShardNumber, frozenset[CameraId]] = {}

    for wanted, crashed in history:
        moved_out = placement.note_crash(crashed)
        placed = placement.place(wanted)

        stayed = {each for served in before.values() for each in served} & wanted - moved_out
        assert all(shard_of(before, each) == shard_of(placed, each) for each in stayed)
        before = placed


def test_fills_a_shard_before_it_begins_another() -> None:
    placed = Placement(per_shard=4).place(cameras(*range(1, 11)))

    assert [len(served) for served in placed.values()] == [4, 4, 2]


def test_a_newcomer_takes_the_room_of_one_that_left() -> None:
    placement = Placement(per_shard=2)
    placement.place(cameras(1, 2, 3, 4))

    assert placement.place(cameras(1, 3, 4, 5)) == {1: cameras(1, 5), 2: cameras(3, 4)}


def test_a_camera_gets_a_shard_of_its_own_after_its_second_crash() -> None:
    placement = Placement(per_shard=8)
    before = placement.place(cameras(1, 2, 3))

    assert placement.note_crash(cameras(2)) == cameras()
    assert placement.place(cameras(1, 2, 3)) == before

    assert placement.note_crash(cameras(2)) == cameras(2)
    assert placement.place(cameras(1, 2, 3)) == {1: cameras(1, 3), 2: cameras(2)}


def test_nobody_joins_a_camera_that_is_isolated() -> None:
    placement = Placement(per_shard=8)
    placement.place(cameras(1, 2))
    placement.note_crash(cameras(2))
    placement.note_crash(cameras(2))

    placed = placement.place(cameras(1, 2, *range(3, 12)))

    assert placed[shard_of(placed, 2)] == cameras(2)


@pytest.mark.parametrize("crashes", [3, 10])
def test_an_isolated_camera_that_goes_on_crashing_keeps_its_shard(crashes: int) -> None:
    # The pool's back-off is the shard's: another number would begin with the first delay again.
    placement = Placement(per_shard=8)
    placement.place(cameras(1, 2))
    for _ in range(2):
        placement.note_crash(cameras(2))
    before = placement.place(cameras(1, 2))

    for _ in range(crashes):
        assert placement.note_crash(cameras(2)) == cameras()
        assert placement.place(cameras(1, 2)) == before


def test_a_camera_that_is_alone_already_stays() -> None:
    placement = Placement(per_shard=1)
    before = placement.place(cameras(1, 2))

    placement.note_crash(cameras(2))
    assert placement.note_crash(cameras(2)) == cameras()

    assert placement.place(cameras(1, 2)) == before


def test_two_suspects_of_one_shard_get_one_each() -> None:
    placement = Placement(per_shard=8)
    placement.place(cameras(1, 2, 3))
    placement.note_crash(cameras(2, 3))

    assert placement.note_crash(cameras(2, 3)) == cameras(2, 3)
    assert placement.place(cameras(1, 2, 3)) == {1: cameras(1), 2: cameras(2), 3: cameras(3)}


def test_a_suspect_that_was_away_comes_back_alone() -> None:
    placement = Placement(per_shard=8)
    placement.place(cameras(1, 2))
    for _ in range(2):
        placement.note_crash(cameras(2))
    placement.place(cameras(1))

    placed = placement.place(cameras(1, 2))

    assert placed[shard_of(placed, 2)] == cameras(2)
