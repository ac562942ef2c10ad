from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typing_extensions import override

from camera_ctrl.admission import Admission
from camera_ctrl.placement import Placement
from camera_ctrl.reports import DecodeReport, IngestReport
from camera_ctrl.shard_pool import ShardPool, both_addresses, main_address
from camera_ctrl.shards.messages import ShardReport
from camera_ctrl.supervisor import CameraSupervisor
from tests.builders import A_TEMPLATE, BEGINNING, CAMERA, OTHER_CAMERA, a_camera, a_jpeg, a_packet
from tests.shards import StillShard
from vigil.bus.camera_config.memory import MemoryCameraConfigStore
from vigil.bus.frames.memory import MemoryFrameStore
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.packets.base import BacklogLimits
from vigil.bus.packets.memory import MemoryPacketLog
from vigil.bus.status.memory import MemoryStatusBoard
from vigil.camera_configs import CameraConfigs, KnownCameras
from vigil.camera_document import CameraConfig, ConfigHead
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable
from vigil.leases import LeaseKeeper
from vigil.messages import CameraState, CameraStatus


@dataclass(slots=True)
class Switch:
    """Whether the media Redis answers."""

    is_away: bool = False
    asked: int = 0

    def answer(self) -> None:
        self.asked += 1
        if self.is_away:
            raise BusUnavailable("away")


class LeavingConfigStore(MemoryCameraConfigStore):
    is_away = False

    @override
    def head(self) -> ConfigHead | None:
        if self.is_away:
            raise BusUnavailable("away")
        return super().head()


class LeavingPacketLog(MemoryPacketLog):
    switch = Switch()

    @override
    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        self.switch.answer()
        super().clear(camera_id, epoch=epoch)


class LeavingStatusBoard(MemoryStatusBoard[CameraStatus]):
    switch = Switch()

    @override
    def put(self, camera_id: CameraId, status: CameraStatus, *, epoch: Epoch) -> None:
        self.switch.answer()
        super().put(camera_id, status, epoch=epoch)


@dataclass(slots=True)
class Bench:
    """A supervisor between twins."""

    path: Path
    clock: FakeClock = field(default_factory=FakeClock)
    switch: Switch = field(default_factory=Switch)
    store: LeavingConfigStore = field(default_factory=LeavingConfigStore)
    shards: dict[str, StillShard] = field(default_factory=dict)
    generation: int = 0
    leases: MemoryLeases = field(init=False)
    packets: LeavingPacketLog = field(init=False)
    sub_packets: MemoryPacketLog = field(init=False)
    frames: MemoryFrameStore = field(init=False)
    statuses: LeavingStatusBoard = field(init=False)
    keeper: LeaseKeeper = field(init=False)
    supervisor: CameraSupervisor = field(init=False)

    def __post_init__(self) -> None:
        self.leases = MemoryLeases(self.clock)
        self.packets = LeavingPacketLog(self.leases, self.clock, limits=BacklogLimits())
        self.sub_packets = MemoryPacketLog(self.leases, self.clock, limits=BacklogLimits())
        self.frames = MemoryFrameStore(self.leases, self.clock)
        self.statuses = LeavingStatusBoard(self.leases, self.clock)
        self.packets.switch = self.statuses.switch = self.switch
        self.keeper = LeaseKeeper(self.leases, member="me", clock=self.clock)
        self.supervisor = CameraSupervisor(
            configs=CameraConfigs(
                store=self.store, bell=self.store.bell, path=self.path, clock=self.clock
            ),
            keeper=self.keeper,
            ingest=self._pool("ingest"),
            sub_ingest=self._pool("ingest-sub"),
            decode=self._pool("decode"),
            packets=self.packets,
            sub_packets=self.sub_packets,
            frames=self.frames,
            statuses=self.statuses,
            admission=Admission(
                lambda: 0, statuses=self.statuses, backlog_bytes=2**20, clock=self.clock
            ),
            clock=self.clock,
        )

    def _pool(self, kind: str) -> ShardPool:
        def start(name: str) -> StillShard:
            self.shards[name] = StillShard(name, clock=self.clock)
            return self.shards[name]

        address_of = both_addresses if kind == "decode" else main_address
        return ShardPool(
            kind, start=start, placement=Placement(8), clock=self.clock, address_of=address_of
        )

    def publish(self, *cameras: CameraConfig) -> None:
        self.generation += 1
        ids = tuple(camera.id for camera in cameras)
        head = ConfigHead(generation=self.generation, camera_ids=ids)
        assert self.store.publish(head, changed=cameras, removed=())

    def report(self, **reports: IngestReport) -> None:
        """Let the ingest shard say how camera_7 or camera_8 is."""
        ids = {CameraId(int(name.removeprefix("camera_"))): each for name, each in reports.items()}
        self.shards["ingest-1"].say(ShardReport(ingest=ids))

    def turn(self, *, after_s: float = 1.0, says: bool = True) -> None:
        self.clock.advance(after_s)
        for shard in self.shards.values():
            if shard.is_running and says:
                shard.say(shard.report)
        self.supervisor.run_once()

    def status(self, camera_id: CameraId = CAMERA) -> CameraStatus:
        return self.statuses.read([camera_id])[camera_id]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "cameras.json")


