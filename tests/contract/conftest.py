"""Every port's adapters, behind one fixture: the twin, one server, a cluster of three nodes."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import redis
from redis.cluster import RedisCluster

from standalone.servers.valkey import EmbeddedValkey
from tests.servers import ValkeyCluster
from vigil import keys
from vigil.bus.camera_config.base import CameraConfigStore, ConfigBell
from vigil.bus.camera_config.memory import MemoryCameraConfigStore
from vigil.bus.camera_config.redis import RedisCameraConfigStore, RedisConfigBell
from vigil.bus.connection import RedisClient, connect, connect_single
from vigil.bus.explanations.base import ExplanationLog
from vigil.bus.explanations.memory import MemoryExplanationLog
from vigil.bus.explanations.redis import RedisExplanationLog
from vigil.bus.facts import redis as facts_on_redis
from vigil.bus.facts.base import TAKEN_OVER_AFTER_S, FactInbox, FactLog
from vigil.bus.facts.memory import MemoryFactInbox, MemoryFactLog
from vigil.bus.facts.redis import RedisFactInbox, RedisFactLog
from vigil.bus.footage.base import FootageStore
from vigil.bus.footage.memory import MemoryFootageStore
from vigil.bus.footage.redis import RedisFootageStore
from vigil.bus.frames.base import FrameBell, FrameStore
from vigil.bus.frames.bell import RedisFrameBell
from vigil.bus.frames.memory import MemoryFrameBell, MemoryFrameStore
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.known_footage.base import KnownFootageBoard
from vigil.bus.known_footage.memory import MemoryKnownFootageBoard
from vigil.bus.known_footage.redis import RedisKnownFootageBoard
from vigil.bus.leases.base import Leases
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.looks.base import LookNotes
from vigil.bus.looks.memory import MemoryLookNotes
from vigil.bus.looks.redis import RedisLookNotes
from vigil.bus.packets.base import BacklogLimits, PacketLog
from vigil.bus.packets.memory import MemoryPacketLog
from vigil.bus.packets.redis import RedisPacketLog
from vigil.bus.status.base import StatusBoard
from vigil.bus.status.memory import MemoryStatusBoard
from vigil.bus.status.redis import RedisStatusBoard
from vigil.bus.watchers.base import Watchers
from vigil.bus.watchers.memory import MemoryWatchers
from vigil.bus.watchers.redis import RedisWatchers
from vigil.clock import FakeClock
from vigil.domain.camera import Stream
from vigil.messages import CameraStatus


@dataclass(frozen=True, slots=True)
class MediaBus:
    """The media ports of one kind, all over the same server."""

    leases: Leases
    frames: FrameStore
    bell: FrameBell
    packets: Callable[[BacklogLimits], PacketLog]
    sub_packets: Callable[[BacklogLimits], PacketLog]
    statuses: StatusBoard[CameraStatus]
    watchers: Watchers
    recognition: Leases
    explanations: ExplanationLog
    let_pass: Callable[[float], None]
    empty: Callable[[], None]


def memory_bus() -> MediaBus:
    clock = FakeClock()
    leases, recognition = MemoryLeases(clock), MemoryLeases(clock)
    bell, watchers = MemoryFrameBell(), MemoryWatchers(clock)
    return MediaBus(
        leases=leases,
        frames=MemoryFrameStore(leases, clock, bell),
        bell=bell,
        packets=lambda limits: MemoryPacketLog(leases, clock, limits=limits, watchers=watchers),
        sub_packets=lambda limits: MemoryPacketLog(leases, clock, limits=limits, watchers=watchers),
        statuses=MemoryStatusBoard(leases, clock),
        watchers=watchers,
        recognition=recognition,
        explanations=MemoryExplanationLog(recognition, clock),
        let_pass=clock.advance,
        empty=leases.flush,
    )


def redis_bus(client: RedisClient) -> MediaBus:
    def let_pass(seconds: float) -> None:
        threading.Event().wait(seconds)

    def empty() -> None:
        if isinstance(client, RedisCluster):
            client.flushall(target_nodes=RedisCluster.PRIMARIES)
        else:
            client.flushall()

    return MediaBus(
        leases=RedisLeases(client, role=keys.Role.INGEST),
        frames=RedisFrameStore(client, kind=keys.FrameKind.RAW),
        bell=RedisFrameBell(client, kind=keys.FrameKind.RAW),
        packets=lambda limits: RedisPacketLog(client, limits=limits),
        sub_packets=lambda limits: RedisPacketLog(client, limits=limits, stream=Stream.SUB),
        statuses=RedisStatusBoard(client, role=keys.Role.INGEST, document_class=CameraStatus),
        watchers=RedisWatchers(client),
        recognition=RedisLeases(client, role=keys.Role.RECOGNITION),
        explanations=RedisExplanationLog(client),
        let_pass=let_pass,
        empty=empty,
    )


@pytest.fixture(params=["memory", "valkey", "cluster"])
def bus(request: pytest.FixtureRequest) -> Iterator[MediaBus]:
    if request.param == "memory":
        yield memory_bus()
        return
    fixture = "valkey" if request.param == "valkey" else "valkey_cluster"
    server: EmbeddedValkey | ValkeyCluster = request.getfixturevalue(fixture)
    client = connect(server.url)
    media = redis_bus(client)
    yield media
    media.bell.close()
    client.close()


@dataclass(frozen=True, slots=True)
class LookBus:
    """What recognition workers write of one kind, all over the same server."""

    leases: Leases
    boxed: FrameStore
    notes: LookNotes


@pytest.fixture(params=["memory", "valkey", "cluster"])
def looks(request: pytest.FixtureRequest) -> Iterator[LookBus]:
    if request.param == "memory":
        clock = FakeClock()
        leases = MemoryLeases(clock)
        notes = MemoryLookNotes(leases, clock)
        yield LookBus(leases, MemoryFrameStore(leases, clock, looks=notes), notes)
        return
    fixture = "valkey" if request.param == "valkey" else "valkey_cluster"
    server: EmbeddedValkey | ValkeyCluster = request.getfixturevalue(fixture)
    client = connect(server.url)
    yield LookBus(
        RedisLeases(client, role=keys.Role.RECOGNITION),
        RedisFrameStore(client, kind=keys.FrameKind.BOXED),
        RedisLookNotes(client),
    )
    client.close()


@dataclass(frozen=True, slots=True)
class ConfigBus:
    """The configuration ports of one kind."""

    store: CameraConfigStore
    bell: ConfigBell
    empty: Callable[[], object]


@pytest.fixture(params=["memory", "valkey"])
def config_bus(request: pytest.FixtureRequest) -> Iterator[ConfigBus]:
    if request.param == "memory":
        store = MemoryCameraConfigStore()
        yield ConfigBus(store=store, bell=store.bell, empty=store.flush)
        return
    server: EmbeddedValkey = request.getfixturevalue("valkey")
    queue: redis.Redis = connect_single(server.url)
    yield ConfigBus(
        store=RedisCameraConfigStore(queue), bell=RedisConfigBell(queue), empty=queue.flushall
    )
    queue.close()


@pytest.fixture(params=["memory", "valkey"])
def footage_store(request: pytest.FixtureRequest) -> Iterator[FootageStore]:
    if request.param == "memory":
        yield MemoryFootageStore()
        return
    server: EmbeddedValkey = request.getfixturevalue("valkey")
    queue: redis.Redis = connect_single(server.url)
    yield RedisFootageStore(queue)
    queue.close()


@dataclass(frozen=True, slots=True)
class FactBus:
    """The ports of the durable facts of one kind: a log with room for ten, and its readers."""

    log: FactLog
    inbox: Callable[[str], FactInbox]
    let_pass: Callable[[float], None]
    empty: Callable[[], object]


@pytest.fixture(params=["memory", "valkey"])
def fact_bus(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactBus]:
    if request.param == "memory":
        clock = FakeClock()
        log = MemoryFactLog(clock, max_waiting=10)
        yield FactBus(log, lambda _: MemoryFactInbox(log), clock.advance, log.flush)
        return
    server: EmbeddedValkey = request.getfixturevalue("valkey")
    queue: redis.Redis = connect_single(server.url)

    def let_pass(seconds: float) -> None:
        # Redis alone knows how long ago something was taken; no test waits for that.
        monkeypatch.setattr(facts_on_redis, "TAKEN_OVER_AFTER_S", 0.0)
        assert seconds >= TAKEN_OVER_AFTER_S

    yield FactBus(
        RedisFactLog(queue, max_waiting=10),
        lambda member: RedisFactInbox(queue, member=member),
        let_pass,
        queue.flushall,
    )
    queue.close()


@pytest.fixture(params=["memory", "valkey"])
def known_footage(request: pytest.FixtureRequest) -> Iterator[KnownFootageBoard]:
    """Give where web answers recorders that check their volumes."""
    if request.param == "memory":
        yield MemoryKnownFootageBoard()
        return
    server: EmbeddedValkey = request.getfixturevalue("valkey")
    queue: redis.Redis = connect_single(server.url)
    yield RedisKnownFootageBoard(queue)
    queue.close()
