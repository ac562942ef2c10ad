from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.domain.assignment import owner_of, share_of
from vigil.domain.camera import CameraId

CAMERAS = [CameraId(number) for number in range(1, 1001)]
MEMBERS = [f"host-{number}:{4000 + number}:{number:06x}" for number in range(20)]

crowds = st.sets(st.text(min_size=1, max_size=20), min_size=1, max_size=8)


def owners(members: list[str]) -> dict[CameraId, str | None]:
    return {camera_id: owner_of(camera_id, members) for camera_id in CAMERAS}


def test_twenty_members_share_a_thousand_cameras_evenly() -> None:
    shares = Counter(owners(MEMBERS).values())

    # 50 each on average; of plain hashing the worst is about 3 standard deviations (7) away.
    assert len(shares) == 20
    assert min(shares.values()) >= 29
    assert max(shares.values()) <= 71


@pytest.mark.parametrize("leaver", MEMBERS)
def test_only_the_cameras_of_a_member_that_leaves_move(leaver: str) -> None:
    before = owners(MEMBERS)

    after = owners([member for member in MEMBERS if member != leaver])

    moved = {camera_id for camera_id in CAMERAS if before[camera_id] != after[camera_id]}
    assert moved == {camera_id for camera_id in CAMERAS if before[camera_id] == leaver}


def test_only_the_cameras_that_a_newcomer_wins_move() -> None:
    before = owners(MEMBERS)

    after = owners([*MEMBERS, "newcomer"])

    moved = {camera_id for camera_id in CAMERAS if before[camera_id] != after[camera_id]}
    assert {after[camera_id] for camera_id in moved} == {"newcomer"}
    assert 29 <= len(moved) <= 71


@given(members=crowds, camera_ids=st.sets(st.integers(1, 10_000).map(CameraId), max_size=20))
def test_the_shares_of_all_members_are_all_cameras_each_once(
    members: set[str], camera_ids: set[CameraId]
) -> None:
    shares = [share_of(member, camera_ids, members) for member in members]

    assert sorted(camera_id for share in shares for camera_id in share) == sorted(camera_ids)


@given(members=crowds, camera_id=st.integers(1, 10_000).map(CameraId))
def test_all_agree_in_whatever_order_they_see_the_members(
    members: set[str], camera_id: CameraId
) -> None:
    in_order = sorted(members)

    assert owner_of(camera_id, in_order) == owner_of(camera_id, in_order[::-1])


def test_a_member_that_nobody_has_heard_of_yet_counts_itself() -> None:
    assert share_of("alone", CAMERAS, frozenset()) == frozenset(CAMERAS)
    assert share_of("new", CAMERAS, MEMBERS) == share_of("new", CAMERAS, [*MEMBERS, "new"])


def test_nobody_owns_a_camera_where_there_are_no_members() -> None:
    assert owner_of(CameraId(1), []) is None
