"""A recorder on twins of the bus, a real volume, and a clock that the test moves."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from recorder.footage.volume import open_volume
from recorder.recorder import Recorder
from recorder.signs import SignBoards
from tests.builders import a_camera, a_status
from tests.footage import Footage
from tests.recorder.clips import FPS
from vigil.bus.camera_config.memory import MemoryCameraConfigStore
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.packets.base import BacklogLimits
from vigil.bus.packets.memory import MemoryPacketLog
from vigil.bus.status.memory import MemoryStatusBoard
from vigil.bus.watchers.memory import MemoryWatchers
from vigil.camera_configs import CameraConfigs
from vigil.camera_document import ConfigHead, RecordingRules
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId, Epoch
from vigil.facts import Fact, GapFact, SegmentFact
from vigil.leases import LeaseKeeper
from vigil.messages import CameraStatus, FrameDetections, RecordingMark, RecordingStatus

CAMERA = CameraId(7)
#: Frames of one step.
STEP = FPS // 5


class Stage:
    """A camera that sends its clip in steps of a fifth of a second, and a recorder.

    Attributes:
        sent: How many packets were sent.
        refusal: Why nothing may be recorded now; None: it may.
        began_us: When the first of them was captured.
    """

    def __init__(self, folder: Path, footage: Footage) -> None:
        self.clock = FakeClock()
        self.began_us = self.clock.utc_us()
        self.footage, self.sent = footage, 0
        self.told: list[Fact] = []
        self.refusal: str | None = None
        self.volume = open_volume(folder / "footage", known=None)
        ingest, recognition, recording = (MemoryLeases(self.clock) for _ in range(3))
        watchers = MemoryWatchers(self.clock)
        self.packets = MemoryPacketLog(
            ingest, self.clock, limits=BacklogLimits(), watchers=watchers
        )
        self.watchers, self.takers = watchers, MemoryWatchers(self.clock)
        self._ingest_epoch = self._taken(ingest)
        self._recognition_epoch = self._taken(recognition)
        self._statuses = MemoryStatusBoard[CameraStatus](ingest, self.clock)
        self._seen = MemoryStatusBoard[FrameDetections](recognition, self.clock)
        self.statuses = MemoryStatusBoard[RecordingStatus](recording, self.clock)
        self.marks = MemoryStatusBoard[RecordingMark](recording, self.clock, ttl_s=86_400)
        self._store, self._generation = MemoryCameraConfigStore(), 0
        self.recorder = Recorder(
            configs=CameraConfigs(
                store=self._store,
                bell=self._store.bell,
                path=folder / "cameras.json",
                clock=self.clock,
            ),
            keeper=LeaseKeeper(recording, member="anna", clock=self.clock),
            packets=self.packets,
            boards=SignBoards(self._statuses, self._seen, watchers, self.takers),
            marks=self.marks,
            statuses=self.statuses,
            volume=self.volume,
            refusal=lambda _: self.refusal,
            say=self.told.append,
            clock=self.clock,
            segment_s=60,
        )

    def wants(self, mode: str, **rules: Any) -> None:
        """Have the camera recorded in a mode."""
        self._generation += 1
        camera = a_camera(
            CAMERA,
            revision=self._generation,
            recording=mode,
            recording_rules=RecordingRules(**rules),
        )
        self._store.publish(
            ConfigHead(generation=self._generation, camera_ids=(CAMERA,)),
            changed=[camera],
            removed=[],
        )

    def shows(self, *, is_moving: bool | None) -> None:
        """Have it said whether something moves."""
        status = a_status(is_moving=is_moving)
        self._statuses.put_all({CAMERA: (status, self._ingest_epoch)})

    def passes(self, seconds: float, *, is_moving: bool | None = False) -> None:
        """Let the camera send for so long, and the recorder do what is due."""
        for _ in range(round(seconds * FPS / STEP)):
            self.sends(STEP)
            self.shows(is_moving=is_moving)
            self.recorder.run_once()

    def sends(self, count: int) -> None:
        """Have the camera send packets, captured as they come."""
        entries = self.footage.entries[self.sent : self.sent + count]
        assert len(entries) == count, "the clip is over"
        self.clock.advance(count / FPS)
        began_us = self.footage.entries[0].packet.captured_at_us
        packets = [
            replace(
                each.packet,
                captured_at_us=self.began_us + each.packet.captured_at_us - began_us,
            )
            for each in entries
        ]
        self.packets.append(
            CAMERA, packets, template=self.footage.template, epoch=self._ingest_epoch
        )
        self.sent += count

    def files(self) -> list[Path]:
        return sorted(self.volume.path.rglob("*.mp4"))

    def spans_s(self) -> list[tuple[float, float]]:
        """Return when each file that is done begins and ends, in seconds of the clip."""
        facts = [each for each in self.told if isinstance(each, SegmentFact)]
        return [
            (self._in_clip_s(each.begun_us), self._in_clip_s(each.ended_us))
            for each in facts
            if each.ended_us is not None
        ]

    def gaps(self) -> Sequence[GapFact]:
        return [each for each in self.told if isinstance(each, GapFact)]

    def _in_clip_s(self, captured_us: int) -> float:
        return round((captured_us - self.began_us) / 1e6, 2)

    @staticmethod
    def _taken(leases: MemoryLeases) -> Epoch:
        epoch = leases.acquire(CAMERA, "test", ttl_s=10**6, last_seen=Epoch(0))
        assert epoch is not None
        return epoch
