"""No Redis that would rather forget than refuse: not at the start, and not when it comes back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import redis
from redis.cluster import RedisCluster

from standalone.servers.valkey import EmbeddedValkey
from tests.cameras import rtsp_camera
from tests.e2e.machine import ROOT, SECRET, Machine
from tests.servers import ValkeyCluster
from tests.waiting import wait_until
from vigil.bus.connection import connect, connect_briefly, connect_single, translated_errors
from vigil.errors import BusUnavailable, BusUnfit

pytestmark = pytest.mark.timeout(300)

THE_LINE = (
    "this Redis drops keys when it is full. In its configuration, change "
    "'maxmemory-policy allkeys-lru' to 'maxmemory-policy noeviction'"
)
#: Seconds in which a machine that is busy is live, or notices what came back.
LIVE_S = 60.0


@contextmanager
def evicting(url: str) -> Iterator[None]:
    """Let a server evict for a while."""
    with redis.Redis.from_url(url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            yield
        finally:
            client.config_set("maxmemory-policy", "noeviction")


def again_but_evicting(server: EmbeddedValkey) -> EmbeddedValkey:
    """Return a server in the place of one that was stopped, with another policy."""
    return EmbeddedValkey(
        server.folder, port=server.port, password=server.password, policy="allkeys-lru"
    )


def all_log(machine: Machine, line: str) -> bool:
    """Return whether each service has said a line."""
    return all(line in machine.log_of(name) for name in ("web", "ingest", "recognise-1"))


@pytest.fixture(scope="module")
def queue_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """Give a queue Redis beside the session's Valkey."""
    with EmbeddedValkey(tmp_path_factory.mktemp("queue")) as server:
        yield server


@pytest.mark.parametrize("command", ["ingest", "recognise", "web"])
@pytest.mark.parametrize("setting", ["REDIS_URL", "QUEUE_REDIS_URL"])
def test_is_refused_at_the_start_with_the_line_to_change(
    valkey: EmbeddedValkey,
    queue_server: EmbeddedValkey,
    tmp_path: Path,
    setting: str,
    command: str,
) -> None:
    urls = {"REDIS_URL": valkey.url, "QUEUE_REDIS_URL": queue_server.url}
    with evicting(urls[setting]):
        refused = subprocess.run(
            [sys.executable, "-m", "vigil", command],
            cwd=ROOT,
            env=os.environ
            | urls
            | {
                "SECRET_KEY": SECRET,
                "VIGIL_HOME": str(tmp_path),
                "DATABASE_URL": "postgresql://nobody:asks@127.0.0.1:1/it",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1] == f"vigil {command}: {setting}: {THE_LINE}"


@pytest.mark.parametrize("connected", [connect, connect_single, connect_briefly])
def test_is_not_used_when_it_comes_back(tmp_path: Path, connected: type[redis.Redis]) -> None:
    with EmbeddedValkey(tmp_path) as before:
        client = connected(before.url)
        with translated_errors():
            client.set("x", 1)
    with pytest.raises(BusUnavailable), translated_errors():
        client.get("x")

    # When it is back with a policy of another kind
    with again_but_evicting(before) as after:
        # Then it is asked with each try, until somebody mends it
        for _ in range(2):
            with pytest.raises(BusUnfit, match=THE_LINE), translated_errors():
                client.get("x")
        with redis.Redis.from_url(after.url) as mender:
            mender.config_set("maxmemory-policy", "noeviction")
        with translated_errors():
            assert client.get("x") == b"1"
    client.close()


def test_no_node_of_a_cluster_may_evict(valkey_cluster: ValkeyCluster) -> None:
    for node in valkey_cluster.nodes:
        with evicting(node.url), pytest.raises(BusUnfit, match=THE_LINE):
            connect(valkey_cluster.url)
    whole = connect(valkey_cluster.url)
    assert isinstance(whole, RedisCluster)
    whole.disconnect_connection_pools()


def test_a_cluster_of_which_a_node_is_silent_is_used_all_the_same(
    valkey_cluster: ValkeyCluster,
) -> None:
    silent = psutil.Process(valkey_cluster.nodes[-1].pid)
    silent.suspend()
    try:
        cluster = connect(valkey_cluster.url)
    finally:
        silent.resume()
    assert isinstance(cluster, RedisCluster)
    cluster.disconnect_connection_pools()


def test_a_queue_that_comes_back_evicting_costs_no_camera_and_readyz_says_what_to_change(
    machine: Machine, small_clip: Path
) -> None:
    with rtsp_camera(small_clip) as camera:
        number = machine.admin.add_camera("Door", camera.url)
        wait_until(lambda: machine.admin.is_active(number), timeout_s=LIVE_S)
        assert machine.admin.get("/readyz").json["warnings"] == []

        machine.queue.stop()
        try:
            with again_but_evicting(machine.queue) as after:
                # An answer holds for a second
                wait_until(lambda: machine.admin.get("/readyz").status == 503)
                ready = machine.admin.get("/readyz")
                assert ready.json["checks"]["queue_redis"] is False
                assert ready.json["warnings"] == [f"queue_redis: {THE_LINE}"]
                assert machine.admin.is_active(number)
                wait_until(lambda: all_log(machine, THE_LINE), timeout_s=LIVE_S)

                # When somebody mends it, nobody needs to be started again
                with redis.Redis.from_url(after.url) as mender:
                    mender.config_set("maxmemory-policy", "noeviction")
                wait_until(lambda: machine.admin.get("/readyz").status == 200, timeout_s=LIVE_S)
                renamed = machine.admin.patch(f"/cameras/{number}", {"enabled": False})
                assert renamed.status == 200
                wait_until(lambda: not machine.admin.is_active(number), timeout_s=LIVE_S)
        finally:
            machine.queue.start()
        assert machine.admin.delete(f"/cameras/{number}").status == 200
