"""The oldest footage goes first, and what was cut off is done again."""

from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from recorder.room.retention import AGE_EVERY_S, AT_ONCE, LOOK_EVERY_S, keep_room_until_stopped
from standalone.servers.valkey import EmbeddedValkey
from tests.recorder.house import House, a_segment, run
from tests.waiting import wait_until
from vigil.bus.connection import connect_single
from vigil.bus.footage.redis import RedisFootageStore
from vigil.domain.camera import CameraId
from vigil.facts import SegmentDeleted
from vigil.messages import GapReason
from vigil.runtime import StopSignal, start_thread


def test_what_is_too_old_goes_and_the_rest_stays(house: House) -> None:
    old = [house.segment(7, days_ago=40), house.segment(8, days_ago=31)]
    young = [house.segment(7, days_ago=29), house.segment(8, days_ago=1)]

    run(house.retention())

    assert house.files() == set(young)
    assert [fact.path for fact in house.told if isinstance(fact, SegmentDeleted)] == old
    # An empty day is no folder any more
    assert not (house.volume.path / old[0]).parent.exists()


def test_the_oldest_of_all_cameras_goes_first_until_there_is_room(house: House) -> None:
    paths = [house.segment(7 + number % 2, days_ago=20 - number) for number in range(10)]
    house.has_free(lambda: 10_000 - house.used_bytes())

    run(house.retention(reserve_bytes=4_000))

    assert house.files() == set(paths[4:])


def test_what_is_being_written_stays_however_little_room_there_is(house: House) -> None:
    house.has_free(lambda: 0)
    retention = house.retention(reserve_bytes=10**9)

    # A camera with a picture now and then: the last one is a day old
    with house.being_written(7, days_ago=1) as grows:
        run(retention)
        assert house.files() == {grows}

    house.clock.advance(LOOK_EVERY_S)
    run(retention)
    assert house.files() == set()


def test_what_a_dead_recorder_left_goes_like_the_rest(house: House) -> None:
    left = house.segment(7, days_ago=0)
    house.names_as_growing(left)
    house.has_free(lambda: 0)

    run(house.retention(reserve_bytes=10**9))

    assert house.files() == set()


def test_a_deletion_that_was_cut_off_is_done_again(house: House) -> None:
    path = house.segment(7, days_ago=40)
    # Given that somebody died between renaming and unlinking
    whole = house.volume.path / path
    whole.rename(whole.with_name(whole.name + ".condemned"))

    run(house.retention())

    assert house.files() == set()
    [fact] = house.told
    assert isinstance(fact, SegmentDeleted)
    assert (fact.camera_id, fact.path) == (7, path)


def test_what_only_looks_like_a_deletion_is_left_alone(house: House) -> None:
    house.segment(7, days_ago=1)
    strange = ("lost+found/a/b.mp4.condemned", "7/notes/b.mp4.condemned", "0/2026-01-01/1.mp4")
    for name in strange:
        (house.volume.path / name).parent.mkdir(parents=True)
        (house.volume.path / name).write_bytes(b"x")

    run(house.retention(reserve_bytes=0, kept_days=30))

    assert house.told == []
    assert all((house.volume.path / name).exists() for name in strange)


def test_it_looks_now_and_then(house: House) -> None:
    retention = house.retention()
    run(retention)
    house.segment(7, days_ago=40)
    run(retention)
    assert house.files()

    house.clock.advance(AGE_EVERY_S)
    run(retention)
    assert not house.files()


def test_a_volume_that_is_away_is_left_alone(house: House) -> None:
    house.segment(7, days_ago=40)
    (house.volume.path / ".vigil-volume").unlink()

    run(house.retention())

    assert len(house.files()) == 1
    assert not house.told


def test_files_of_others_stay(house: House) -> None:
    foreign = house.volume.path / "7" / "2020-01-01" / "holiday.mp4"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"mine")

    run(house.retention())

    assert foreign.exists()


def test_a_camera_may_keep_its_footage_longer_or_shorter_than_the_site(house: House) -> None:
    house.limit(7, recording_kept_days=365)
    house.limit(8, recording_kept_days=0.5)
    kept = [house.segment(7, days_ago=300), house.segment(9, days_ago=29)]
    house.segment(8, days_ago=1)

    run(house.retention())

    assert house.files() == set(kept)


