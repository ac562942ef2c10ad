"""The bell on Redis comes back after the server refused it, or gave a camera to another one."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
import redis
from redis.cluster import RedisCluster

from standalone.servers.valkey import EmbeddedValkey
from tests.builders import CAMERA, OTHER_CAMERA
from tests.servers import ValkeyCluster
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.connection import connect, connect_single
from vigil.bus.frames import bell as bell_module
from vigil.bus.frames.bell import RedisFrameBell
from vigil.bus.frames.redis import RedisFrameStore

CHANNEL = keys.frame_bell(CAMERA, keys.FrameKind.RAW)
USER = "listener"
#: Of a listening thread in a test.
TURN_S = 4.0


def listeners(server: redis.Redis) -> int:
    """Return how many listen to the camera's bell there."""
    ((_, count),) = server.pubsub_shardnumsub(CHANNEL)
    return int(count)


def test_the_first_camera_is_listened_to_without_waiting_a_turn(
    valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given turns so long that nobody overlooks one
    monkeypatch.setattr(bell_module, "_LISTEN_S", TURN_S)
    with (
        connect_single(valkey.url) as client,
        closing(RedisFrameBell(client, kind=keys.FrameKind.RAW)) as bell,
    ):
        bell.listen_to([CAMERA])

        # It rings when it begins to listen: a picture may have come before
        assert bell.wait(TURN_S / 2) == {CAMERA}


def test_a_right_that_is_given_back_is_used_again(valkey: EmbeddedValkey) -> None:
    password = secrets.token_hex()
    with ExitStack() as opened:
        admin = opened.enter_context(redis.Redis.from_url(valkey.url))
        opened.callback(admin.acl_deluser, USER)
        admin.acl_setuser(USER, enabled=True, passwords=[f"+{password}"], commands=["+@all"])
        admin.acl_log_reset()
        url = f"redis://{USER}:{password}@127.0.0.1:{valkey.port}/0"
        client = opened.enter_context(connect_single(url))
        bell = RedisFrameBell(client, kind=keys.FrameKind.RAW)
        opened.callback(bell.close)
        bell.listen_to([CAMERA])
        wait_until(admin.acl_log)
        assert listeners(admin) == 0

        admin.execute_command("ACL SETUSER", USER, "allchannels")

        wait_until(lambda: listeners(admin))
        wait_until(lambda: not bell.wait(0.05))
        admin.spublish(CHANNEL, "1")
        assert bell.wait(5.0) == {CAMERA}


def test_a_camera_that_moved_to_another_server_is_heard_there(
    valkey_cluster: ValkeyCluster,
) -> None:
    client = connect(valkey_cluster.url)
    assert isinstance(client, RedisCluster)
    frames = RedisFrameStore(client, kind=keys.FrameKind.RAW)
    bell = RedisFrameBell(client, kind=keys.FrameKind.RAW)
    with ExitStack() as opened:
        opened.callback(client.close)
        opened.callback(bell.close)
        nodes = [
            opened.enter_context(redis.Redis.from_url(node.url)) for node in valkey_cluster.nodes
        ]
        bell.listen_to([CAMERA])
        wait_until(lambda: any(map(listeners, nodes)))
        old = next(node for node in nodes if listeners(node))
        new = next(node for node in nodes if node is not old)

        with moved_slot(nodes, old=old, new=new):
            # Reading is what tells the client where the slot is now.
            wait_until(lambda: (frames.newest([CAMERA]), bell.wait(0.05), listeners(new))[-1])
            assert listeners(old) == 0
            wait_until(lambda: not bell.wait(0.05))
            new.spublish(CHANNEL, "1")
            assert bell.wait(5.0) == {CAMERA}


def test_a_camera_that_no_server_has_now_keeps_no_other_from_being_heard(
    valkey_cluster: ValkeyCluster,
) -> None:
    client = connect(valkey_cluster.url)
    assert isinstance(client, RedisCluster)
    bell = RedisFrameBell(client, kind=keys.FrameKind.RAW)
    with closing(client), closing(bell):
        # Given a slot without a server, as the client has it while one fails over
        slots = client.nodes_manager.slots_cache
        slot = client.keyslot(CHANNEL)
        servers = slots.pop(slot)

        bell.listen_to([CAMERA, OTHER_CAMERA])
        wait_until(lambda: bell.wait(0.05) == {OTHER_CAMERA})

        # Then it is heard as soon as it has one
        slots[slot] = servers
        wait_until(lambda: bell.wait(0.05) == {CAMERA})


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_its_thread_comes_to_whoever_waits(valkey: EmbeddedValkey) -> None:
    # Given a client set up in a way that nobody thought of: it gives text for bytes
    with redis.Redis.from_url(valkey.url, decode_responses=True) as client:
        bell = RedisFrameBell(client, kind=keys.FrameKind.RAW)
        bell.listen_to([CAMERA])

        with pytest.raises(RuntimeError, match="thread died"):
            wait_until(lambda: len(bell.wait(0.01)) > 1)
        bell.close()


@contextmanager
def moved_slot(nodes: list[redis.Redis], *, old: redis.Redis, new: redis.Redis) -> Iterator[None]:
    """Give the camera's slot to another node for a while."""
    give_slot(nodes, old=old, new=new)
    try:
        yield
    finally:
        give_slot(nodes, old=new, new=old)


def give_slot(nodes: list[redis.Redis], *, old: redis.Redis, new: redis.Redis) -> None:
    slot = new.execute_command("CLUSTER KEYSLOT", CHANNEL)
    old_id, new_id = (node.execute_command("CLUSTER MYID") for node in (old, new))
    new.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", old_id)
    old.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", new_id)
    for node in sorted(nodes, key=lambda node: node is not new):
        node.execute_command("CLUSTER SETSLOT", slot, "NODE", new_id)
