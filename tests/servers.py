"""Real servers for tests, as fixtures: one of each a session, clean for each test.

A folder's ``conftest.py`` takes them by ``pytest_plugins = ["tests.servers"]`` in the top one.

valkey          one server, flushed
valkey_cluster  three nodes, joined, flushed
postgres        the URL of a database of its own, copied from a template
"""

import itertools
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg2
import pytest
import redis
from redis.crc import key_slot

from standalone.servers.postgres import EmbeddedPostgres
from standalone.servers.valkey import EmbeddedValkey
from tests.waiting import wait_until
from vigil.domain.camera import CameraId
from vigil.keys import Role, lease

CLUSTER_NODES = 3
_SLOTS = 16_384


@dataclass(frozen=True, slots=True)
class ValkeyCluster:
    """Three nodes that share the slots, without replicas."""

    nodes: tuple[EmbeddedValkey, ...]

    @property
    def url(self) -> str:
        """Return one node's URL, from which a client finds the others."""
        return self.nodes[0].url

    def cameras_on(self, node: int, camera_ids: Iterable[CameraId], role: Role) -> set[CameraId]:
        """Return the cameras whose leases, and what those guard, lie on a node."""
        slots = _slots_of(node)
        return {each for each in camera_ids if key_slot(lease(each, role).encode()) in slots}


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """Give the session's server; tests take ``valkey``."""
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey"), appendonly=False) as server:
        yield server


@pytest.fixture
def valkey(valkey_server: EmbeddedValkey) -> EmbeddedValkey:
    """Give an empty Valkey; ``.url`` says where."""
    with redis.Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server


@pytest.fixture(scope="session")
def valkey_cluster_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    """Give the session's cluster; tests take ``valkey_cluster``."""
    with ExitStack() as started:
        first = EmbeddedValkey(tmp_path_factory.mktemp("node"), appendonly=False, cluster=True)
        nodes = [started.enter_context(first)]
        for _ in range(CLUSTER_NODES - 1):
            node = EmbeddedValkey(
                tmp_path_factory.mktemp("node"),
                appendonly=False,
                cluster=True,
                password=first.password,
            )
            nodes.append(started.enter_context(node))
        _join(nodes)
        yield ValkeyCluster(tuple(nodes))


@pytest.fixture
def valkey_cluster(valkey_cluster_nodes: ValkeyCluster) -> ValkeyCluster:
    """Give an empty Valkey cluster of three nodes; ``.url`` says where."""
    for node in valkey_cluster_nodes.nodes:
        with redis.Redis.from_url(node.url) as client:
            client.flushall()
    return valkey_cluster_nodes


@contextmanager
def held_still(node: EmbeddedValkey) -> Iterator[None]:
    """Let a server hang: it takes what it is sent, and answers when this is over."""
    with redis.Redis.from_url(node.url) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def frozen_postgres(server: EmbeddedPostgres) -> Iterator[None]:
    """Hold PostgreSQL still: it accepts, and answers nothing."""
    postmaster = psutil.Process(server.pid)
    frozen = [postmaster, *postmaster.children(recursive=True)]
    for process in frozen:
        process.suspend()
    try:
        yield
    finally:
        for process in reversed(frozen):
            if process.is_running():
                process.resume()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """Give the session's server; tests take ``postgres``."""
    # No test outlives a power cut, so nothing waits for a disk.
    fast = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), options=fast) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template() -> str:
    """Give the name of the database that each test gets a copy of.

    Override it where tests want a schema: create one, migrate it, close every connection to it,
    and return its name.
    """
    return "template0"


@pytest.fixture
def postgres(
    postgres_server: EmbeddedPostgres, postgres_template: str, _numbers: Iterator[int]
) -> Iterator[str]:
    """Give the URL of a database that no other test has; dropped in the end."""
    name = f"test_{next(_numbers)}"
    execute(postgres_server.url, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield postgres_server.url.rpartition("/")[0] + f"/{name}"
    execute(postgres_server.url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return itertools.count(1)


def execute(url: str, statement: str) -> None:
    """Run one statement outside a transaction, as CREATE DATABASE must be."""
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def _slots_of(node: int) -> range:
    share = -(-_SLOTS // CLUSTER_NODES)
    return range(node * share, min((node + 1) * share, _SLOTS))


def _join(nodes: list[EmbeddedValkey]) -> None:
    with ExitStack() as opened:
        clients = [opened.enter_context(redis.Redis.from_url(node.url)) for node in nodes]
        for index, client in enumerate(clients):
            slots = _slots_of(index)
            _command(client, "CLUSTER SET-CONFIG-EPOCH", index + 1)
            _command(client, "CLUSTER ADDSLOTSRANGE", slots[0], slots[-1])
            bus_port = client.config_get("cluster-port")["cluster-port"]
            _command(clients[0], "CLUSTER MEET", "127.0.0.1", nodes[index].port, bus_port)
        wait_until(lambda: all(map(_is_whole, clients)), timeout_s=20)


def _is_whole(client: redis.Redis) -> bool:
    info = _command(client, "CLUSTER INFO")
    return info["cluster_state"] == "ok" and int(info["cluster_known_nodes"]) == CLUSTER_NODES


def _command(client: redis.Redis, *command: object) -> Any:
    return client.execute_command(*command)
