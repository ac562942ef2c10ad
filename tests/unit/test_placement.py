from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_ctrl.placement import PARDON_AFTER_S, Placement, ShardNumber
from vigil.domain.camera import CameraId

ids = st.integers(1, 40).map(CameraId)
#: What may happen to a controller: other cameras, or a crash with some at work.
histories = st.lists(
    st.tuples(st.frozensets(ids, max_size=30), st.frozensets(ids, max_size=2)), max_size=12
)


URL, ANOTHER_URL = "rtsp://one/", "rtsp://another/"


def cameras(*numbers: int) -> frozenset[CameraId]:
    return frozenset(CameraId(number) for number in numbers)


def place(
    placement: Placement, camera_ids: frozenset[CameraId], *, at_s: float = 0.0
) -> dict[ShardNumber, frozenset[CameraId]]:
    return placement.place(dict.fromkeys(camera_ids, URL), now_s=at_s)


def crash(
    placement: Placement, camera_ids: frozenset[CameraId], *, at_s: float = 0.0
) -> frozenset[CameraId]:
    return placement.note_crash(camera_ids, now_s=at_s)


def shard_of(placed: Mapping[ShardNumber, frozenset[CameraId]], camera_id: int) -> ShardNumber:
    [number] = [number for number, served in placed.items() if camera_id in served]
    return number


@given(history=histories, per_shard=st.integers(1, 16))
def test_every_camera_is_served_once_in_bounded_shards_and_suspects_alone(
    history: list[tuple[frozenset[CameraId], frozenset[CameraId]]], per_shard: int
) -> None:
    placement = Placement(per_shard)

    for wanted, crashed in history:
        crash(placement, crashed)
        placed = place(placement, wanted)

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
        moved_out = crash(placement, crashed)
        placed = place(placement, wanted)

        stayed = {each for served in before.values() for each in served} & wanted - moved_out
        assert all(shard_of(before, each) == shard_of(placed, each) for each in stayed)
        before = placed


def test_fills_a_shard_before_it_begins_another() -> None:
    placed = place(Placement(per_shard=4), cameras(*range(1, 11)))

    assert [len(served) for served in placed.values()] == [4, 4, 2]


def test_a_newcomer_takes_the_room_of_one_that_left() -> None:
    placement = Placement(per_shard=2)
    place(placement, cameras(1, 2, 3, 4))

    assert place(placement, cameras(1, 3, 4, 5)) == {1: cameras(1, 5), 2: cameras(3, 4)}


def test_a_camera_gets_a_shard_of_its_own_after_its_second_crash() -> None:
    placement = Placement(per_shard=8)
    before = place(placement, cameras(1, 2, 3))

    assert crash(placement, cameras(2)) == cameras()
    assert place(placement, cameras(1, 2, 3)) == before

    assert crash(placement, cameras(2)) == cameras(2)
    assert place(placement, cameras(1, 2, 3)) == {1: cameras(1, 3), 2: cameras(2)}


def test_nobody_joins_a_camera_that_is_isolated() -> None:
    placement = Placement(per_shard=8)
    place(placement, cameras(1, 2))
    crash(placement, cameras(2))
    crash(placement, cameras(2))

    placed = place(placement, cameras(1, 2, *range(3, 12)))

    assert placed[shard_of(placed, 2)] == cameras(2)


@pytest.mark.parametrize("crashes", [3, 10])
def test_an_isolated_camera_that_goes_on_crashing_keeps_its_shard(crashes: int) -> None:
    # The pool's back-off is the shard's: another number would begin with the first delay again.
    placement = Placement(per_shard=8)
    place(placement, cameras(1, 2))
    for _ in range(2):
        crash(placement, cameras(2))
    before = place(placement, cameras(1, 2))

    for _ in range(crashes):
        assert crash(placement, cameras(2)) == cameras()
        assert place(placement, cameras(1, 2)) == before


def test_a_camera_that_is_alone_already_stays() -> None:
    placement = Placement(per_shard=1)
    before = place(placement, cameras(1, 2))

    crash(placement, cameras(2))
    assert crash(placement, cameras(2)) == cameras()

    assert place(placement, cameras(1, 2)) == before


