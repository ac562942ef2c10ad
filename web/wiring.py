"""What the parts of one application share. Views take it from here and hand it to services."""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from vigil.bus.camera_config.base import CameraConfigStore
from vigil.bus.explanations.base import ExplanationLog
from vigil.bus.exports.base import ExportQueue
from vigil.bus.footage.base import FootageStore
from vigil.bus.status.base import StatusBoard
from vigil.clock import Clock, utc_from_us
from vigil.messages import CameraStatus, FrameDetections, RecordingStatus
from vigil.sealing import Sealer
from web.access.tokens import TokenSigner
from web.cameras.configuration import ConfigurationPublisher
from web.deletions.orders import DeletionOrders
from web.images.folder import PictureFolder
from web.playback.shelf import GopShelf
from web.playback.thumbnails.service import Thumbnails
from web.protections.publisher import ProtectionPublisher
from web.recordings.volumes import Volumes
from web.settings import WebSettings
from web.status.readiness import Readiness
from web.users.passwords import Passwords
from web.workers.service import RecognitionPool

#: Where an application keeps its wiring.
EXTENSION = "vigil"


@dataclass(frozen=True, slots=True)
class Bus:
    """What an application reads and writes in Redis.

    Attributes:
        config_store: Where the other services read which cameras there are.
        statuses: What the holders of cameras say about them.
        pool: What recognition workers say of themselves and of cameras.
        detections: What recognition says of what it shows.
        explanations: What recognition says of what it did not show.
        recordings: What recorders say of the cameras that they record.
        footage: What is told to recorders of footage, and what they tell of volumes.
        exports: Where exports are asked for.
    """

    config_store: CameraConfigStore
    statuses: StatusBoard[CameraStatus]
    pool: RecognitionPool
    detections: StatusBoard[FrameDetections]
    explanations: ExplanationLog
    recordings: StatusBoard[RecordingStatus]
    footage: FootageStore
    exports: ExportQueue


@dataclass(frozen=True, slots=True)
class Wiring:
    """The collaborators of one application."""

    settings: WebSettings
    clock: Clock
    signer: TokenSigner
    passwords: Passwords
    sealer: Sealer
    configuration: ConfigurationPublisher
    statuses: StatusBoard[CameraStatus]
    detections: StatusBoard[FrameDetections]
    explanations: ExplanationLog
    recordings: StatusBoard[RecordingStatus]
    footage: FootageStore
    protections: ProtectionPublisher
    deletions: DeletionOrders
    exports: ExportQueue
    pictures: PictureFolder
    volumes: Volumes
    gops: GopShelf
    thumbnails: Thumbnails
    readiness: Readiness
    pool: RecognitionPool

    def now(self) -> datetime:
        """Return the UTC by which everything is judged."""
        return utc_from_us(self.clock.utc_us())


def wired() -> Wiring:
    """Return what the current application was given."""
    wiring: Wiring = current_app.extensions[EXTENSION]
    return wiring