ALIVE = IngestReport(
    is_alive=True, last_packet_us=1, codec="h264", width_px=1920, height_px=1080, packet_fps=25.0
)


def test_has_each_camera_demuxed_and_decoded_under_its_epoch(bench: Bench) -> None:
    bench.publish(a_camera(7), a_camera(8))

    bench.turn()

    for name in ("ingest-1", "decode-1"):
        assert bench.shards[name].assignment.cameras.keys() == {CAMERA, OTHER_CAMERA}
        assert bench.shards[name].assignment.epochs == bench.keeper.valid()


def test_leaves_a_camera_alone_that_is_switched_off(bench: Bench) -> None:
    bench.publish(a_camera(7), a_camera(8, enabled=False))

    bench.turn()

    assert bench.keeper.held().keys() == {CAMERA}


@pytest.mark.parametrize(
    ("report", "state", "error"),
    [
        (IngestReport(), CameraState.STARTING, None),
        (ALIVE, CameraState.ACTIVE, None),
        (
            IngestReport(error="wrong user or password"),
            CameraState.INACTIVE,
            "wrong user or password",
        ),
        (
            IngestReport(last_packet_us=1),
            CameraState.INACTIVE,
            "connected, but no video comes",
        ),
    ],
)
def test_says_how_a_camera_is(
    bench: Bench, report: IngestReport, state: CameraState, error: str | None
) -> None:
    bench.publish(a_camera(7))
    bench.turn()

    bench.report(camera_7=report)
    bench.supervisor.run_once()
    bench.turn()

    assert (bench.status().state, bench.status().error) == (state, error)
    assert (bench.status().owner, bench.status().epoch) == ("me", bench.keeper.held()[CAMERA])


def test_says_that_pictures_cannot_be_made_of_a_camera_that_lives(bench: Bench) -> None:
    bench.publish(a_camera(7))
    bench.turn()
    bench.report(camera_7=ALIVE)
    decoded = {CAMERA: DecodeReport(error="the video cannot be decoded")}
    bench.shards["decode-1"].say(ShardReport(decode=decoded))

    bench.supervisor.run_once()
    bench.turn()

    assert bench.status().state is CameraState.ACTIVE
    assert bench.status().error == "the video cannot be decoded"


def test_says_when_the_last_frame_was_also_when_its_shard_is_gone_and_the_camera_dead(
    bench: Bench,
) -> None:
    bench.publish(a_camera(7))
    bench.turn()
    bench.report(camera_7=ALIVE)
    decoded = {CAMERA: DecodeReport(last_frame_us=1_790_000_000_000_000)}
    bench.shards["decode-1"].say(ShardReport(decode=decoded))
    bench.supervisor.run_once()
    bench.turn()
    assert bench.status().last_frame_us == 1_790_000_000_000_000

    bench.shards["decode-1"].say(ShardReport())
    bench.report(camera_7=IngestReport(error="no answer in time", last_packet_us=1))
    bench.supervisor.run_once()
    bench.turn()

    assert bench.status().state is CameraState.INACTIVE
    assert bench.status().last_frame_us == 1_790_000_000_000_000


def test_says_a_change_of_state_at_once_and_since_when(bench: Bench) -> None:
    bench.publish(a_camera(7))
    bench.turn()
    bench.report(camera_7=ALIVE)
    bench.turn()
    bench.report(camera_7=ALIVE)
    bench.turn(after_s=0.1)
    since_us = bench.status().since_us

    bench.report(camera_7=IngestReport(error="no answer in time", last_packet_us=1))
    bench.supervisor.run_once()

    assert bench.status().state is CameraState.INACTIVE
    assert bench.status().since_us == bench.clock.utc_us() > since_us


