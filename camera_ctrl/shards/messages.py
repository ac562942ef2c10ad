"""What a supervisor and its shards tell each other over a pipe."""

from dataclasses import dataclass, field

from camera_ctrl.reports import DecodeReport, IngestReport
from camera_ctrl.stream_choice import StreamChoice
from vigil.camera_document import CameraConfig
from vigil.domain.camera import CameraId, Epoch


@dataclass(frozen=True, slots=True)
class Assignment:
    """The whole of what a shard serves; it replaces what it served before.

    Attributes:
        choices: Which stream to decode, of cameras that have two.
    """

    cameras: dict[CameraId, CameraConfig]
    epochs: dict[CameraId, Epoch]
    choices: dict[CameraId, StreamChoice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShardReport:
    """What a shard says of all its cameras, twice a second: also that it lives."""

    ingest: dict[CameraId, IngestReport] = field(default_factory=dict)
    decode: dict[CameraId, DecodeReport] = field(default_factory=dict)
