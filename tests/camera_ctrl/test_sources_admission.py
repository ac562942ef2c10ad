"""No more cameras than Redis has room for."""

from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from camera_ctrl.admission import ASK_EVERY_S, REMEMBER_S, Admission, Room
from camera_ctrl.settings import CameraSettings
from tests.builders import CAMERA, OTHER_CAMERA, a_status
from tests.camera_ctrl.site import SECRET, Site
from tests.cameras.stand_ins import rtsp_camera
from tests.servers import ValkeyCluster
from tests.waiting import wait_until
from vigil.bus.capacity import max_bytes_of
from vigil.bus.connection import connect
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.status.memory import MemoryStatusBoard
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable
from vigil.messages import CameraStatus

MIB = 2**20


@pytest.mark.parametrize(
    ("max_mib", "backlog_mib", "admitted"),
    [
        (0, 32, {1, 3, 5, 9}),
        (1024, 32, {1, 3, 5, 9}),
        (100, 32, {1, 3}),
        (100, 8, {1, 3, 5, 9}),
        (38, 32, {1}),
        (37, 32, set()),
    ],
)
def test_admits_the_cameras_that_fit_lowest_first(
    max_mib: int, backlog_mib: int, admitted: set[int]
) -> None:
    room = Room(max_mib * MIB, backlog_mib * MIB)
    assert room.admitted([CameraId(each) for each in (9, 5, 1, 3)]) == admitted


@pytest.mark.parametrize(
    ("max_mib", "held_mib", "admitted"),
    [
        # 160 MiB for packets: five cameras
        (200, {}, {1, 2, 3, 4, 5}),
        (200, {1: 32, 2: 10}, {1, 2, 3, 4, 5}),
        # One GOP alone is larger than a camera's share
        (200, {2: 64}, {1, 2, 3, 4}),
        (200, {1: 64, 2: 64}, {1, 2, 3}),
        (200, {6: 64}, {1, 2, 3, 4, 5}),
        # Who grows is no reason to stop those that were there before it
        (200, {5: 64}, {1, 2, 3, 4}),
        # Without a bound there is room for any
        (0, {1: 64, 2: 64}, {1, 2, 3, 4, 5, 6}),
    ],
)
def test_counts_what_a_camera_really_holds_when_that_is_more_than_its_share(
    max_mib: int, held_mib: dict[int, int], admitted: set[int]
) -> None:
    held_bytes = {CameraId(each): mib * MIB for each, mib in held_mib.items()}
    room = Room(max_mib * MIB, 32 * MIB, held_bytes)
    assert room.admitted([CameraId(each) for each in range(1, 7)]) == admitted


def test_a_sub_stream_takes_room_of_its_own() -> None:
    # 85 MiB for packets: two cameras, and a third only without sub-streams
    room, ids = Room(100 * MIB, 28 * MIB), [CameraId(each) for each in (1, 2, 3)]

    assert room.admitted(ids) == {1, 2, 3}
    assert room.admitted(ids, with_sub={CameraId(2)}) == {1, 2}
    assert room.admitted(ids, with_sub={CameraId(3)}) == {1, 2}


def test_says_which_camera_takes_more_than_its_share() -> None:
    room = Room(200 * MIB, 32 * MIB, {CameraId(2): 60 * MIB, CameraId(1): 40 * MIB})
    assert room.refusal(frozenset({CameraId(1), CameraId(2)})) == (
        "Redis has room for the packets of 2 cameras: raise its maxmemory (200 MiB), or lower "
        "PACKET_BACKLOG_MAX_BYTES (32 MiB a camera); camera 2 takes 60 MiB, and less if it sent "
        "keyframes more often"
    )


class Bench:
    """An admission between twins, and two cameras on the board."""

    def __init__(self, max_bytes: Callable[[], int]) -> None:
        self.clock = FakeClock()
        self.leases = MemoryLeases(self.clock)
        self.statuses = MemoryStatusBoard[CameraStatus](self.leases, self.clock)
        self.admission = Admission(
            max_bytes, statuses=self.statuses, backlog_bytes=MIB, clock=self.clock
        )

    def hold(self, size_bytes: int) -> None:
        """Let the first camera hold so much, and Redis be asked."""
        epoch = self.leases.acquire(CAMERA, "me", ttl_s=3.0, last_seen=Epoch(0))
        assert epoch is not None
        self.clock.advance(ASK_EVERY_S)
        self.statuses.put(CAMERA, a_status(backlog_bytes=size_bytes), epoch=epoch)
        self.room()

    def room(self) -> Room:
        return self.admission.room([CAMERA, OTHER_CAMERA])


