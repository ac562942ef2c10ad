"""Who holds leases goes on with the cameras of the other nodes, and holds theirs without a gap."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from camera_ctrl.admission import Admission
from camera_ctrl.placement import Placement
from camera_ctrl.shard_pool import ShardPool
from camera_ctrl.supervisor import CameraSupervisor
from object_recognition.__main__ import make_publisher
from object_recognition.quarantine import Quarantine
from object_recognition.watch import FrameWatch
from object_recognition.worker import RecognitionWorker
from tests.builders import a_camera
from tests.recognition.stage import Stage, a_picture
from tests.servers import ValkeyCluster, held_still
from tests.shards import StillShard
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.camera_config.memory import MemoryCameraConfigStore
from vigil.bus.capacity import max_bytes_of
from vigil.bus.connection import BRIEF_TIMEOUT_S, RedisClient, connect
from vigil.bus.facts.memory import MemoryFactLog
from vigil.bus.frames.bell import RedisFrameBell
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.looks.redis import RedisLookNotes
from vigil.bus.packets.base import BacklogLimits
from vigil.bus.packets.redis import RedisPacketLog
from vigil.bus.status.redis import RedisStatusBoard
from vigil.bus.watchers.redis import RedisWatchers
from vigil.camera_configs import CameraConfigs
from vigil.camera_document import ConfigHead
from vigil.clock import FakeClock, SystemClock
from vigil.domain.camera import CameraId, Epoch, Stream
from vigil.domain.frame import FrameStamp, read_stamp, stamped
from vigil.fact_outbox import FactOutbox
from vigil.leases import LEASE_S, LeaseKeeper
from vigil.messages import CameraStatus, RecognitionStatus
from vigil.spool import Spool

CAMERAS = tuple(CameraId(number) for number in range(1, 13))
#: Longer than a lease that nobody renews.
HANGS_S = 1.5 * LEASE_S
#: Longer than the test takes.
LONG_S = 60.0
CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class Watcher:
    """Sees leases of one role from outside, by a connection of its own."""

    leases: RedisLeases
    role: keys.Role
    node: int
    cluster: ValkeyCluster

    def others(self) -> set[CameraId]:
        """Return the cameras that are not on the node."""
        return set(CAMERAS) - self.cluster.cameras_on(self.node, CAMERAS, self.role)

    def go_on_while_it_hangs(self, run_once: Callable[[], object]) -> None:
        """Run rounds while the node hangs; nobody else can take a camera of the others."""
        others = self.others()
        with held_still(self.cluster.nodes[self.node]):
            until_s = CLOCK.monotonic_s() + HANGS_S
            while CLOCK.monotonic_s() < until_s:
                run_once()
                for camera_id in others:
                    taken = self.leases.acquire(
                        camera_id, "rival", ttl_s=LONG_S, last_seen=Epoch(0)
                    )
                    assert taken is None, f"the lease of camera {camera_id} has lapsed"


@pytest.fixture
def media(valkey_cluster: ValkeyCluster) -> Iterator[RedisClient]:
    client = connect(valkey_cluster.url, server_timeout_s=BRIEF_TIMEOUT_S)
    yield client
    client.close()


@pytest.fixture(params=[0, 1, 2])
def node(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def store() -> MemoryCameraConfigStore:
    store = MemoryCameraConfigStore()
    documents = [a_camera(each, recognition="basic") for each in CAMERAS]
    head = ConfigHead(generation=1, camera_ids=CAMERAS)
    assert store.publish(head, changed=documents, removed=())
    return store


@pytest.fixture
def configs(store: MemoryCameraConfigStore, tmp_path: Path) -> CameraConfigs:
    return CameraConfigs(store=store, bell=store.bell, path=tmp_path / "cameras.json", clock=CLOCK)


@pytest.fixture
def supervisor(media: RedisClient, configs: CameraConfigs) -> Iterator[CameraSupervisor]:
    def pool(kind: str) -> ShardPool:
        return ShardPool(
            kind, start=partial(StillShard, clock=CLOCK), placement=Placement(12), clock=CLOCK
        )

    statuses = RedisStatusBoard(media, role=keys.Role.INGEST, document_class=CameraStatus)
    supervisor = CameraSupervisor(
        configs=configs,
        keeper=LeaseKeeper(
            RedisLeases(media, role=keys.Role.INGEST), member="supervisor", clock=CLOCK
        ),
        ingest=pool("ingest"),
        sub_ingest=pool("ingest-sub"),
        decode=pool("decode"),
        packets=RedisPacketLog(media, limits=BacklogLimits()),
        sub_packets=RedisPacketLog(media, limits=BacklogLimits(), stream=Stream.SUB),
        frames=RedisFrameStore(media, kind=keys.FrameKind.RAW),
        statuses=statuses,
        admission=Admission(
            partial(max_bytes_of, media), statuses=statuses, backlog_bytes=2**20, clock=CLOCK
        ),
        clock=CLOCK,
    )
    yield supervisor
    supervisor.close()


def test_the_supervisor(
    media: RedisClient,
    supervisor: CameraSupervisor,
    store: MemoryCameraConfigStore,
    valkey_cluster: ValkeyCluster,
    node: int,
) -> None:
    board = RedisStatusBoard(media, role=keys.Role.INGEST, document_class=CameraStatus)
    outside = connect(valkey_cluster.url, server_timeout_s=BRIEF_TIMEOUT_S)
    watcher = Watcher(
        RedisLeases(outside, role=keys.Role.INGEST), keys.Role.INGEST, node, valkey_cluster
    )

    def says_all() -> bool:
        supervisor.run_once()
        return board.read(CAMERAS).keys() == set(CAMERAS)

    wait_until(says_all)
    # Given that a camera of the node is deleted while it hangs
    deleted = min(set(CAMERAS) - watcher.others())
    left = tuple(each for each in CAMERAS if each != deleted)
    said: list[set[CameraId]] = []

    def round_of_a_supervisor() -> None:
        if not said:
            head = ConfigHead(generation=2, camera_ids=left)
            assert store.publish(head, changed=(), removed=(deleted,))
        supervisor.run_once()
        said.append(set(board.read(CAMERAS)))

    # When it takes its rounds: then no lease lapses, and it says how the others' cameras are
    watcher.go_on_while_it_hangs(round_of_a_supervisor)
    assert all(each == watcher.others() for each in said)

    # And all are spoken of again when the node goes on; the deleted one is forgotten
    def says_all_that_are_left() -> bool:
        supervisor.run_once()
        return board.read(CAMERAS).keys() == set(left)

    wait_until(says_all_that_are_left)
    outside.close()


@pytest.fixture
def worker(
    media: RedisClient, configs: CameraConfigs, tmp_path: Path
) -> Iterator[RecognitionWorker]:
    bell = RedisFrameBell(media, kind=keys.FrameKind.RAW)
    worker = RecognitionWorker(
        configs=configs,
        keeper=LeaseKeeper(
            RedisLeases(media, role=keys.Role.RECOGNITION), member="worker", clock=CLOCK
        ),
        watch=FrameWatch(
            frames=RedisFrameStore(media, kind=keys.FrameKind.RAW),
            boxed=RedisFrameStore(media, kind=keys.FrameKind.BOXED),
            bell=bell,
            clock=CLOCK,
        ),
        publisher=make_publisher(media),
        statuses=RedisStatusBoard(
            media, role=keys.Role.RECOGNITION, document_class=RecognitionStatus
        ),
        facts=FactOutbox(MemoryFactLog(FakeClock()), Spool(tmp_path / "facts.sqlite"), clock=CLOCK),
        recognisers=Stage(tmp_path).recognisers,
        quarantine=Quarantine(RedisLookNotes(media), member="worker", start=None, clock=CLOCK),
        watchers=RedisWatchers(media),
        clock=CLOCK,
        jpeg_quality=90,
        still_look_every_s=10.0,
        limit=nullcontext,
    )
    yield worker
    worker.close()
    bell.close()


class Cameras:
    """What camera_ctrl writes, and what a viewer sees of it."""

    def __init__(self, client: RedisClient) -> None:
        leases = RedisLeases(client, role=keys.Role.INGEST)
        self._raw = RedisFrameStore(client, kind=keys.FrameKind.RAW)
        self._boxed = RedisFrameStore(client, kind=keys.FrameKind.BOXED)
        self._epochs: dict[CameraId, Epoch] = {}
        self._sequence = 0
        for camera_id in CAMERAS:
            epoch = leases.acquire(camera_id, "controller", ttl_s=LONG_S, last_seen=Epoch(0))
            assert epoch is not None
            self._epochs[camera_id] = epoch

    def film(self, camera_ids: set[CameraId]) -> None:
        """Write another picture of each of these cameras."""
        self._sequence += 1
        for camera_id in camera_ids:
            epoch = self._epochs[camera_id]
            stamp = FrameStamp(self._sequence, CLOCK.utc_us(), epoch, 320, 240)
            self._raw.put(camera_id, stamped(a_picture(), stamp), epoch=epoch, ttl_s=LONG_S)

    def are_whole(self) -> bool:
        """Return whether every camera can be written and read."""
        return not self._raw.newest(CAMERAS).unread

    def shown(self) -> set[CameraId]:
        """Return the cameras whose newest picture was looked at."""
        boxed = self._boxed.newest(CAMERAS)
        return {k for k, v in boxed.items() if read_stamp(v).sequence == self._sequence}


def test_the_recognition_worker(
    worker: RecognitionWorker, valkey_cluster: ValkeyCluster, node: int
) -> None:
    outside = connect(valkey_cluster.url, server_timeout_s=BRIEF_TIMEOUT_S)
    watcher = Watcher(
        RedisLeases(outside, role=keys.Role.RECOGNITION),
        keys.Role.RECOGNITION,
        node,
        valkey_cluster,
    )
    # A camera's raw picture may lie on another node than its boxed one, with its lease.
    raw = Watcher(
        RedisLeases(outside, role=keys.Role.INGEST), keys.Role.INGEST, node, valkey_cluster
    )
    cameras, others = Cameras(outside), watcher.others() & raw.others()
    assert others
    shown: list[int] = []

    def looks_at(camera_ids: set[CameraId]) -> bool:
        worker.run_once()
        return cameras.shown() >= camera_ids

    cameras.film(set(CAMERAS))
    wait_until(lambda: looks_at(set(CAMERAS)))

    # When it takes its rounds: then no lease lapses, and the others' pictures are looked at
    def round_of_a_worker() -> None:
        if looks_at(others):
            cameras.film(others)
            shown.append(len(shown))

    watcher.go_on_while_it_hangs(round_of_a_worker)
    assert len(shown) > 1

    # And all are looked at again when the node goes on
    wait_until(cameras.are_whole)
    cameras.film(set(CAMERAS))
    wait_until(lambda: looks_at(set(CAMERAS)))
    outside.close()
