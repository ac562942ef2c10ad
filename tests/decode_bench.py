"""A decode shard between twins: its camera, its supervisor and time are the test's."""

import multiprocessing
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import wait
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from typing_extensions import override

from camera_ctrl.notes import Notes
from camera_ctrl.shards.decode import DecodeShard
from camera_ctrl.shards.link import SupervisorLink
from camera_ctrl.shards.messages import Assignment, ShardReport
from camera_ctrl.stream_choice import StreamChoice
from standalone.demo.counter import read_counter
from tests.builders import CAMERA, a_camera
from tests.footage import BEGAN_US, Footage, footage_of
from tests.pictures import bgr_of
from vigil.bus.frames.memory import MemoryFrameStore
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.packets.base import BacklogLimits, EntryId, Reading, Template
from vigil.bus.packets.memory import MemoryPacketLog
from vigil.bus.watchers.memory import MemoryWatchers
from vigil.camera_document import CameraConfig
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId, Epoch, Stream
from vigil.domain.frame import FrameStamp, read_stamp
from vigil.errors import BusUnavailable, ServerUnavailable
from vigil.runtime import StopSignal

STEP_S = 0.04


class LeavingPacketLog(MemoryPacketLog):
    """A log that is away in parts when the test says so."""

    is_away = False
    #: The cameras of a server of a cluster that does not answer.
    silent: frozenset[CameraId] = frozenset()

    @override
    def last_keyframe(self, camera_id: CameraId, *, before_s: float = 0.0) -> EntryId | None:
        self._answer([camera_id])
        return super().last_keyframe(camera_id, before_s=before_s)

    @override
    def read(
        self,
        positions: Mapping[CameraId, EntryId],
        *,
        limit: int,
        asking: Collection[CameraId] = (),
    ) -> Reading:
        self._answer(positions)
        answers = super().read(positions, limit=limit, asking=asking)
        answers.unread = self.silent & positions.keys()
        for camera_id in answers.keys() & self.silent:
            del answers[camera_id]
        return answers

    def _answer(self, camera_ids: Collection[CameraId]) -> None:
        if camera_ids and self.silent.issuperset(camera_ids):
            raise ServerUnavailable("away")

    @override
    def template(self, camera_id: CameraId, template_id: str) -> Template | None:
        if self.is_away:
            raise BusUnavailable("away")
        return super().template(camera_id, template_id)


class HookedFrameStore(MemoryFrameStore):
    """Pictures before which something happens when the test says so."""

    before_put: Callable[[], object] | None = None

    @override
    def put(self, camera_id: CameraId, jpeg: bytes, *, epoch: Epoch, ttl_s: float) -> None:
        if self.before_put is not None:
            self.before_put()
        super().put(camera_id, jpeg, epoch=epoch, ttl_s=ttl_s)


@dataclass(slots=True)
class Bench:
    """A decode shard between twins, and the camera whose packets it reads."""

    clock: FakeClock
    leases: MemoryLeases
    log: LeavingPacketLog
    frames: HookedFrameStore
    epoch: Epoch
    footage: Footage
    supervisor: Connection
    notes: Notes
    shard: DecodeShard
    watchers: MemoryWatchers
    sub_log: LeavingPacketLog
    sub_footage: Footage | None = None
    sent: int = 0

    def assign(
        self,
        *,
        epoch: Epoch | None = None,
        frame_fps: float = 25.0,
        camera: CameraConfig | None = None,
        choice: StreamChoice | None = None,
    ) -> None:
        camera = camera or a_camera(frame_fps=frame_fps)
        choices = {} if choice is None else {CAMERA: choice}
        self.supervisor.send(Assignment({CAMERA: camera}, {CAMERA: epoch or self.epoch}, choices))

    def film(self, count: int, *, has_sub: bool = True, every_s: float = STEP_S) -> None:
        """Let the camera send packets as it films them, of its sub-stream too if it has one."""
        for number in range(self.sent, min(self.sent + count, len(self.footage.entries))):
            self._append(self.log, self.footage, number)
            if self.sub_footage is not None and has_sub:
                self._append(self.sub_log, self.sub_footage, number)
            self.clock.advance(every_s)
        self.sent += count

    def _append(self, log: MemoryPacketLog, footage: Footage, number: int) -> None:
        packet = footage.entries[number].packet
        log.append(CAMERA, [packet], template=footage.template, epoch=self.epoch)

    def turn(self) -> None:
        """Let the shard take a turn, and its threads finish."""
        self.shard.run_once()
        wait([each.busy for each in self.shard._cameras.values() if each.busy], timeout=10.0)

    def stamp(self) -> FrameStamp:
        return read_stamp(self.frames.newest([CAMERA])[CAMERA])

    def shown(self) -> int | None:
        jpeg = self.frames.newest([CAMERA]).get(CAMERA)
        return None if jpeg is None else read_counter(bgr_of(jpeg))

    def report(self) -> ShardReport:
        self.clock.advance(1.0)
        self.turn()
        report = ShardReport()
        while self.supervisor.poll():
            report = self.supervisor.recv()
        return report


def a_bench(path: Path, *, has_gate: bool = True, sub_path: Path | None = None) -> Bench:
    """Return a bench whose camera films a clip, and a smaller one beside it."""
    clock = FakeClock(now_us=BEGAN_US)
    leases = MemoryLeases(clock)
    watchers = MemoryWatchers(clock)
    log = LeavingPacketLog(leases, clock, limits=BacklogLimits(), watchers=watchers)
    sub_log = LeavingPacketLog(leases, clock, limits=BacklogLimits(), watchers=watchers)
    frames = HookedFrameStore(leases, clock)
    epoch = leases.acquire(CAMERA, "me", ttl_s=3.0, last_seen=Epoch(0))
    assert epoch is not None
    supervisor, ours = multiprocessing.Pipe()
    notes = Notes(2)
    shard = a_shard(ours, clock, log, frames, notes, has_gate=has_gate, sub_log=sub_log)
    return Bench(
        clock,
        leases,
        log,
        frames,
        epoch,
        footage_of(path),
        supervisor,
        notes,
        shard,
        watchers,
        sub_log,
        None if sub_path is None else footage_of(sub_path),
    )


def a_shard(
    pipe: Connection,
    clock: FakeClock,
    log: MemoryPacketLog,
    frames: MemoryFrameStore,
    notes: Notes,
    *,
    has_gate: bool = True,
    sub_log: MemoryPacketLog | None = None,
) -> DecodeShard:
    return DecodeShard(
        link=SupervisorLink(pipe, stop=StopSignal(), clock=clock),
        logs={Stream.MAIN: log, Stream.SUB: sub_log or log},
        frames=frames,
        clock=clock,
        jpeg_quality=85,
        has_gate=has_gate,
        notes=notes,
    )
