"""No more cameras than Redis has room for."""

from pathlib import Path

import pytest
import redis

from camera_ctrl.admission import ASK_EVERY_S, Admission, Room
from camera_ctrl.settings import CameraSettings
from tests.camera_ctrl.site import SECRET, Site
from tests.cameras.stand_ins import rtsp_camera
from tests.servers import ValkeyCluster
from tests.waiting import wait_until
from vigil.bus.capacity import max_bytes_of
from vigil.bus.connection import connect
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable

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


def test_asks_again_after_a_while_and_keeps_what_it_knew_while_redis_is_away() -> None:
    answers: list[int | None] = [100, 200, None, 300]

    def max_bytes() -> int:
        answer = answers.pop(0)
        if answer is None:
            raise BusUnavailable("away")
        return answer * MIB

    clock = FakeClock()
    admission = Admission(max_bytes, backlog_bytes=MIB, clock=clock)
    assert admission.room().max_bytes == 100 * MIB
    assert admission.room().max_bytes == 100 * MIB
    clock.advance(ASK_EVERY_S)
    assert admission.room().max_bytes == 200 * MIB
    clock.advance(ASK_EVERY_S)
    assert admission.room().max_bytes == 200 * MIB
    assert admission.room().max_bytes == 300 * MIB


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
