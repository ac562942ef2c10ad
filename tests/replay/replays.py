"""Replays within the test's process."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

from typing_extensions import override

from object_recognition.bounds import Bounds
from object_recognition.detection import Detections, Detector
from object_recognition.recognisers import Chosen
from object_recognition.replay.begins import Begins
from object_recognition.replay.clip import opened
from object_recognition.replay.frames import FrameMaker
from object_recognition.replay.progress import Progress
from object_recognition.replay.replaying import Replay
from object_recognition.replay.report import Account, Comparison
from object_recognition.replay.variant import Variant
from object_recognition.replay.video import AnnotatedVideo
from object_recognition.seen import Seen
from object_recognition.watch import RawFrame
from tests.footage import BEGAN_US
from vigil.camera_document import CameraConfig
from vigil.clock import FakeClock
from vigil.runtime import StopSignal


class RecordingVariant(Variant):
    """Keeps what each look came to."""

    def __init__(self, camera: CameraConfig, begins: Begins, chosen: Chosen) -> None:
        super().__init__(camera, begins, chosen)
        self.all_seen: list[Seen] = []

    @override
    def see(self, found: Detections, *, frame: RawFrame) -> Seen:
        seen = super().see(found, frame=frame)
        self.all_seen.append(seen)
        return seen


@dataclass
class Replayed:
    """What a replay came to."""

    seen: list[Seen]
    account: Account
    comparison: Comparison | None
    notes: list[str]
    replay: Replay
    maker: FrameMaker
    lines: str = field(default="")


def replayed(
    path: Path,
    camera: CameraConfig,
    detector: Detector,
    *,
    other: CameraConfig | None = None,
    chosen: Callable[[CameraConfig], Chosen] | None = None,
    begins_us: int = BEGAN_US,
    video: AnnotatedVideo | None = None,
    stop: StopSignal | None = None,
) -> Replayed:
    """Replay a clip, with two settings if there are others; chosen says what looks with each."""
    begins = Begins(begins_us, UTC, is_known=True)
    maker = FrameMaker(camera, begins_us=begins_us, jpeg_quality=85)
    variants = [
        RecordingVariant(each, begins, chosen(each) if chosen else chosen_of(detector, each))
        for each in (camera, other)
        if each is not None
    ]
    out = io.StringIO()
    with opened(path) as clip:
        replay = Replay(
            clip=clip,
            begins=begins,
            maker=maker,
            detector=detector,
            variants=variants,
            video=video,
            progress=Progress(out, FakeClock()),
            stop=stop or StopSignal(),
        )
        replay.run()
        accounts = [variant.account() for variant in variants]
        comparison = None if other is None else replay.comparer.comparison(*accounts)
        return Replayed(
            seen=variants[0].all_seen,
            account=accounts[0],
            comparison=comparison,
            notes=clip.notes(),
            replay=replay,
            maker=maker,
            lines=out.getvalue(),
        )


def chosen_of(detector: Detector, camera: CameraConfig) -> Chosen:
    """Return a detector as what looks at a camera."""
    bounds = Bounds.of(detector.labels, min_confidence=camera.min_confidence)
    return Chosen(detector, None, bounds)
