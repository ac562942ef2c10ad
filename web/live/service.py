"""Live pictures of cameras, as the routes ask for them."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from gevent.threadpool import ThreadPool

from vigil.bus.frames.base import NewestFrames
from vigil.bus.watchers.base import Watchers
from vigil.clock import MICROSECONDS, Clock
from vigil.domain.camera import CameraId
from vigil.domain.frame import FrameStamp, read_stamp
from vigil.errors import BusUnavailable, FrameInvalid
from web.live.composer import Composers
from web.live.feeds import Feed, FeedBoard
from web.live.montage import Grid
from web.live.stream import LiveStream, StillAllowed, Waker, newest_part
from web.live.substitutes import Substitute

log = structlog.get_logger(__name__)

#: Seconds after which a running stream asks whether its viewer may still watch.
RECHECK_S = 10.0
#: Questions at once whether somebody may still watch.
CHECK_THREADS = 4


#: An older picture is no picture of now: of a camera that rests, there may be one.
FRESH_S = 1.0
#: It is looked for so often, and at most so many times: half a second.
WAKE_LOOK_S, WAKE_LOOKS = 0.05, 10


@dataclass(frozen=True, slots=True)
class _Frame:
    """A stamped JPEG, and its stamp."""

    jpeg: bytes
    stamp: FrameStamp


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One picture of a camera.

    Attributes:
        is_live: False: it is the no-signal picture.
        stamp: Of the frame that it shows; None: it shows none.
    """

    jpeg: bytes
    is_live: bool
    stamp: FrameStamp | None = None


class LiveViews:
    """Snapshots and streams of one kind of picture.

    Args:
        store: Of the newest pictures.
        watchers: Told who is looked at, so that it is made in full.
        board: The feeds of this kind.
        waker: Of the hub that sends streams.
        substitute: What a camera without a picture shows.
        clock: For streams.
        recheck_s: How often a running stream asks whether its viewer may still watch.
    """

    def __init__(
        self,
        *,
        store: NewestFrames,
        watchers: Watchers,
        board: FeedBoard,
        waker: Waker,
        substitute: Substitute,
        clock: Clock,
        recheck_s: float = RECHECK_S,
    ) -> None:
        self._store = store
        self._watchers = watchers
        self._board = board
        self._waker = waker
        self._substitute = substitute
        self._clock = clock
        self._recheck_s = recheck_s
        self._never = threading.Event()
        self._composers = Composers(clock)
        # Of its own: while PostgreSQL is silent all of them wait, and nothing else does.
        self._checks = ThreadPool(CHECK_THREADS)

    def snapshot(self, camera_id: CameraId) -> Snapshot:
        """Return the newest picture, or the no-signal picture of a camera that has none.

        A camera that nobody watched is woken, and its picture of now is waited for a moment.
        """
        newest = self._newest(camera_id)
        if newest is None:
            return Snapshot(self._substitute(camera_id).paint(), is_live=False)
        asked_us = self._clock.utc_us()
        if asked_us - newest.stamp.captured_at_us > FRESH_S * MICROSECONDS:
            newest = self._woken(camera_id, than=newest)
        return Snapshot(newest.jpeg, is_live=True, stamp=newest.stamp)

    def _newest(self, camera_id: CameraId) -> _Frame | None:
        try:
            jpeg = self._store.newest([camera_id]).get(camera_id)
            return None if jpeg is None else _Frame(jpeg, read_stamp(jpeg))
        except (BusUnavailable, FrameInvalid) as error:
            log.warning("no_snapshot", camera_id=camera_id, what=str(error))
            return None

    def _woken(self, camera_id: CameraId, *, than: _Frame) -> _Frame:
        """Return a newer frame than one, as soon as there is one; else the same."""
        try:
            self._watchers.say_watched([camera_id])
        except BusUnavailable as error:
            log.warning("bus_unavailable", what=str(error))
            return than
        for _ in range(WAKE_LOOKS):
            self._never.wait(WAKE_LOOK_S)
            newer = self._newest(camera_id)
            if newer is not None and newer.stamp.captured_at_us > than.stamp.captured_at_us:
                return newer
        return than

    def stream(
        self, camera_id: CameraId, *, still_allowed: StillAllowed, takes: bool = False
    ) -> LiveStream:
        """Return a camera's stream for one viewer, who may have it recorded meanwhile."""
        return self._live([camera_id], newest_part, still_allowed, takes=takes)

    def montage(
        self, camera_ids: Sequence[CameraId], grid: Grid, *, still_allowed: StillAllowed
    ) -> LiveStream:
        """Return a stream of several cameras in one picture, for one viewer."""
        composer = self._composers.composer_of(tuple(camera_ids), grid)
        return self._live(camera_ids, composer.part_of, still_allowed)

    def _live(
        self,
        camera_ids: Sequence[CameraId],
        part_of: Callable[[Sequence[Feed]], bytes | None],
        still_allowed: StillAllowed,
        *,
        takes: bool = False,
    ) -> LiveStream:
        return LiveStream(
            [self._board.join(camera_id, takes=takes) for camera_id in camera_ids],
            board=self._board,
            waker=self._waker,
            part_of=part_of,
            still_allowed=still_allowed,
            recheck_s=self._recheck_s,
            checks=self._checks,
            clock=self._clock,
            takes=takes,
        )
