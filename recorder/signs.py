"""Reads what is known of cameras now, as far as it decides whether they are recorded."""

from collections.abc import Collection
from dataclasses import dataclass

import structlog

from recorder.wanted import Signs, needs_signs
from vigil.bus.status.base import StatusBoard
from vigil.bus.watchers.base import Watchers
from vigil.camera_document import RECORDS_MOTION, CameraConfig, RecordingMode
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable
from vigil.messages import CameraStatus, FrameDetections

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignBoards:
    """Where it stands.

    Attributes:
        statuses: What camera_ctrl says of each camera.
        seen: What recognisers saw last.
        watchers: Who is watched.
        takers: Who is recorded for as long as somebody watches them.
    """

    statuses: StatusBoard[CameraStatus]
    seen: StatusBoard[FrameDetections]
    watchers: Watchers
    takers: Watchers

    def read(self, cameras: Collection[CameraConfig]) -> dict[CameraId, Signs]:
        """Return what is known of each of these that it matters for.

        While Redis is away nothing is known of any: no packet comes either.
        """
        asked = [each for each in cameras if needs_signs(each)]
        if not asked:
            return {}
        try:
            return self._read(asked)
        except BusUnavailable as error:
            log.warning("signs_unread", what=str(error))
            return {each.id: Signs() for each in asked}

    def _read(self, cameras: Collection[CameraConfig]) -> dict[CameraId, Signs]:
        ids = [each.id for each in cameras]
        moving = [each.id for each in cameras if each.recording in RECORDS_MOTION]
        seeing = [each.id for each in cameras if each.recording is RecordingMode.EVENTS]
        watching = [each.id for each in cameras if each.recording_rules.while_watched]
        statuses = self.statuses.read(moving) if moving else {}
        seen = self.seen.read(seeing) if seeing else {}
        watched = self.watchers.watched(watching) if watching else frozenset()
        taken = self.takers.watched(ids)
        return {
            each: Signs(statuses.get(each), seen.get(each), each in watched, each in taken)
            for each in ids
        }
