"""One viewer's stream in a real hub, fed from another thread."""

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import gevent
import pytest
from gevent.threadpool import ThreadPool

from tests.builders import CAMERA, OTHER_CAMERA
from vigil.clock import FakeClock
from web.live.feeds import Feed, FeedBoard
from web.live.parts import part
from web.live.stream import LiveStream, Waker, newest_part

RECHECK_S = 10.0


@dataclass(slots=True)
class Bench:
    """A board whose feeds wake the hub, and the right to watch."""

    clock: FakeClock = field(default_factory=FakeClock)
    waker: Waker = field(default_factory=Waker)
    checks: ThreadPool = field(default_factory=lambda: ThreadPool(1))
    is_allowed: bool = True
    asked: int = 0
    board: FeedBoard = field(init=False)

    def __post_init__(self) -> None:
        self.board = FeedBoard(self.waker.notify)

    def stream(
        self,
        *feeds: Feed,
        part_of: Callable[[Sequence[Feed]], bytes | None] = newest_part,
    ) -> LiveStream:
        return LiveStream(
            feeds,
            board=self.board,
            waker=self.waker,
            part_of=part_of,
            still_allowed=self._still_allowed,
            recheck_s=RECHECK_S,
            checks=self.checks,
            clock=self.clock,
        )

    def _still_allowed(self) -> bool:
        self.asked += 1
        return self.is_allowed

    def show(self, feed: Feed, picture: bytes) -> None:
        self.board.show(feed, picture, (picture,), is_live=True)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def in_another_thread(*calls: Callable[[], object]) -> None:
    def run() -> None:
        for call in calls:
            call()

    threading.Thread(target=run).start()


def next_of(parts: Iterator[bytes], *, within_s: float = 10.0) -> bytes:
    with gevent.Timeout(within_s):
        return next(parts)


def test_a_viewer_gets_what_is_there_and_then_what_comes(bench: Bench) -> None:
    feed = bench.board.join(CAMERA)
    bench.show(feed, b"one")
    parts = iter(bench.stream(feed))
    assert next_of(parts) == part(b"one")

    in_another_thread(lambda: bench.show(feed, b"two"))

    assert next_of(parts) == part(b"two")


def test_a_viewer_that_comes_before_the_first_picture_waits_for_it(bench: Bench) -> None:
    feed = bench.board.join(CAMERA)
    parts = iter(bench.stream(feed))
    in_another_thread(lambda: bench.show(feed, b"one"))

    assert next_of(parts) == part(b"one")


def test_a_slow_viewer_gets_the_newest_and_skips_the_rest(bench: Bench) -> None:
    feed = bench.board.join(CAMERA)
    parts = iter(bench.stream(feed))
    bench.show(feed, b"one")
    assert next_of(parts) == part(b"one")

    for picture in (b"two", b"three", b"four"):
        bench.show(feed, picture)

    assert next_of(parts) == part(b"four")


def test_nobody_is_sent_the_same_part_twice_when_it_comes_while_he_looks(bench: Bench) -> None:
    feed = bench.board.join(CAMERA)

    def overtaken(feeds: Sequence[Feed]) -> bytes | None:
        # The reader's thread puts a newer part there between the look at serial and part.
        if feed.serial == 1:
            bench.show(feed, b"two")
        return newest_part(feeds)

    parts = iter(bench.stream(feed, part_of=overtaken))
    bench.show(feed, b"one")
    assert next_of(parts) == part(b"two")

    in_another_thread(lambda: bench.show(feed, b"three"))

    assert next_of(parts) == part(b"three")


def test_a_stream_of_several_cameras_goes_on_when_any_of_them_does(bench: Bench) -> None:
    feeds = bench.board.join(CAMERA), bench.board.join(OTHER_CAMERA)

    def both(feeds: Sequence[Feed]) -> bytes:
        return b"+".join(feed.jpeg or b"-" for feed in feeds)

    parts = iter(bench.stream(*feeds, part_of=both))
    in_another_thread(lambda: bench.show(feeds[1], b"two"))
    assert next_of(parts) == b"-+two"

    in_another_thread(lambda: bench.show(feeds[0], b"one"))
    assert next_of(parts) == b"one+two"


def test_a_stream_ends_when_the_right_to_watch_is_gone(bench: Bench) -> None:
    feed = bench.board.join(CAMERA)
    parts = iter(bench.stream(feed))
    bench.show(feed, b"one")
    next_of(parts)

    # It is asked beside the stream, which goes on meanwhile.
    bench.clock.advance(RECHECK_S)
    bench.show(feed, b"two")
    assert next_of(parts) == part(b"two")
    hears(parts, bench, feed, until=lambda: bench.asked == 1)

    bench.is_allowed = False
    bench.clock.advance(RECHECK_S)
    with pytest.raises(StopIteration):
        hears(parts, bench, feed, until=lambda: False)
    assert bench.asked == 2


def hears(parts: Iterator[bytes], bench: Bench, feed: Feed, *, until: Callable[[], bool]) -> None:
    """Take parts for ten seconds at most."""
    with gevent.Timeout(10.0):
        for number in itertools.count():
            if until():
                return
            gevent.sleep(0.01)
            bench.show(feed, b"%d" % number)
            next(parts)


def test_a_stream_leaves_its_feeds_once_however_often_it_is_closed(bench: Bench) -> None:
    bench.board.join(CAMERA)
    stream = bench.stream(bench.board.join(CAMERA))

    stream.close()
    stream.close()

    assert bench.board.watched()[CAMERA].viewers == 1


def test_every_viewer_of_many_is_woken_by_a_part_from_another_thread(bench: Bench) -> None:
    feed = bench.board.join(CAMERA)
    got: list[list[bytes]] = []

    def watch() -> None:
        mine: list[bytes] = []
        got.append(mine)
        for each in bench.stream(feed):
            mine.append(each)
            if each == part(b"last"):
                return

    viewers = [gevent.spawn(watch) for _ in range(50)]
    gevent.sleep(0)
    pictures = [b"%d" % number for number in range(500)] + [b"last"]
    in_another_thread(*(lambda each=each: bench.show(feed, each) for each in pictures))

    assert len(gevent.joinall(viewers, timeout=30.0)) == 50
    for mine in got:
        assert mine[-1] == part(b"last")
        assert len(mine) == len(set(mine))
    assert bench.waker._waiting == {}
