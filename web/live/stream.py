"""A viewer's stream, and how a thread of ours wakes the greenlets that wait for a part."""

from collections.abc import Callable, Iterator
from typing import Protocol

import gevent
from gevent.event import Event

from vigil.clock import Clock
from web.live.feeds import Feed, FeedBoard


class Waker:
    """Wakes the hub's greenlets from other threads. Made in the hub's own thread."""

    def __init__(self) -> None:
        self._hub = gevent.get_hub()
        self._async = self._hub.loop.async_()
        self._async.start(self._wake)
        self._changed: set[Feed] = set()
        self._waiting: dict[Feed, set[Event]] = {}

    def notify(self, feed: Feed) -> None:
        """Say, in any thread, that a feed has a new part."""
        self._changed.add(feed)
        self._async.send()

    def wait(self, feed: Feed, *, behind: int, timeout_s: float) -> bool:
        """Wait, in a greenlet, until feed is behind a serial; return whether it is."""
        if feed.serial != behind:
            return True
        event = Event()
        waiting = self._waiting.setdefault(feed, set())
        waiting.add(event)
        try:
            # Again, since it may have come before we stood in line.
            return feed.serial != behind or bool(event.wait(timeout_s))
        finally:
            waiting.discard(event)
            if not waiting:
                self._waiting.pop(feed, None)

    def _wake(self) -> None:
        changed, self._changed = self._changed, set()
        for feed in changed:
            for event in tuple(self._waiting.get(feed, ())):
                event.set()


class StillAllowed(Protocol):
    """Says whether a running stream may go on. May block: it is called in a thread."""

    def __call__(self) -> bool:
        """Return False when the right to watch is gone."""
        ...


class LiveStream:
    """The parts of one camera for one viewer: each new one, never the same twice.

    A slow viewer is sent the newest part when the one before has gone out, and holds up nobody.

    Args:
        feed: Joined by whoever makes the stream; left at its end.
        board: Of the feed.
        waker: Of the hub that iterates.
        still_allowed: Asked every recheck_s.
        recheck_s: Seconds between two questions.
        clock: For recheck_s.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        board: FeedBoard,
        waker: Waker,
        still_allowed: StillAllowed,
        recheck_s: float,
        clock: Clock,
    ) -> None:
        self._feed = feed
        self._board = board
        self._waker = waker
        self._still_allowed = still_allowed
        self._recheck_s = recheck_s
        self._clock = clock
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        """Yield parts until the viewer or its right is gone."""
        serial = 0
        recheck_at_s = self._clock.monotonic_s() + self._recheck_s
        while True:
            left_s = recheck_at_s - self._clock.monotonic_s()
            if left_s <= 0:
                if not in_thread(self._still_allowed):
                    return
                recheck_at_s = self._clock.monotonic_s() + self._recheck_s
                continue
            if self._waker.wait(self._feed, behind=serial, timeout_s=left_s):
                serial, part = self._feed.serial, self._feed.part
                if part is not None:
                    yield part

    def close(self) -> None:
        """Leave the feed. Called by the server at the end, however it came."""
        if not self._is_closed:
            self._is_closed = True
            self._board.leave(self._feed)


def in_thread(call: Callable[[], bool]) -> bool:
    """Return what call returns, which may block: the hub's other greenlets go on meanwhile."""
    return bool(gevent.get_hub().threadpool.apply(call))
