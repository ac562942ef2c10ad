"""A viewer's stream, and how a thread of ours wakes the greenlets that wait for a part."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

import gevent
from gevent.event import Event
from gevent.threadpool import ThreadPool

from vigil.clock import Clock
from web.live.feeds import Feed, FeedBoard

#: How often a stream looks whether its question was answered, while no picture comes.
_ANSWER_LOOK_S = 0.5


class Waker:
    """Wakes the hub's greenlets from other threads. Made in the hub's own thread."""

    def __init__(self) -> None:
        self._hub = gevent.get_hub()
        self._async = self._hub.loop.async_()
        self._async.start(self._wake)
        #: Filled in other threads, emptied in the hub's; neither ever looks through it.
        self._changed: deque[Feed] = deque()
        self._waiting: dict[Feed, set[Event]] = {}

    def notify(self, feed: Feed) -> None:
        """Say, in any thread, that a feed has a new part."""
        self._changed.append(feed)
        self._async.send()

    def wait(self, feeds: Sequence[Feed], *, behind: Sequence[int], timeout_s: float) -> bool:
        """Wait, in a greenlet, until a feed has another serial; return whether one has."""
        event = Event()
        # A montage may show a camera twice.
        awaited = set(feeds)
        for feed in awaited:
            self._waiting.setdefault(feed, set()).add(event)
        try:
            # A part may have come before we stood in line.
            return _has_more(feeds, behind) or bool(event.wait(timeout_s))
        finally:
            for feed in awaited:
                waiting = self._waiting[feed]
                waiting.discard(event)
                if not waiting:
                    del self._waiting[feed]

    def _wake(self) -> None:
        changed: set[Feed] = set()
        while self._changed:
            changed.add(self._changed.popleft())
        for feed in changed:
            for event in tuple(self._waiting.get(feed, ())):
                event.set()


def _has_more(feeds: Sequence[Feed], behind: Sequence[int]) -> bool:
    return any(feed.serial != serial for feed, serial in zip(feeds, behind, strict=True))


class StillAllowed(Protocol):
    """Says whether a running stream may go on. May block: it is called in a thread."""

    def __call__(self) -> bool:
        """Return False when the right to watch is gone."""
        ...


class LiveStream:
    """A body that the hub sends: pictures for one viewer, each new one, never the same twice.

    A slow viewer is sent the newest part when the one before has gone out, and holds up nobody.

    Args:
        feeds: What to show; joined by whoever makes the stream, left at its end.
        board: Of the feeds.
        waker: Of the hub that iterates.
        part_of: Makes a part of the feeds as they are now. May block when there are several.
        still_allowed: Asked every recheck_s.
        recheck_s: Seconds between two questions.
        checks: The threads that ask.
        clock: For recheck_s.
        takes: Whether the feeds were joined as those of who has them recorded meanwhile.
    """

    def __init__(
        self,
        feeds: Sequence[Feed],
        *,
        board: FeedBoard,
        waker: Waker,
        part_of: Callable[[Sequence[Feed]], bytes | None],
        still_allowed: StillAllowed,
        recheck_s: float,
        checks: ThreadPool,
        clock: Clock,
        takes: bool = False,
    ) -> None:
        self._feeds = feeds
        self._board = board
        self._waker = waker
        self._part_of = part_of
        self._still_allowed = still_allowed
        self._recheck_s = recheck_s
        self._checks = checks
        self._clock = clock
        self._takes, self._is_closed = takes, False

    def __iter__(self) -> Iterator[bytes]:
        """Yield parts until the viewer or its right is gone."""
        seen = [0] * len(self._feeds)
        sent: bytes | None = None
        due_s = self._clock.monotonic_s() + self._recheck_s
        answer: gevent.Greenlet | None = None
        while True:
            if answer is None and self._clock.monotonic_s() >= due_s:
                # Beside the stream: it goes on while PostgreSQL takes its time to answer.
                answer = gevent.spawn(self._checks.apply, self._still_allowed)
            if answer is not None and answer.ready():
                if not answer.get():
                    return
                answer, due_s = None, self._clock.monotonic_s() + self._recheck_s
            left_s = _ANSWER_LOOK_S if answer else max(0.0, due_s - self._clock.monotonic_s())
            if self._waker.wait(self._feeds, behind=seen, timeout_s=left_s):
                seen = [feed.serial for feed in self._feeds]
                part = self._part_of(self._feeds)
                # The part may be newer than the serials, which then change once more for it.
                if part is not None and part is not sent:
                    sent = part
                    yield part

    def close(self) -> None:
        """Leave the feeds. Called by the server at the end, however it came."""
        if not self._is_closed:
            self._is_closed = True
            for feed in self._feeds:
                self._board.leave(feed, takes=self._takes)


def newest_part(feeds: Sequence[Feed]) -> bytes | None:
    """Return the newest part of a single feed."""
    return feeds[0].part


ResultT = TypeVar("ResultT")


def in_thread(call: Callable[[], ResultT]) -> ResultT:
    """Return what call returns, which may block: the hub's other greenlets go on meanwhile."""
    result: ResultT = gevent.get_hub().threadpool.apply(call)
    return result
