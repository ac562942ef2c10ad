"""What is protected of a volume's footage: a file beside each camera's, so that no server is asked.

A volume that is moved takes them along. What web publishes replaces them where it is newer.
"""

from collections.abc import Collection
from pathlib import Path

import structlog

from recorder.footage.listing import cameras_on
from recorder.footage.volume import PROTECTED, Volume
from recorder.room.coverage import Coverage
from vigil.bus.footage.base import FootageStore
from vigil.clock import Clock
from vigil.domain.camera import CameraId
from vigil.durable_file import write_atomically
from vigil.errors import BusUnavailable, MessageInvalid, SetupInvalid
from vigil.footage_document import CameraProtections, ProtectedSpan
from vigil.messages import decode

log = structlog.get_logger(__name__)

#: Seconds between two questions to Redis.
ASK_EVERY_S = 2.0
#: Seconds after which a Redis that refuses us is asked again.
REFUSED_S = 60.0
#: Where it cannot be read what is protected, everything is.
_EVERYTHING = ProtectedSpan(since_us=0, until_us=2**53 - 1)


class Protections:
    """Follows what is protected, and keeps it on the volume.

    Args:
        volume: Whose footage.
        store: Where web publishes it.
        clock: For the pace of questions, and for what is over.
    """

    def __init__(self, volume: Volume, *, store: FootageStore, clock: Clock) -> None:
        self._volume, self._store, self._clock = volume, store, clock
        self._known: dict[CameraId, CameraProtections] = {}
        self._due_s = 0.0

    def of(self, camera_id: CameraId) -> Coverage:
        """Return what is protected of a camera now."""
        return Coverage(self._of(camera_id).in_force(self._clock.utc_us()))

    def refresh(self, *, is_urgent: bool = False) -> Collection[CameraId]:
        """Read what web has published, if that is due; return the cameras of which it is new.

        While Redis is away, or refuses us, what is known stays.

        Args:
            is_urgent: Whether something is about to be deleted: then it is due.

        Raises:
            VolumeUnavailable: It is not there, or cannot be read.
        """
        now_s = self._clock.monotonic_s()
        if now_s < self._due_s and not is_urgent:
            return ()
        self._due_s = now_s + ASK_EVERY_S
        try:
            published = self._store.protections(cameras_on(self._volume))
        except BusUnavailable as error:
            log.warning("protections_unread", reason=str(error))
            return ()
        except SetupInvalid as error:
            log.error("protections_refused", reason=str(error))
            self._due_s = now_s + REFUSED_S
            return ()
        return [each.camera_id for each in published.values() if self._take(each)]

    def _take(self, published: CameraProtections) -> bool:
        camera_id = published.camera_id
        if published.revision <= self._of(camera_id).revision:
            return False
        # It holds from now on, also where the disk does not take it: then it is told again after
        # a restart, by Redis.
        self._known[camera_id] = published
        try:
            write_atomically(self._path(camera_id), published.model_dump_json().encode())
        except OSError as error:
            log.error("protections_not_kept", camera_id=camera_id, reason=error.strerror)
        log.info("protections_changed", camera_id=camera_id, number=len(published.spans))
        return True

    def _of(self, camera_id: CameraId) -> CameraProtections:
        if camera_id not in self._known:
            # Who checks the volume asks from another thread: what was published meanwhile counts.
            self._known.setdefault(camera_id, self._read(camera_id))
        return self._known[camera_id]

    def _read(self, camera_id: CameraId) -> CameraProtections:
        try:
            return decode(CameraProtections, self._path(camera_id).read_bytes())
        except FileNotFoundError:
            return CameraProtections(camera_id=camera_id, revision=0)
        except (MessageInvalid, OSError) as error:
            log.error("protections_unreadable", camera_id=camera_id, reason=str(error))
            return CameraProtections(camera_id=camera_id, revision=0, spans=(_EVERYTHING,))

    def _path(self, camera_id: CameraId) -> Path:
        return self._volume.folder_of(camera_id) / PROTECTED