def test_until_it_is_known_what_cameras_may_keep_footage_goes_for_the_disk_alone(
    house: House,
) -> None:
    house.cameras = None
    old, kept = house.segment(7, days_ago=300), house.segment(7, days_ago=29)
    retention = run(house.retention(max_bytes=1_000))
    assert house.files() == {old, kept}
    assert retention.refusal(CameraId(7)) is None

    # A disk that runs full waits for nobody
    house.has_free(lambda: 3_000 - house.used_bytes())
    house.clock.advance(LOOK_EVERY_S)
    run(house.retention(reserve_bytes=1_500))
    assert house.files() == {kept}

    house.limit(7, recording_kept_days=20)
    house.clock.advance(AGE_EVERY_S)
    run(retention)
    assert house.files() == set()


def test_a_camera_takes_no_more_than_it_may_and_the_others_are_left_alone(house: House) -> None:
    house.limit(7, recording_max_bytes=2**20)
    own = [house.segment(7, days_ago=20 - number, size=300_000) for number in range(5)]
    older = house.segment(8, days_ago=29, size=3_000_000)

    run(house.retention())

    assert house.files() == {older, *own[2:]}


def test_all_footage_together_takes_no_more_than_it_may(house: House) -> None:
    paths = [house.segment(7 + number % 2, days_ago=20 - number) for number in range(10)]

    run(house.retention(max_bytes=6_500))

    assert house.files() == set(paths[4:])


def test_what_was_done_since_the_start_counts(house: House) -> None:
    retention = run(house.retention(max_bytes=2_500))
    paths = [house.segment(7, days_ago=3 - number) for number in range(3)]
    for path in paths:
        retention.heard(a_segment(path))

    house.clock.advance(LOOK_EVERY_S)
    run(retention)

    assert house.files() == set(paths[1:])


def test_a_file_that_is_finished_once_more_counts_once(house: House) -> None:
    paths = [house.segment(7, days_ago=3 - number) for number in range(2)]
    retention = run(house.retention(max_bytes=2_500))
    for _ in range(3):
        retention.heard(a_segment(paths[1]))
    house.names_as_growing(paths[1], broken_off=GapReason.SWITCHED_OFF)
    retention = run(house.retention(max_bytes=2_500))
    for _ in range(3):
        retention.heard(a_segment(paths[1]))

    house.clock.advance(LOOK_EVERY_S)
    run(retention)

    assert house.files() == set(paths)


def test_without_purge_nothing_goes_and_recording_stops_at_the_reserve(house: House) -> None:
    old = house.segment(7, days_ago=400)
    free = [5_000]
    house.has_free(lambda: free[0])
    retention = run(house.retention(reserve_bytes=4_000, purges=False))
    assert retention.refusal(CameraId(7)) is None

    free[0] = 3_999
    house.clock.advance(LOOK_EVERY_S)
    run(retention)

    assert house.files() == {old}
    said = str(retention.refusal(CameraId(7)))
    assert "FOOTAGE_RESERVE_BYTES" in said
    assert "FOOTAGE_PURGE" in said
    # A little room is no reason to begin again and stop with the next file
    for now_free, may_record in ((4_001, False), (4_500, True)):
        free[0] = now_free
        house.clock.advance(LOOK_EVERY_S)
        run(retention)
        assert (retention.refusal(CameraId(7)) is None) is may_record


def test_without_purge_a_camera_that_has_used_up_its_bytes_is_not_recorded(house: House) -> None:
    house.limit(7, recording_max_bytes=2**20)
    house.segment(7, days_ago=1, size=2**20 + 1)
    house.segment(8, days_ago=1, size=2**20 + 1)

    retention = run(house.retention(purges=False))

    assert "recording_max_bytes" in str(retention.refusal(CameraId(7)))
    assert retention.refusal(CameraId(8)) is None


def test_a_disk_that_is_full_of_something_else_stops_recording_and_says_so(house: House) -> None:
    house.segment(7, days_ago=1)
    house.has_free(lambda: 10)

    retention = run(house.retention(reserve_bytes=4_000))

    assert house.files() == set()
    assert "no footage is left that may go" in str(retention.refusal(CameraId(7)))


