"""Which camera to look at next: the newest frame of the one that has waited longest."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import structlog

from vigil.bus.answers import Answers
from vigil.bus.frames.base import FrameBell, NewestFrames
from vigil.clock import Clock
from vigil.domain.camera import CameraId
from vigil.domain.frame import FrameStamp, read_stamp
from vigil.errors import FrameInvalid, ServerUnavailable

log = structlog.get_logger(__name__)

#: Seconds of silence after which a camera is looked at without having rung.
_LOOK_ANYWAY_S = 1.0


@dataclass(frozen=True, slots=True)
class RawFrame:
    """A camera's newest picture, not looked at before.

    Attributes:
        jpeg: As camera_ctrl wrote it.
        stamp: Which frame it shows.
        skipped: How many frames were passed over since the last look.
    """

    camera_id: CameraId
    jpeg: bytes
    stamp: FrameStamp
    skipped: int


@dataclass(slots=True)
class _Camera:
    #: When it was last looked for, by the monotonic clock; never: before everything.
    looked_s: float = field(default=float("-inf"))
    has_rung: bool = True
    seen: FrameStamp | None = None
    is_gone: bool = False


class FrameWatch:
    """Hands out frames, the newest of each camera once.

    Args:
        frames: The raw pictures.
        boxed: The annotated ones: what another has looked at is not looked at again.
        bell: Rings when one was written.
        clock: For whose turn it is.
    """

    def __init__(
        self, *, frames: NewestFrames, boxed: NewestFrames, bell: FrameBell, clock: Clock
    ) -> None:
        self._frames = frames
        self._boxed = boxed
        self._bell = bell
        self._clock = clock
        self._cameras: dict[CameraId, _Camera] = {}
        self._gone: list[CameraId] = []

    def next_unseen(
        self, camera_ids: Collection[CameraId], *, timeout_s: float, at_most: int = 1
    ) -> list[RawFrame]:
        """Return the newest unseen frames of the cameras that have waited longest for a look.

        It waits for the first, not for more: those that come meanwhile are the next call's.

        Args:
            camera_ids: The cameras to look at, and no others.
            timeout_s: How long to wait for one.
            at_most: How many to return.

        Raises:
            BusUnavailable: Redis does not answer, and not one server of a cluster alone.
        """
        self._attend(camera_ids)
        if not self._due():
            self._hear(timeout_s)
        else:
            self._hear(0)
        due, frames = self._due(), list[RawFrame]()
        while due and len(frames) < at_most:
            asked = at_most - len(frames)
            frames += self._look(due[:asked])
            due = due[asked:]
        return frames

    def take_gone(self) -> list[CameraId]:
        """Return the cameras that lost their picture since the last call: they are dead."""
        gone, self._gone = self._gone, []
        return gone

    def _attend(self, camera_ids: Collection[CameraId]) -> None:
        if self._cameras.keys() == set(camera_ids):
            return
        looked_at = self._looked_at([each for each in camera_ids if each not in self._cameras])
        # Before they are taken for heard: what fails is done again in the next round.
        self._bell.listen_to(camera_ids)
        self._cameras = {
            each: self._cameras.get(each, _Camera(seen=looked_at.get(each))) for each in camera_ids
        }

    def _looked_at(self, camera_ids: Collection[CameraId]) -> dict[CameraId, FrameStamp]:
        """Return the frames at which the holders before us looked last."""
        stamps = {}
        try:
            boxed = self._boxed.newest(camera_ids)
        except ServerUnavailable as error:
            log.warning("boxed_images_unread", what=str(error))
            return {}
        for camera_id, jpeg in boxed.items():
            try:
                stamps[camera_id] = read_stamp(jpeg)
            except FrameInvalid as error:
                log.warning("boxed_image_ignored", camera_id=camera_id, reason=str(error))
        return stamps

    def _hear(self, timeout_s: float) -> None:
        for camera_id in self._bell.wait(timeout_s):
            if camera_id in self._cameras:
                self._cameras[camera_id].has_rung = True

    def _due(self) -> list[CameraId]:
        late_s = self._clock.monotonic_s() - _LOOK_ANYWAY_S
        due = [
            camera_id
            for camera_id, camera in self._cameras.items()
            if camera.has_rung or camera.looked_s <= late_s
        ]
        return sorted(due, key=lambda camera_id: self._cameras[camera_id].looked_s)

    def _look(self, camera_ids: Sequence[CameraId]) -> list[RawFrame]:
        now_s = self._clock.monotonic_s()
        for camera_id in camera_ids:
            camera = self._cameras[camera_id]
            # Before the read: a ring during it is for a frame that we may not have got.
            camera.has_rung = False
            camera.looked_s = now_s
        jpegs, what = Answers[bytes](), "its server does not answer"
        try:
            jpegs = self._frames.newest(camera_ids)
        except ServerUnavailable as error:
            jpegs.unread, what = frozenset(camera_ids), str(error)
        for camera_id in jpegs.unread:
            # It is looked for again in a second; the other servers' cameras have their turn.
            log.warning("frame_unread", camera_id=camera_id, what=what)
        read = [each for each in camera_ids if each not in jpegs.unread]
        frames = [self._unseen(each, jpegs.get(each)) for each in read]
        return [each for each in frames if each is not None]

    def _unseen(self, camera_id: CameraId, jpeg: bytes | None) -> RawFrame | None:
        camera = self._cameras[camera_id]
        if jpeg is None:
            if camera.seen is not None and not camera.is_gone:
                self._gone.append(camera_id)
            camera.is_gone = True
            return None
        camera.is_gone = False
        try:
            stamp = read_stamp(jpeg)
        except FrameInvalid as error:
            log.warning("frame_skipped", camera_id=camera_id, reason=str(error))
            return None
        last = camera.seen
        if last is not None and stamp.order <= last.order:
            return None
        camera.seen = stamp
        skipped = 0 if last is None else stamp.skipped_since(last)
        return RawFrame(camera_id, jpeg, stamp, skipped)
