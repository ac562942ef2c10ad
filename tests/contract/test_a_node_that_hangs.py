"""Many cameras are read from a cluster of which one node hangs: it takes all, and says nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from tests.builders import A_TEMPLATE, BEGINNING, a_jpeg, a_packet, a_status
from tests.contract.conftest import MediaBus, redis_bus
from tests.servers import ValkeyCluster, held_still
from tests.waiting import wait_until
from vigil.bus.answers import Answers
from vigil.bus.connection import BRIEF_TIMEOUT_S, connect
from vigil.bus.packets.base import BacklogLimits, PacketLog
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import ServerUnavailable
from vigil.leases import LEASE_S

CAMERAS = [CameraId(number) for number in range(1, 13)]
#: Longer than the test takes.
LONG_S = 60.0


@dataclass(frozen=True, slots=True)
class Site:
    """Twelve cameras on three nodes, of each of which there is everything."""

    bus: MediaBus
    packets: PacketLog
    cluster: ValkeyCluster
    epochs: dict[CameraId, Epoch]

    def cameras_of(self, node: int) -> set[CameraId]:
        server = f"127.0.0.1:{self.cluster.nodes[node].port}"
        return {each for each in CAMERAS if self.bus.leases.server_of(each) == server}

    def read(self, what: str) -> Answers[Any]:
        match what:
            case "statuses":
                return self.bus.statuses.read(CAMERAS)
            case "pictures":
                return self.bus.frames.newest(CAMERAS)
        return self.packets.read(dict.fromkeys(CAMERAS, BEGINNING), limit=10)

    def is_whole(self, what: str) -> bool:
        return self.read(what).keys() == set(CAMERAS)


@pytest.fixture
def site(valkey_cluster: ValkeyCluster) -> Iterator[Site]:
    # As who renews leases meanwhile: what a wait costs is far from what it must not.
    client = connect(valkey_cluster.url, server_timeout_s=BRIEF_TIMEOUT_S)
    bus = redis_bus(client)
    packets, epochs = bus.packets(BacklogLimits()), {}
    for camera_id in CAMERAS:
        epoch = bus.leases.acquire(camera_id, "anna", ttl_s=LONG_S, last_seen=Epoch(0))
        assert epoch is not None
        epochs[camera_id] = epoch
        bus.frames.put(camera_id, a_jpeg(), epoch=epoch, ttl_s=LONG_S)
        packet = a_packet(is_keyframe=True)
        packets.append(camera_id, [packet], template=A_TEMPLATE, epoch=epoch)
    yield Site(bus, packets, valkey_cluster, epochs)
    client.close()


def in_time(read: Callable[[], Answers[Any]]) -> Answers[Any]:
    """Return what was read, and see that no lease would have lapsed meanwhile."""
    clock = SystemClock()
    began_s = clock.monotonic_s()
    answers = read()
    assert clock.monotonic_s() - began_s < LEASE_S
    return answers


@pytest.mark.parametrize("what", ["statuses", "pictures", "packets"])
@pytest.mark.parametrize("silent", [0, 1, 2])
def test_the_others_cameras_are_read_and_the_unread_are_named(
    site: Site, silent: int, what: str
) -> None:
    for camera_id, epoch in site.epochs.items():
        site.bus.statuses.put(camera_id, a_status(), epoch=epoch)
    unread = site.cameras_of(silent)
    assert 0 < len(unread) < len(CAMERAS)

    # When one node hangs, and all cameras are read twice
    with held_still(site.cluster.nodes[silent]):
        first, second = (in_time(lambda: site.read(what)) for _ in range(2))

    # Then each time what the others have was read, and it was said of which nobody knows
    for answers in (first, second):
        assert answers.unread == unread
        assert answers.keys() == set(CAMERAS) - unread
    # And all is read when it goes on (the statuses may have expired by then)
    wait_until(lambda: not site.read(what).unread)
    assert what == "statuses" or site.is_whole(what)


def test_two_nodes_that_hang_leave_the_third(site: Site) -> None:
    with held_still(site.cluster.nodes[0]), held_still(site.cluster.nodes[1]):
        pictures = in_time(lambda: site.read("pictures"))

    assert pictures.keys() == site.cameras_of(2)
    wait_until(lambda: site.is_whole("pictures"))


def test_a_camera_whose_node_hangs_is_not_one_without_a_picture(site: Site) -> None:
    camera_id = min(site.cameras_of(1))

    with held_still(site.cluster.nodes[1]):
        # At first it is waited for; then it is known not to answer.
        for _ in range(2):
            with pytest.raises(ServerUnavailable):
                site.bus.frames.newest([camera_id])


def test_nodes_that_closed_their_connections_are_asked_by_new_ones(site: Site) -> None:
    for node in site.cluster.nodes:
        with redis.Redis.from_url(node.url) as client:
            client.client_kill_filter(_type="normal", skipme=True)

    assert site.is_whole("pictures")


def test_a_node_learns_a_script_while_another_hangs(site: Site) -> None:
    # Given a script that no node knows
    for node in site.cluster.nodes:
        with redis.Redis.from_url(node.url) as client:
            client.script_flush()
    silent = site.cameras_of(0)
    with held_still(site.cluster.nodes[0]):
        # When the pictures of all cameras are removed
        refused = set()
        for camera_id, epoch in site.epochs.items():
            try:
                site.bus.frames.clear(camera_id, epoch=epoch)
            except ServerUnavailable:
                refused.add(camera_id)

    # Then only those on the node that hung were not
    assert refused == silent


def test_who_waited_in_vain_is_not_waited_for_camera_by_camera(site: Site) -> None:
    unread = site.cameras_of(2)

    def renew_all() -> Answers[bool]:
        renewed = {}
        for camera_id, epoch in site.epochs.items():
            try:
                renewed[camera_id] = site.bus.leases.renew(camera_id, epoch=epoch, ttl_s=LONG_S)
            except ServerUnavailable:
                assert camera_id in unread
        return Answers(renewed)

    with held_still(site.cluster.nodes[2]):
        renewed = in_time(renew_all)

    assert renewed == dict.fromkeys(set(CAMERAS) - unread, True)
