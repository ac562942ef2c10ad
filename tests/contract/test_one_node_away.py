"""What a cluster still does while one of its nodes does not answer, and a Redis that is full."""

import pytest
import redis

from standalone.servers.valkey import EmbeddedValkey
from tests.builders import A_TEMPLATE, CAMERA, a_packet
from tests.servers import ValkeyCluster, held_still
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.connection import connect
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.packets.base import BacklogLimits
from vigil.bus.packets.redis import RedisPacketLog
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable, ServerUnavailable
from vigil.leases import RENEW_EVERY_S, LeaseKeeper
from vigil.runtime import StopSignal

CAMERAS = [CameraId(number) for number in range(1, 13)]


def answers(leases: RedisLeases) -> bool:
    """Return whether every server that has one of the cameras is asked again, and answers."""
    try:
        return bool([leases.held_until_us(each) for each in CAMERAS])
    except ServerUnavailable:
        return False


@pytest.mark.parametrize("silent", [0, 1, 2])
def test_leases_on_the_other_nodes_are_renewed(valkey_cluster: ValkeyCluster, silent: int) -> None:
    client = connect(valkey_cluster.url)
    leases = RedisLeases(client, role=keys.Role.INGEST)
    keeper = LeaseKeeper(leases, member="anna", clock=SystemClock())
    keeper.keep(dict.fromkeys(CAMERAS, 1.0))
    before = {each: leases.held_until_us(each) for each in CAMERAS}
    StopSignal().wait(RENEW_EVERY_S)

    # When one node does not answer, and everything is renewed
    node = valkey_cluster.nodes[silent]
    with held_still(node), pytest.raises(BusUnavailable):
        keeper.keep(dict.fromkeys(CAMERAS, 1.0))

    # Then what lies on the others was (what the silent one was sent, it did when it went on)
    unanswered = valkey_cluster.cameras_on(silent, CAMERAS, keys.Role.INGEST)
    wait_until(lambda: answers(leases))
    renewed = {each for each in CAMERAS if leases.held_until_us(each) != before[each]}
    assert renewed >= set(CAMERAS) - unanswered
    assert keeper.held().keys() == set(CAMERAS)
    client.close()


def test_a_redis_that_is_full_is_unavailable(valkey: EmbeddedValkey) -> None:
    client = connect(valkey.url)
    assert isinstance(client, redis.Redis)
    leases = RedisLeases(client, role=keys.Role.INGEST)
    epoch = leases.acquire(CAMERA, "anna", ttl_s=60.0, last_seen=Epoch(0))
    assert epoch is not None
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(BusUnavailable):
            RedisPacketLog(client, limits=BacklogLimits()).append(
                CAMERA, [a_packet(is_keyframe=True)], template=A_TEMPLATE, epoch=epoch
            )
    finally:
        client.config_set("maxmemory", 0)
        client.close()