def test_a_shard_that_says_nothing_has_no_camera_that_lives(bench: Bench) -> None:
    bench.publish(a_camera(7))
    bench.turn()
    bench.report(camera_7=ALIVE)
    bench.supervisor.run_once()
    bench.turn()
    assert bench.status().state is CameraState.ACTIVE

    # Given a shard that hangs: its last report says that all is well
    for _ in range(4):
        bench.turn(says=False)

    assert bench.status().state is CameraState.INACTIVE
    assert bench.status().error == "the process that reads it does not answer"
    bench.turn()
    assert bench.status().state is CameraState.ACTIVE


def test_takes_a_camera_again_whose_write_was_refused(bench: Bench) -> None:
    bench.publish(a_camera(7))
    bench.turn()
    old = bench.keeper.held()[CAMERA]
    bench.leases.flush()

    bench.report(camera_7=IngestReport(is_alive=True, lost_epoch=old))
    bench.supervisor.run_once()
    bench.turn(after_s=0.1)

    new = bench.keeper.valid()[CAMERA]
    assert new > old
    assert bench.shards["ingest-1"].assignment.epochs == {CAMERA: new}


def fill(bench: Bench) -> None:
    epoch = bench.keeper.held()[CAMERA]
    bench.packets.append(CAMERA, [a_packet(is_keyframe=True)], template=A_TEMPLATE, epoch=epoch)
    bench.frames.put(CAMERA, a_jpeg(), epoch=epoch, ttl_s=60.0)


def assert_nothing_is_left(bench: Bench) -> None:
    assert bench.packets.read({CAMERA: BEGINNING}, limit=10) == {}
    assert bench.frames.newest([CAMERA]) == {}
    assert bench.statuses.read([CAMERA]) == {}
    assert CAMERA not in bench.keeper.held()


def test_a_deleted_camera_leaves_nothing_behind(bench: Bench) -> None:
    bench.publish(a_camera(7), a_camera(8))
    bench.turn()
    fill(bench)

    bench.publish(a_camera(8))
    bench.turn()

    assert_nothing_is_left(bench)
    assert bench.shards["ingest-1"].assignment.cameras.keys() == {OTHER_CAMERA}


def test_a_camera_that_was_deleted_while_redis_was_away_is_forgotten_when_it_is_back(
    bench: Bench,
) -> None:
    bench.publish(a_camera(7), a_camera(8))
    bench.turn()
    fill(bench)

    # Given that the media Redis went away as the configuration changed
    bench.switch.is_away = True
    bench.publish(a_camera(8))
    for _ in range(3):
        bench.turn()
    assert bench.shards["ingest-1"].assignment.cameras.keys() == {OTHER_CAMERA}

    bench.switch.is_away = False
    bench.turn()
    assert_nothing_is_left(bench)


def test_asks_a_redis_that_is_away_for_one_status_and_no_more(bench: Bench) -> None:
    bench.publish(*(a_camera(number) for number in range(1, 9)))
    bench.turn()
    bench.switch.is_away = True
    asked = bench.switch.asked

    bench.turn()

    assert bench.switch.asked == asked + 1


def test_the_cameras_go_on_while_redis_is_away(bench: Bench) -> None:
    bench.publish(a_camera(7))
    bench.turn()
    before = bench.shards["ingest-1"].assignment
    bench.switch.is_away = True

    for _ in range(60):
        bench.turn()

    assert bench.shards["ingest-1"].assignment == before
    assert bench.shards["ingest-1"].is_running


def test_takes_and_keeps_the_last_good_cameras_while_the_queue_redis_is_away(
    tmp_path: Path,
) -> None:
    last_good = KnownCameras(generation=1, cameras={CAMERA: a_camera(7)})
    (tmp_path / "cameras.json").write_text(last_good.model_dump_json())
    bench = Bench(tmp_path / "cameras.json")
    bench.store.is_away = True

    bench.turn()
    taken = bench.keeper.valid()
    assert taken.keys() == {CAMERA}

    for _ in range(10):
        bench.turn()
    assert bench.keeper.valid() == taken
    assert bench.shards["ingest-1"].assignment.epochs == taken


def test_ends_its_shards_before_it_gives_the_cameras_back(bench: Bench) -> None:
    bench.publish(a_camera(7))
    bench.turn()
    held_when_stopped: list[bool] = []
    shard = bench.shards["decode-1"]
    wait_for_end: Callable[[], None] = shard.wait_for_end

    def note_what_is_held() -> None:
        held_when_stopped.append(CAMERA in bench.keeper.held())
        wait_for_end()

    shard.wait_for_end = note_what_is_held  # type: ignore[method-assign]
    bench.supervisor.close()

    assert held_when_stopped == [True]
    assert bench.keeper.held() == {}
    assert bench.leases.acquire(CAMERA, "another", ttl_s=3.0, last_seen=Epoch(0)) is not None