def test_asks_again_after_a_while_and_keeps_what_it_knew_while_redis_is_away() -> None:
    answers: list[int | None] = [100, 200, None, 300]

    def max_bytes() -> int:
        answer = answers.pop(0)
        if answer is None:
            raise BusUnavailable("away")
        return answer * MIB

    bench = Bench(max_bytes)
    assert bench.room().max_bytes == 100 * MIB
    assert bench.room().max_bytes == 100 * MIB
    bench.clock.advance(ASK_EVERY_S)
    assert bench.room().max_bytes == 200 * MIB
    bench.clock.advance(ASK_EVERY_S)
    assert bench.room().max_bytes == 200 * MIB
    assert bench.room().max_bytes == 300 * MIB


def test_a_camera_is_counted_by_the_most_that_it_held_of_late() -> None:
    bench = Bench(lambda: 100 * MIB)

    # Given GOPs that grow for a minute each, and a camera that is set right after that
    for _ in range(3):
        for held_mib in (5, 20, 60):
            bench.hold(held_mib * MIB)
            assert bench.room().held_bytes[CAMERA] >= held_mib * MIB
    bench.hold(5 * MIB)
    assert bench.room().held_bytes[CAMERA] == 60 * MIB

    for _ in range(round(REMEMBER_S / ASK_EVERY_S) - 20):
        bench.hold(5 * MIB)
    assert bench.room().held_bytes[CAMERA] == 60 * MIB
    for _ in range(round(REMEMBER_S / ASK_EVERY_S) + 20):
        bench.hold(5 * MIB)
    assert bench.room().held_bytes[CAMERA] == 5 * MIB


def test_a_cluster_has_the_room_of_all_its_primaries(valkey_cluster: ValkeyCluster) -> None:
    for node in valkey_cluster.nodes:
        with redis.Redis.from_url(node.url) as client:
            client.config_set("maxmemory", 50 * MIB)
    client = connect(valkey_cluster.url)
    try:
        assert max_bytes_of(client) == 150 * MIB
    finally:
        client.close()
        for node in valkey_cluster.nodes:
            with redis.Redis.from_url(node.url) as single:
                single.config_set("maxmemory", 0)


@pytest.mark.parametrize(
    ("queue_redis_url", "seconds"),
    [
        (None, 10.0),
        ("redis://:secret@one:6379/0", 10.0),
        ("redis://:secret@one:6379/1", 10.0),
        ("redis://:secret@two:6379/0", 30.0),
        ("redis://:secret@one:6380/0", 30.0),
    ],
)
def test_one_redis_for_both_roles_keeps_ten_seconds(
    queue_redis_url: str | None, seconds: float
) -> None:
    settings = CameraSettings.model_validate(
        {
            "redis_url": "redis://:secret@one:6379/0",
            "queue_redis_url": queue_redis_url,
            "secret_key": SECRET,
        }
    )
    assert settings.backlog_limits().seconds == seconds


def test_a_camera_for_which_there_is_no_room_is_told_so_until_there_is(
    site: Site, small_clip: Path
) -> None:
    assert isinstance(site.redis, redis.Redis)
    site.redis.config_set("maxmemory", 50 * MIB)
    try:
        with rtsp_camera(small_clip) as camera:
            first, second = site.add(1, camera.url), site.add(2, camera.url)
            site.start_controller()
            site.wait_until_live(first)
            wait_until(lambda: site.error(second) is not None)
            assert site.error(second) == (
                "Redis has room for the packets of 1 camera: raise its maxmemory (50 MiB), "
                "or lower PACKET_BACKLOG_MAX_BYTES (32 MiB a camera)"
            )
            assert not site.is_active(second)
            assert site.entries(second) == []

            site.redis.config_set("maxmemory", 100 * MIB)
            site.wait_until_live(first, second)
            assert len({entry.packet.anchor_us for entry in site.entries(first)}) == 1
    finally:
        site.redis.config_set("maxmemory", 0)
