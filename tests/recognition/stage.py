"""A recognition worker on twins, with a camera that a test writes frames for."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from object_recognition.checkpoints.convert import CheckpointConverter
from object_recognition.detection import Detections, Detector, ImageBgr
from object_recognition.look_limit import LookLimit
from object_recognition.models.download import Downloader, Limits
from object_recognition.models.shelf import ModelShelf
from object_recognition.models.source import ModelSource
from object_recognition.models.store import ModelStore
from object_recognition.picture import decoded, encoded
from object_recognition.publisher import Publisher
from object_recognition.quarantine import Quarantine
from object_recognition.recognisers import Recognisers
from object_recognition.watch import FrameWatch
from object_recognition.worker import RecognitionWorker
from tests.builders import a_camera
from tests.unit.leaving_leases import LeavingLeases
from vigil import keys
from vigil.bus.camera_config.memory import MemoryCameraConfigStore
from vigil.bus.explanations.memory import MemoryExplanationLog
from vigil.bus.facts.memory import MemoryFactInbox, MemoryFactLog
from vigil.bus.frames.masked import MaskedFrames
from vigil.bus.frames.memory import MemoryFrameBell, MemoryFrameStore
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.looks.memory import MemoryLookNotes
from vigil.bus.status.memory import MemoryStatusBoard
from vigil.bus.watchers.memory import MemoryWatchers
from vigil.camera_configs import CameraConfigs
from vigil.camera_document import CameraConfig, ConfigHead
from vigil.clock import FakeClock, SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import FrameStamp, read_stamp, stamped
from vigil.domain.mask_mark import mark_segment
from vigil.domain.motion import Motion, motion_segment
from vigil.fact_outbox import FactOutbox
from vigil.facts import TrackFact, decode_fact
from vigil.leases import LeaseKeeper
from vigil.messages import DayTallies, FrameDetections, RecognitionStatus
from vigil.runtime import StopSignal
from vigil.sealing import Sealer
from vigil.spool import Spool

WIDTH, HEIGHT = 320, 240
LABELS = ("person", "car")
SEALER = Sealer("a secret of tests, long enough for anybody")


def a_picture(level: int = 90, *, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """Return a JPEG of one grey."""
    return encoded(np.full((height, width, 3), level, np.uint8), quality=90)


@dataclass
class FixedDetector:
    """Sees the same things in every frame, and remembers the frames."""

    found: Detections
    name: str = "fixed"
    labels: tuple[str, ...] = LABELS
    levels: list[int] = field(default_factory=list)
    error: Exception | None = None

    def detect(self, image_bgr: ImageBgr) -> Detections:
        self.levels.append(round(float(image_bgr.mean())))
        if self.error is not None:
            raise self.error
        return self.found


def seen(*boxes: tuple[float, float, float, float], confidence: float = 0.9) -> Detections:
    """Return people in these boxes."""
    n = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(n, 4),
        np.full(n, confidence, np.float32),
        np.zeros(n, np.int64),
    )


@dataclass
class StillLooker:
    """A process of its own that does nothing, until the test lets it die."""

    camera_id: CameraId
    epoch: Epoch
    has_died: bool = False
    #: Whether it goes on with its look when it is asked to end.
    is_busy: bool = False
    was_asked: bool = False
    was_ended: bool = False

    def is_alive(self) -> bool:
        return not (self.has_died or self.was_ended or (self.was_asked and not self.is_busy))

    def ask_to_end(self) -> None:
        self.was_asked = True

    def end(self, *, within_s: float = 0.0) -> None:  # noqa: ARG002  A process's signature.
        self.was_ended = True


class Stage:
    """One worker of its own, whose models come from where the test says."""

    def __init__(
        self,
        folder: Path,
        *,
        detector: Detector | None = None,
        default: ModelSource | None = None,
        batch_max: int = 1,
        limit: LookLimit = nullcontext,
    ) -> None:
        self.clock = FakeClock()
        self.stop = StopSignal()
        self.detector = detector
        #: Instead of that, by the name of their files.
        self.detectors: dict[str, Detector] = {}
        self.loaded: list[str] = []
        self.ingest, self.recognition = MemoryLeases(self.clock), LeavingLeases(self.clock)
        bell = MemoryFrameBell()
        self.raw = MemoryFrameStore(self.ingest, self.clock, bell)
        self.notes = MemoryLookNotes(self.recognition, self.clock)
        self.boxed = MemoryFrameStore(self.recognition, self.clock, looks=self.notes)
        self.statuses: MemoryStatusBoard[RecognitionStatus] = MemoryStatusBoard(
            self.recognition, self.clock
        )
        self.watchers = MemoryWatchers(self.clock)
        self.detections: MemoryStatusBoard[FrameDetections] = MemoryStatusBoard(
            self.recognition, self.clock
        )
        self.tallies: MemoryStatusBoard[DayTallies] = MemoryStatusBoard(
            self.recognition, self.clock, ttl_s=keys.TALLIES_TTL_S
        )
        self.explanations = MemoryExplanationLog(self.recognition, self.clock)
        self.facts = MemoryFactLog(self.clock)
        self.outbox = FactOutbox(self.facts, Spool(folder / "facts.sqlite"), clock=self.clock)
        self.store = MemoryCameraConfigStore()
        self.keeper = LeaseKeeper(self.recognition, member="one", clock=self.clock)
        self.shelf = self._made_shelf(folder, default)
        self.recognisers = Recognisers(
            shelf=self.shelf,
            default_model="pinned" if default is not None else "basic",
            sealer=SEALER,
        )
        self.configs = CameraConfigs(
            store=self.store, bell=self.store.bell, path=folder / "cameras.json", clock=self.clock
        )
        self.worker = self._made_worker(bell, limit, batch_max)
        self.lookers: list[StillLooker] = []
        self._generation = 0
        self._epochs: dict[CameraId, Epoch] = {}

    def _made_worker(
        self, bell: MemoryFrameBell, limit: LookLimit, batch_max: int
    ) -> RecognitionWorker:
        return RecognitionWorker(
            configs=self.configs,
            keeper=self.keeper,
            watch=FrameWatch(
                frames=MaskedFrames(self.raw, self.configs),
                boxed=self.boxed,
                bell=bell,
                clock=self.clock,
            ),
            publisher=Publisher(
                boxed=self.boxed,
                detections=self.detections,
                explanations=self.explanations,
                tallies=self.tallies,
            ),
            statuses=self.statuses,
            facts=self.outbox,
            recognisers=self.recognisers,
            quarantine=Quarantine(self.notes, member="one", start=self._start, clock=self.clock),
            watchers=self.watchers,
            clock=self.clock,
            jpeg_quality=90,
            still_look_every_s=10.0,
            limit=limit,
            batch_max=batch_max,
        )

    def another(self, member: str) -> Quarantine:
        """Return what another worker knows of deaths."""
        return Quarantine(self.notes, member=member, start=self._start, clock=self.clock)

    def _start(self, camera_id: CameraId, epoch: Epoch) -> "StillLooker":
        self.lookers.append(StillLooker(camera_id, epoch))
        return self.lookers[-1]

    def _made_shelf(self, folder: Path, default: ModelSource | None) -> ModelShelf:
        return ModelShelf(
            store=ModelStore(
                folder / "models",
                downloader=Downloader(
                    limits=Limits(silence_s=2, total_s=10), clock=SystemClock(), stop=self.stop
                ),
                check=lambda _: None,
                converter=CheckpointConverter(folder, threads=1),
                max_bytes=1_000_000,
            ),
            load=self._load,
            pinned={"pinned": default} if default is not None else {},
            clock=self.clock,
            stop=self.stop,
        )

    def _load(self, path: Path, name: str) -> Detector:
        assert path.is_file()
        self.loaded.append(name)
        detector = self.detectors.get(name, self.detector)
        assert detector is not None
        return detector

    def configure(self, *cameras: CameraConfig) -> None:
        """Make these the cameras."""
        self._generation += 1
        head = ConfigHead(
            generation=self._generation, camera_ids=tuple(camera.id for camera in cameras)
        )
        assert self.store.publish(head, changed=cameras, removed=())

    def write(
        self,
        camera_id: CameraId,
        sequence: int,
        jpeg: bytes,
        *,
        motion: Motion | None = None,
        mark: bytes | None = None,
        ttl_s: float = 4.0,
        **changes: Any,
    ) -> FrameStamp:
        """Write a raw frame, as camera_ctrl does."""
        if camera_id not in self._epochs:
            epoch = self.ingest.acquire(camera_id, "ctrl", ttl_s=1e6, last_seen=Epoch(0))
            assert epoch is not None
            self._epochs[camera_id] = epoch
        epoch = self._epochs[camera_id]
        fields = {
            "sequence": sequence,
            "captured_at_us": 1_790_000_000_000_000 + sequence,
            "epoch": epoch,
            "width_px": WIDTH,
            "height_px": HEIGHT,
        }
        stamp = FrameStamp(**fields | changes)
        beside = b"" if motion is None else motion_segment(motion)
        beside += b"" if mark is None else mark_segment(mark)
        self.raw.put(camera_id, stamped(jpeg, stamp, beside=beside), epoch=epoch, ttl_s=ttl_s)
        return stamp

    def kill_camera(self, camera_id: CameraId) -> None:
        """Take the camera's picture away, as camera_ctrl does when packets stop."""
        self.raw.clear(camera_id, epoch=self._epochs[camera_id])

    def picture(self, camera_id: CameraId) -> ImageBgr | None:
        """Return the boxed image."""
        jpeg = self.boxed.newest([camera_id]).get(camera_id)
        return None if jpeg is None else decoded(jpeg)

    def told(self) -> list[TrackFact]:
        """Return the facts that reached Redis since this was asked last."""
        self.outbox.run_once()
        inbox = MemoryFactInbox(self.facts)
        facts = [decode_fact(entry.raw) for entry in inbox.take(limit=1000, wait_s=0.0)]
        return [fact for fact in facts if isinstance(fact, TrackFact)]

    def stamp(self, camera_id: CameraId) -> FrameStamp | None:
        """Return the stamp of the boxed image."""
        jpeg = self.boxed.newest([camera_id]).get(camera_id)
        return None if jpeg is None else read_stamp(jpeg)


def a_basic_camera(camera_id: int = 7, **changes: Any) -> CameraConfig:
    """Return a camera that asks for no model."""
    chosen = {} if "models" in changes else {"recognition": "basic"}
    return a_camera(camera_id, **chosen | changes)
