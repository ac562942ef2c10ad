"""What a supervisor and its shards tell each other over a pipe."""

from dataclasses import dataclass, field

from camera_ctrl.reports import DecodeReport, IngestReport
from vigil.domain.camera import CameraId, Epoch
from vigil.messages import CameraConfig


@dataclass(frozen=True, slots=True)
class Assignment:
    """The whole of what a shard serves; it replaces what it served before."""

    cameras: dict[CameraId, CameraConfig]
    epochs: dict[CameraId, Epoch]


@dataclass(frozen=True, slots=True)
class ShardReport:
    """What a shard says of all its cameras, twice a second: also that it lives."""

    ingest: dict[CameraId, IngestReport] = field(default_factory=dict)
    decode: dict[CameraId, DecodeReport] = field(default_factory=dict)