def test_two_suspects_of_one_shard_get_one_each() -> None:
    placement = Placement(per_shard=8)
    place(placement, cameras(1, 2, 3))
    crash(placement, cameras(2, 3))

    assert crash(placement, cameras(2, 3)) == cameras(2, 3)
    assert place(placement, cameras(1, 2, 3)) == {1: cameras(1), 2: cameras(2), 3: cameras(3)}


def test_a_suspect_that_was_away_comes_back_alone() -> None:
    placement = Placement(per_shard=8)
    place(placement, cameras(1, 2))
    for _ in range(2):
        crash(placement, cameras(2))
    place(placement, cameras(1))

    placed = place(placement, cameras(1, 2))

    assert placed[shard_of(placed, 2)] == cameras(2)


@pytest.mark.parametrize(
    ("crashes_s", "now_s", "is_alone"),
    [
        ((0.0,), 0.0, False),
        ((0.0, 1.0), 1.0, True),
        # An hour without a crash, counted from the last one
        ((0.0, 1.0), PARDON_AFTER_S, True),
        ((0.0, 1.0), 1.0 + PARDON_AFTER_S, False),
        ((0.0, 1.0, 500.0), 1.0 + PARDON_AFTER_S, True),
        ((0.0, 1.0, 500.0), 500.0 + PARDON_AFTER_S, False),
        # The first one is forgotten by then too
        ((0.0, PARDON_AFTER_S - 1.0), PARDON_AFTER_S, True),
        ((0.0, PARDON_AFTER_S), PARDON_AFTER_S, False),
        ((0.0, PARDON_AFTER_S, PARDON_AFTER_S + 1.0), PARDON_AFTER_S + 2.0, True),
    ],
)
def test_a_camera_is_alone_until_an_hour_after_its_last_crash(
    crashes_s: tuple[float, ...], now_s: float, is_alone: bool
) -> None:
    placement = Placement(per_shard=8)
    place(placement, cameras(1, 2, 3))
    for at_s in crashes_s:
        place(placement, cameras(1, 2, 3), at_s=at_s)
        crash(placement, cameras(2), at_s=at_s)

    placed = place(placement, cameras(1, 2, 3), at_s=now_s)

    assert placed[shard_of(placed, 2)] == (cameras(2) if is_alone else cameras(1, 2, 3))
    assert placement.isolated() == (cameras(2) if is_alone else cameras())


def test_a_camera_with_another_url_is_another_camera() -> None:
    placement = Placement(per_shard=8)
    place(placement, cameras(1, 2))
    crash(placement, cameras(2))
    crash(placement, cameras(2))
    place(placement, cameras(1, 2))

    urls = {CameraId(1): URL, CameraId(2): ANOTHER_URL}
    assert placement.place(urls, now_s=1.0) == {1: cameras(1, 2)}

    # Its record is clean: one crash at the new address isolates nobody
    crash(placement, cameras(2), at_s=2.0)
    assert placement.place(urls, now_s=2.0) == {1: cameras(1, 2)}


def test_a_pardoned_camera_stays_where_it_is_when_no_other_shard_has_room() -> None:
    placement = Placement(per_shard=2)
    place(placement, cameras(1, 2))
    crash(placement, cameras(2))
    crash(placement, cameras(2))
    before = place(placement, cameras(1, 2, 3))
    assert before == {1: cameras(1, 3), 2: cameras(2)}

    assert place(placement, cameras(1, 2, 3), at_s=PARDON_AFTER_S) == before
    # But others may join it
    placed = place(placement, cameras(1, 2, 3, 4), at_s=PARDON_AFTER_S)
    assert placed == {1: cameras(1, 3), 2: cameras(2, 4)}


def test_no_crash_is_remembered_for_ever() -> None:
    placement = Placement(per_shard=8)
    for number in range(1, 100):
        place(placement, cameras(number), at_s=number * 1000.0)
        crash(placement, cameras(number), at_s=number * 1000.0)

    assert len(placement._crashes) <= 4