def test_a_file_that_cannot_go_does_not_keep_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other = house.segment(7, days_ago=40), house.segment(7, days_ago=39)
    whole = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if str(path).endswith(stuck):
            raise PermissionError(1, "Operation not permitted")
        return whole(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    house.has_free(lambda: 0)
    retention = run(house.retention(reserve_bytes=1_000))

    assert house.files() == {stuck}
    assert other not in house.files()
    assert "Operation not permitted" in str(retention.refusal(CameraId(7)))


def test_a_deletion_that_cannot_be_done_again_keeps_nobody_from_making_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [house.segment(7, days_ago=40 - number) for number in range(3)]
    for path in paths[:2]:
        whole = house.volume.path / path
        whole.rename(whole.with_name(whole.name + ".condemned"))
    let_go = Path.unlink

    def unlink(path: Path, *, missing_ok: bool = False) -> None:
        if paths[0] in str(path):
            raise PermissionError(1, "Operation not permitted")
        let_go(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    house.has_free(lambda: 0)
    with capture_logs() as logs:
        retention = run(house.retention(reserve_bytes=1_000))

    assert house.files() == {f"{paths[0]}.condemned"}
    assert retention.refusal(CameraId(7)) is not None
    [counted] = [each for each in logs if each["event"] == "deletions_not_repeated"]
    assert counted["files"] == 1


def test_a_folder_that_cannot_be_read_keeps_nobody_from_making_room(house: House) -> None:
    house.segment(7, days_ago=40)
    kept = house.segment(7, days_ago=1)
    loops = house.volume.path / "7" / "2026-01-01"
    loops.symlink_to(loops)
    (house.volume.path / "8").write_bytes(b"no folder")

    retention = run(house.retention(max_bytes=1_500))

    assert house.files() == {kept}
    assert retention.refusal(CameraId(7)) is None


def test_a_clock_that_was_set_back_neither_deletes_nor_keeps_too_much(house: House) -> None:
    paths = [house.segment(7, days_ago=5 - number) for number in range(5)]
    house.clock.step(-10 * 86_400)
    house.has_free(lambda: 6_000 - house.used_bytes())

    run(house.retention(reserve_bytes=3_000))

    # All of it lies in the future now: none is too old, and the oldest still goes first for room
    assert house.files() == set(paths[2:])


def test_a_turn_is_short_however_much_must_go(house: House) -> None:
    for number in range(AT_ONCE + 10):
        house.segment(7, days_ago=40 + number / 100)
    retention = house.retention()

    counts = []
    while True:
        before = len(house.files())
        is_more = retention.run_once()
        counts.append(before - len(house.files()))
        if not is_more:
            break

    assert max(counts) == AT_ONCE
    assert house.files() == set()


@pytest.mark.parametrize(
    ("keys", "refused"),
    [
        ([], ["protections_refused", "deletions_refused", "volume_report_refused"]),
        (["vigil:protections:*"], ["deletions_refused", "volume_report_refused"]),
        (["vigil:footage_*"], ["protections_refused"]),
    ],
)
def test_a_redis_that_refuses_some_of_it_ends_nothing_and_footage_goes_all_the_same(
    house: House, valkey: EmbeddedValkey, keys: list[str], refused: list[str]
) -> None:
    house.segment(7, days_ago=40)
    with connect_single(valkey.url) as admin:
        admin.acl_setuser(
            "narrow", enabled=True, nopass=True, reset=True, categories=["+@all"], keys=keys
        )
    stop, address = StopSignal(), valkey.url.rpartition("@")[2]
    with connect_single(f"redis://narrow:any@{address}") as queue, capture_logs() as logs:
        retention = house.retention(store=RedisFootageStore(queue))
        room = start_thread(
            partial(keep_room_until_stopped, retention, stop), name="room", stop=stop
        )
        wait_until(lambda: stop.is_set() or not house.files())
        assert (stop.is_set(), room.is_alive()) == (False, True)
        stop.set()
        room.join()

    assert {each["event"] for each in logs if each["log_level"] == "error"} == set(refused)
