"""The cameras a service works on: what web said last, kept through everything that goes away."""

from collections.abc import Mapping
from pathlib import Path

import structlog

from vigil.bus.camera_config.base import CameraConfigStore, ConfigBell
from vigil.camera_document import CameraConfig, ConfigHead
from vigil.clock import Clock
from vigil.domain.camera import CameraId
from vigil.durable_file import write_atomically
from vigil.errors import BusUnavailable, MessageInvalid
from vigil.messages import Document, decode

log = structlog.get_logger(__name__)

#: Seconds between full reads, for the day the bell was not heard.
FULL_READ_EVERY_S = 10.0
#: Seconds for which a Redis that did not answer is left alone: each try may last a timeout.
RETRY_S = 1.0


class KnownCameras(Document):
    """The last good configuration, as memory and disk hold it."""

    generation: int = -1
    cameras: Mapping[CameraId, CameraConfig] = {}


def merged(
    known: KnownCameras, head: ConfigHead | None, documents: Mapping[CameraId, CameraConfig]
) -> KnownCameras:
    """Return what is known after head and documents were read.

    An absent head means that nobody knows: all stays. Only a head of a newer generation removes a
    camera. A document that is missing, or older than the one we have, changes nothing.
    """
    if head is None or head.generation < known.generation:
        return known
    cameras = dict(known.cameras)
    if head.generation > known.generation:
        cameras = {
            camera_id: camera
            for camera_id, camera in cameras.items()
            if camera_id in head.camera_ids
        }
    for camera_id in head.camera_ids:
        document = documents.get(camera_id)
        if document is None:
            continue
        if camera_id not in cameras or document.revision > cameras[camera_id].revision:
            cameras[camera_id] = document
    return KnownCameras(generation=head.generation, cameras=cameras)


class CameraConfigs:
    """Follows the configuration, and keeps the last good one on disk.

    Args:
        store: Where web publishes.
        bell: Rings when it did.
        path: The file of the last good configuration; addresses and passwords in it are sealed.
        clock: For the periodic read.

    Attributes:
        is_current: Whether web's word was read since we began. Until then what is known may be as
            old as the file, and lack cameras.
    """

    def __init__(
        self, *, store: CameraConfigStore, bell: ConfigBell, path: Path, clock: Clock
    ) -> None:
        self._store = store
        self._bell = bell
        self._path = path
        self._clock = clock
        self._known = read_last_good(path)
        self.is_current = False
        self._due_s = 0.0
        self._left_alone_until_s = 0.0

    @property
    def cameras(self) -> Mapping[CameraId, CameraConfig]:
        """Every camera, enabled or not."""
        return self._known.cameras

    def refresh(self) -> bool:
        """Read the configuration if the bell rang or a full read is due; say if it changed.

        Raises:
            BusUnavailable: Redis does not answer; what was known stays. It is asked again after
                RETRY_S, until when nothing is read.
        """
        now_s = self._clock.monotonic_s()
        if now_s < self._left_alone_until_s:
            return False
        try:
            if self._bell.has_rung():
                # Due until it was read: Redis may be away now, and the bell does not ring again.
                self._due_s = now_s
            if now_s < self._due_s:
                return False
            head = self._store.head()
            documents = self._store.documents(head.camera_ids) if head is not None else {}
        except MessageInvalid as error:
            log.error("config_head_unreadable", error=str(error))
            head, documents = None, {}
        except BusUnavailable:
            # From now, not from when it was asked: the timeout itself may be as long.
            self._left_alone_until_s = self._due_s = self._clock.monotonic_s() + RETRY_S
            raise
        self._due_s = now_s + FULL_READ_EVERY_S
        known = merged(self._known, head, documents)
        is_changed, self._known = known != self._known, known
        if head is not None:
            # Last: who asks from another thread finds the cameras that this is about.
            self.is_current = True
        if not is_changed:
            return False
        log.info("config_changed", generation=known.generation, cameras=len(known.cameras))
        self._keep_last_good()
        return True

    def _keep_last_good(self) -> None:
        try:
            write_atomically(self._path, self._known.model_dump_json().encode())
        except OSError as error:
            # The cameras go on; only a restart while Redis is away would miss this change.
            log.error("last_good_config_not_kept", path=str(self._path), error=str(error))


def read_last_good(path: Path) -> KnownCameras:
    """Return the configuration that a service keeps on disk; no camera where there is none."""
    try:
        return decode(KnownCameras, path.read_bytes())
    except FileNotFoundError:
        return KnownCameras()
    except (MessageInvalid, OSError) as error:
        log.error("last_good_config_unreadable", path=str(path), error=str(error))
        return KnownCameras()
