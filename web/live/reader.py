"""Reads watched cameras' newest pictures from Redis, in one thread a process and kind."""

from collections.abc import Collection, Mapping

import structlog

from vigil.bus.answers import Answers
from vigil.bus.frames.base import FrameBell, NewestFrames
from vigil.bus.watchers.base import Watchers
from vigil.clock import Clock
from vigil.domain.camera import CameraId
from vigil.domain.frame import read_stamp
from vigil.errors import BusUnavailable, FrameInvalid
from web.live.feeds import Feed, FeedBoard
from web.live.substitutes import Substitute

log = structlog.get_logger(__name__)

#: How long the reader waits for a bell before it looks who else watches.
WAIT_S = 0.2
#: A camera whose bell does not ring is looked at so often while it shows a frame ...
QUIET_S = 1.0
#: ... and so often while it shows something in its place.
MISSING_S = 0.2

#: How often it is said who is watched: in time, should one of them be lost.
SAY_EVERY_S = 1.0


class LiveReader:
    """Gives each watched camera's feed its newest picture, and something in its place.

    Args:
        store, bell: Of one kind of picture.
        board: The feeds of this kind.
        watchers: Told who is watched, so that it is made in full.
        takers: Told who is to be recorded for as long as somebody watches.
        substitute: What a camera without a picture shows.
        clock: For the pace.
    """

    def __init__(
        self,
        *,
        store: NewestFrames,
        bell: FrameBell,
        board: FeedBoard,
        watchers: Watchers,
        takers: Watchers,
        substitute: Substitute,
        clock: Clock,
    ) -> None:
        self._store = store
        self._bell = bell
        self._board = board
        self._substitute = substitute
        self._watchers, self._takers = watchers, takers
        self._clock = clock
        self._watched: frozenset[CameraId] = frozenset()
        self._said_s = float("-inf")

    def run_once(self) -> None:
        """Wait for a bell; show what is new of every camera that rang or was quiet for long."""
        feeds = self._board.watched()
        if feeds.keys() != self._watched:
            self._watched = frozenset(feeds)
            self._listen()
            self._said_s = float("-inf")
        self._say_watched(feeds)
        rung = self._bell.wait(WAIT_S)
        now_s = self._clock.monotonic_s()
        due = [
            feed
            for camera_id, feed in feeds.items()
            if camera_id in rung
            or now_s - feed.looked_s >= (QUIET_S if feed.is_live else MISSING_S)
        ]
        if due:
            self._look_at(due, now_s)

    def close(self) -> None:
        """Stop listening."""
        self._bell.close()

    def _listen(self) -> None:
        try:
            self._bell.listen_to(self._watched)
        except BusUnavailable as error:
            log.warning("bus_unavailable", what=str(error))
            self._watched = frozenset()

    def _say_watched(self, feeds: Mapping[CameraId, Feed]) -> None:
        now_s = self._clock.monotonic_s()
        if not self._watched or now_s - self._said_s < SAY_EVERY_S:
            return
        self._said_s = now_s
        try:
            self._watchers.say_watched(self._watched)
            if taken := [camera_id for camera_id, feed in feeds.items() if feed.takers]:
                self._takers.say_watched(taken)
        except BusUnavailable as error:
            log.warning("bus_unavailable", what=str(error))

    def _look_at(self, feeds: Collection[Feed], now_s: float) -> None:
        try:
            jpegs = self._store.newest([feed.camera_id for feed in feeds])
        except BusUnavailable as error:
            # The feeds say so: no picture is live that we cannot read.
            log.warning("bus_unavailable", what=str(error))
            jpegs = Answers()
        for feed in feeds:
            feed.looked_s = now_s
            jpeg = jpegs.get(feed.camera_id)
            order = None if jpeg is None else _order_of(feed.camera_id, jpeg)
            if jpeg is not None and order is not None:
                self._board.show(feed, jpeg, order, is_live=True)
            else:
                instead = self._substitute(feed.camera_id)
                if instead.name != feed.shown:
                    self._board.show(feed, instead.paint(), instead.name, is_live=False)


def _order_of(camera_id: CameraId, jpeg: bytes) -> tuple[int, int] | None:
    """Return a frame's order, or None where it is none of ours: nobody knows how old it is."""
    try:
        return read_stamp(jpeg).order
    except FrameInvalid as error:
        log.warning("frame_skipped", camera_id=camera_id, reason=str(error))
        return None
