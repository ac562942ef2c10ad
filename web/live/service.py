"""Live pictures of cameras, as the routes ask for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from gevent.threadpool import ThreadPool

from vigil.bus.frames.base import FrameStore
from vigil.clock import Clock
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable
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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One picture of a camera.

    Attributes:
        is_live: False: it is the no-signal picture.
    """

    jpeg: bytes
    is_live: bool


class LiveViews:
    """Snapshots and streams of one kind of picture.

    Args:
        store: Of the newest pictures.
        board: The feeds of this kind.
        waker: Of the hub that sends streams.
        substitute: What a camera without a picture shows.
        clock: For streams.
        recheck_s: How often a running stream asks whether its viewer may still watch.
    """

    def __init__(
        self,
        *,
        store: FrameStore,
        board: FeedBoard,
        waker: Waker,
        substitute: Substitute,
        clock: Clock,
        recheck_s: float = RECHECK_S,
    ) -> None:
        self._store = store
        self._board = board
        self._waker = waker
        self._substitute = substitute
        self._clock = clock
        self._recheck_s = recheck_s
        self._composers = Composers(clock)
        # Of its own: while PostgreSQL is silent all of them wait, and nothing else does.
        self._checks = ThreadPool(CHECK_THREADS)

    def snapshot(self, camera_id: CameraId) -> Snapshot:
        """Return the newest picture, or the no-signal picture of a camera that has none."""
        try:
            jpeg = self._store.newest([camera_id]).get(camera_id)
        except BusUnavailable as error:
            log.warning("bus_unavailable", what=str(error))
            jpeg = None
        if jpeg is None:
            return Snapshot(self._substitute(camera_id).paint(), is_live=False)
        return Snapshot(jpeg, is_live=True)

    def stream(self, camera_id: CameraId, *, still_allowed: StillAllowed) -> LiveStream:
        """Return a camera's stream for one viewer."""
        return self._live([camera_id], newest_part, still_allowed)

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
    ) -> LiveStream:
        return LiveStream(
            [self._board.join(camera_id) for camera_id in camera_ids],
            board=self._board,
            waker=self._waker,
            part_of=part_of,
            still_allowed=still_allowed,
            recheck_s=self._recheck_s,
            checks=self._checks,
            clock=self._clock,
        )
