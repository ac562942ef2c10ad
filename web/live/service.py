"""Live pictures of cameras, as the routes ask for them."""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import structlog

from vigil.bus.frames.base import FrameStore
from vigil.bus.status.base import StatusBoard
from vigil.clock import Clock, utc_from_us
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable
from vigil.messages import CameraState, CameraStatus
from web.live.feeds import FeedBoard
from web.live.no_signal import no_signal_jpeg
from web.live.stream import LiveStream, StillAllowed, Waker

log = structlog.get_logger(__name__)

#: Seconds after which a running stream asks whether its viewer may still watch.
RECHECK_S = 10.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One picture of a camera.

    Attributes:
        is_live: False: it is the no-signal picture.
    """

    jpeg: bytes
    is_live: bool


class NoSignal:
    """Makes the picture of a camera that has none.

    Args:
        statuses: Where the reason stands.
        name_of: The camera's name for people.
        site_zone: In which times are shown.
    """

    def __init__(
        self,
        *,
        statuses: StatusBoard[CameraStatus],
        name_of: Callable[[CameraId], str],
        site_zone: ZoneInfo,
    ) -> None:
        self._statuses = statuses
        self._name_of = name_of
        self._site_zone = site_zone

    def __call__(self, camera_id: CameraId) -> bytes:
        """Return the no-signal picture with the camera's name, the reason and since when."""
        name = self._name_of(camera_id)
        try:
            status = self._statuses.read([camera_id]).get(camera_id)
        except BusUnavailable:
            return no_signal_jpeg(name, None, "the server cannot reach its picture store")
        if status is None:
            return no_signal_jpeg(name, None, "no camera service looks after it")
        if status.state is not CameraState.INACTIVE:
            return no_signal_jpeg(name, None, "connecting ...")
        since = utc_from_us(status.since_us).astimezone(self._site_zone)
        return no_signal_jpeg(name, since.replace(microsecond=0), status.error)


class LiveViews:
    """Snapshots and streams of one kind of picture.

    Args:
        store: Of the newest pictures.
        board: The feeds of this kind.
        waker: Of the hub that sends streams.
        substitute: What a camera without a picture shows.
        clock: For streams.
    """

    def __init__(
        self,
        *,
        store: FrameStore,
        board: FeedBoard,
        waker: Waker,
        substitute: Callable[[CameraId], bytes],
        clock: Clock,
    ) -> None:
        self._store = store
        self._board = board
        self._waker = waker
        self._substitute = substitute
        self._clock = clock

    def snapshot(self, camera_id: CameraId) -> Snapshot:
        """Return the newest picture, or the no-signal picture of a camera that has none."""
        try:
            jpeg = self._store.newest([camera_id]).get(camera_id)
        except BusUnavailable as error:
            log.warning("bus_unavailable", what=str(error))
            jpeg = None
        if jpeg is None:
            return Snapshot(self._substitute(camera_id), is_live=False)
        return Snapshot(jpeg, is_live=True)

    def stream(self, camera_id: CameraId, *, still_allowed: StillAllowed) -> LiveStream:
        """Return a stream for one viewer."""
        return LiveStream(
            self._board.join(camera_id),
            board=self._board,
            waker=self._waker,
            still_allowed=still_allowed,
            recheck_s=RECHECK_S,
            clock=self._clock,
        )
