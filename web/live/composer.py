"""Montages, composed once for all who watch the same one."""

import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeAlias

import gevent

from vigil.clock import Clock
from vigil.domain.camera import CameraId
from web.live.feeds import Feed
from web.live.montage import Grid, composed
from web.live.parts import part
from web.live.stream import in_thread

#: Pictures a second of a montage at most, whatever its cameras send.
MAX_FPS = 5.0
#: Montages whose newest picture is kept.
_KEPT = 32

#: A feed and its serial. A feed that all viewers left is made anew, and its serials begin again.
_Shown: TypeAlias = tuple[weakref.ref[Feed], int]


class Composer:
    """One montage: composed when it is due, and handed to every viewer."""

    def __init__(self, grid: Grid, clock: Clock) -> None:
        self._grid = grid
        self._clock = clock
        self._lock = threading.Lock()
        self._part: bytes | None = None
        self._shown: list[_Shown] = []
        self._due_s = 0.0

    def part_of(self, feeds: Sequence[Feed]) -> bytes | None:
        """Return the newest part; called in a greenlet of the hub."""
        # Its viewers wait for the pace of the montage, not of its fastest camera.
        gevent.sleep(max(0.0, self._due_s - self._clock.monotonic_s()))
        return in_thread(lambda: self._composed(feeds))

    def _composed(self, feeds: Sequence[Feed]) -> bytes | None:
        shown = [(weakref.ref(feed), feed.serial) for feed in feeds]
        with self._lock:
            is_due = self._clock.monotonic_s() >= self._due_s
            if self._part is None or (is_due and shown != self._shown):
                self._part = part(composed([feed.jpeg for feed in feeds], self._grid))
                self._shown = shown
                self._due_s = self._clock.monotonic_s() + 1 / MAX_FPS
            return self._part


class Composers:
    """The montages that were asked for lately."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._composers: OrderedDict[tuple[tuple[CameraId, ...], Grid], Composer] = OrderedDict()

    def composer_of(self, camera_ids: tuple[CameraId, ...], grid: Grid) -> Composer:
        """Return the composer of these cameras in this grid."""
        with self._lock:
            key = (camera_ids, grid)
            composer = self._composers.setdefault(key, Composer(grid, self._clock))
            self._composers.move_to_end(key)
            while len(self._composers) > _KEPT:
                self._composers.popitem(last=False)
            return composer
