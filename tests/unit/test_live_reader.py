"""What viewers of a camera are sent, between twins."""

from collections.abc import Collection
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from tests.builders import CAMERA, OTHER_CAMERA, a_camera, a_jpeg, a_status
from vigil import keys
from vigil.bus.answers import Answers
from vigil.bus.frames.memory import MemoryFrameBell, MemoryFrameStore
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.status.memory import MemoryStatusBoard
from vigil.bus.watchers.memory import MemoryWatchers
from vigil.camera_document import CameraConfig
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable, ServerUnavailable
from vigil.messages import CameraState, CameraStatus
from web.live.feeds import Feed, FeedBoard
from web.live.no_signal import no_signal_jpeg
from web.live.parts import part
from web.live.reader import LiveReader
from web.live.substitutes import NoSignal


class LeavingFrameStore(MemoryFrameStore):
    """Pictures that are away when the test says so."""

    is_away = False
    asked = 0

    @override
    def newest(self, camera_ids: Collection[CameraId]) -> Answers[bytes]:
        self.asked += 1
        if self.is_away:
            raise BusUnavailable("away")
        return super().newest(camera_ids)


class LeavingStatusBoard(MemoryStatusBoard[CameraStatus]):
    """Statuses that are away when the test says so, and count who asked."""

    is_away = False
    #: The cameras of a server of a cluster that does not answer.
    silent: frozenset[CameraId] = frozenset()
    asked = 0

    @override
    def read(self, camera_ids: Collection[CameraId]) -> Answers[CameraStatus]:
        self.asked += 1
        if self.silent.issuperset(camera_ids):
            raise ServerUnavailable("away")
        if self.is_away:
            raise BusUnavailable("away")
        return super().read(camera_ids)


class DeafBell(MemoryFrameBell):
    """A bell that can be deaf, and counts who asked it to listen."""

    is_deaf = False
    listened = 0

    @override
    def listen_to(self, camera_ids: Collection[CameraId]) -> None:
        self.listened += 1
        if self.is_deaf:
            raise BusUnavailable("away")
        super().listen_to(camera_ids)


@dataclass(slots=True)
class Facts:
    cameras: dict[CameraId, CameraConfig] = field(
        default_factory=lambda: {CAMERA: a_camera(CAMERA)}
    )


@dataclass(slots=True)
class Bench:
    """A reader between twins, and all that it showed."""

    clock: FakeClock = field(default_factory=FakeClock)
    bell: DeafBell = field(default_factory=DeafBell)
    shown: list[bytes | None] = field(default_factory=list)
    leases: MemoryLeases = field(init=False)
    frames: LeavingFrameStore = field(init=False)
    statuses: LeavingStatusBoard = field(init=False)
    board: FeedBoard = field(init=False)
    watchers: MemoryWatchers = field(init=False)
    takers: MemoryWatchers = field(init=False)
    reader: LiveReader = field(init=False)
    epoch: Epoch = field(init=False)

    def __post_init__(self) -> None:
        self.leases = MemoryLeases(self.clock)
        self.frames = LeavingFrameStore(self.leases, self.clock, self.bell)
        self.statuses = LeavingStatusBoard(self.leases, self.clock)
        self.board = FeedBoard(lambda feed: self.shown.append(feed.part))
        self.watchers, self.takers = MemoryWatchers(self.clock), MemoryWatchers(self.clock)
        self.reader = LiveReader(
            store=self.frames,
            bell=self.bell,
            board=self.board,
            watchers=self.watchers,
            takers=self.takers,
            substitute=NoSignal(
                statuses=self.statuses,
                facts=Facts(),
                site_zone=ZoneInfo("UTC"),
                clock=self.clock,
            ),
            clock=self.clock,
        )
        epoch = self.leases.acquire(CAMERA, "camera_ctrl", ttl_s=3.0, last_seen=Epoch(0))
        assert epoch is not None
        self.epoch = epoch

    def write(self, jpeg: bytes, *, ttl_s: float = 4.0) -> None:
        self.frames.put(CAMERA, jpeg, epoch=self.epoch, ttl_s=ttl_s)

    def let_pass(self, seconds: float) -> None:
        """Let the reader turn as often as its bell lets it."""
        for _ in range(round(seconds / 0.2)):
            self.clock.advance(0.2)
            self.reader.run_once()


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def feed(bench: Bench) -> Feed:
    return bench.board.join(CAMERA)


def test_shows_each_frame_once_however_often_it_looks(bench: Bench, feed: Feed) -> None:
    for sequence in (1, 2, 3):
        bench.write(a_jpeg(sequence))
        bench.reader.run_once()
        bench.bell.ring(CAMERA)
        bench.let_pass(2.0)

    assert bench.shown == [part(a_jpeg(sequence)) for sequence in (1, 2, 3)]
    assert feed.serial == 3
    assert feed.is_live


def test_shows_the_newest_of_frames_that_came_meanwhile(bench: Bench, feed: Feed) -> None:
    for sequence in (1, 2, 3):
        bench.write(a_jpeg(sequence))
    bench.reader.run_once()

    assert bench.shown == [part(a_jpeg(3))]


def test_shows_what_redis_holds_even_where_it_is_numbered_lower(bench: Bench, feed: Feed) -> None:
    # Only the lease's holder can write: what it wrote last is the newest, whatever its number.
    bench.write(a_jpeg(500))
    bench.reader.run_once()
    bench.write(a_jpeg(1))
    bench.reader.run_once()

    assert bench.shown == [part(a_jpeg(500)), part(a_jpeg(1))]


def test_a_camera_whose_bell_is_not_heard_is_looked_at_each_second(
    bench: Bench, feed: Feed
) -> None:
    bench.write(a_jpeg(1))
    bench.reader.run_once()
    bench.write(a_jpeg(2))
    bench.bell.wait(0.0)

    bench.let_pass(0.8)
    assert len(bench.shown) == 1
    bench.let_pass(0.4)

    assert bench.shown == [part(a_jpeg(1)), part(a_jpeg(2))]


def test_a_dead_camera_shows_no_signal_once_a_second(bench: Bench, feed: Feed) -> None:
    bench.let_pass(10.0)

    assert len(bench.shown) == pytest.approx(10, abs=1)
    assert not feed.is_live
    assert feed.jpeg is not None
    assert feed.jpeg.startswith(b"\xff\xd8")


def test_no_signal_takes_the_place_of_a_frame_as_soon_as_it_is_gone(
    bench: Bench, feed: Feed
) -> None:
    bench.write(a_jpeg(1), ttl_s=4.0)
    bench.reader.run_once()

    bench.let_pass(3.8)
    assert len(bench.shown) == 1
    bench.let_pass(1.4)

    assert len(bench.shown) >= 2
    assert not feed.is_live


def test_a_camera_that_comes_back_is_shown_at_once(bench: Bench, feed: Feed) -> None:
    bench.let_pass(3.0)
    shown = len(bench.shown)

    bench.write(a_jpeg(1))
    bench.reader.run_once()

    assert bench.shown[shown:] == [part(a_jpeg(1))]
    assert feed.is_live


def test_while_redis_is_away_no_picture_is_taken_for_live(bench: Bench, feed: Feed) -> None:
    bench.write(a_jpeg(1), ttl_s=60.0)
    bench.reader.run_once()
    bench.frames.is_away = True

    bench.let_pass(5.0)
    assert not feed.is_live
    assert len(bench.shown) == pytest.approx(5, abs=1)

    bench.frames.is_away = False
    bench.let_pass(0.4)
    assert bench.shown[-1] == part(a_jpeg(1))


@pytest.mark.parametrize("picture", [b"\xff\xd8 without a stamp \xff\xd9", b"", b"no JPEG"])
def test_a_picture_of_which_nobody_knows_the_age_is_not_shown(
    picture: bytes, bench: Bench, feed: Feed
) -> None:
    bench.write(a_jpeg(1))
    bench.reader.run_once()

    bench.write(picture, ttl_s=60.0)
    with capture_logs():
        bench.let_pass(2.0)

    assert not feed.is_live
    assert part(picture) not in bench.shown


def test_reads_only_what_somebody_watches(bench: Bench) -> None:
    bench.let_pass(2.0)
    assert bench.frames.asked == 0

    feed = bench.board.join(CAMERA)
    bench.let_pass(0.2)
    assert bench.frames.asked == 1

    bench.board.leave(feed)
    bench.let_pass(2.0)
    assert bench.frames.asked == 1


def test_reads_all_that_is_due_at_once(bench: Bench) -> None:
    for camera_id in (CAMERA, OTHER_CAMERA):
        bench.board.join(camera_id)

    bench.reader.run_once()

    assert bench.frames.asked == 1
    assert len(bench.shown) == 2


def test_listens_again_only_when_others_are_watched(bench: Bench, feed: Feed) -> None:
    bench.let_pass(1.0)
    assert bench.bell.listened == 1

    bench.board.join(OTHER_CAMERA)
    bench.let_pass(1.0)
    assert bench.bell.listened == 2


def test_a_bell_that_could_not_be_listened_to_is_tried_again(bench: Bench, feed: Feed) -> None:
    bench.bell.is_deaf = True
    bench.let_pass(0.6)
    bench.bell.is_deaf = False
    bench.let_pass(0.2)
    listened = bench.bell.listened
    bench.let_pass(1.0)

    assert listened == 4
    assert bench.bell.listened == listened


def test_no_signal_says_why_and_since_when(bench: Bench, feed: Feed) -> None:
    pictures = set()
    for status in (
        None,
        a_status(state=CameraState.STARTING),
        a_status(state=CameraState.INACTIVE, error="wrong user or password"),
        a_status(state=CameraState.INACTIVE, error="no route to the camera"),
        a_status(state=CameraState.INACTIVE, error="no route to the camera", since_us=10**15),
    ):
        if status is not None:
            bench.statuses.put(CAMERA, status, epoch=bench.epoch)
        bench.let_pass(1.0)
        pictures.add(feed.jpeg)

    assert len(pictures) == 5


def test_many_dead_cameras_do_not_each_wait_for_a_redis_that_is_away(bench: Bench) -> None:
    # Each question may take seconds when it is not refused, but lost.
    feeds = [bench.board.join(CameraId(number)) for number in range(1, 21)]
    bench.statuses.is_away = True

    bench.let_pass(3.0)

    assert bench.statuses.asked <= 4
    assert all(feed.serial >= 3 for feed in feeds)

    bench.statuses.is_away = False
    bench.let_pass(1.0)
    asked = bench.statuses.asked
    bench.let_pass(1.0)
    assert bench.statuses.asked > asked + 20


def test_of_the_other_servers_cameras_it_is_said_why_they_give_no_picture(bench: Bench) -> None:
    first, second = (bench.board.join(each) for each in (CAMERA, OTHER_CAMERA))
    bench.statuses.silent = frozenset({CAMERA})
    bench.let_pass(1.0)

    # One of them has no camera service; of the other nobody knows
    assert first.jpeg == no_signal_jpeg(
        "camera 7", None, "the server cannot reach its picture store"
    )
    assert second.jpeg == no_signal_jpeg("camera 8", None, "no camera service looks after it")


def test_says_who_is_recorded_for_as_long_as_one_who_has_it_so_watches() -> None:
    bench = Bench()
    plain, taking = bench.board.join(CAMERA), bench.board.join(CAMERA, takes=True)
    bench.let_pass(1.0)
    assert bench.takers.watched([CAMERA, OTHER_CAMERA]) == {CAMERA}

    bench.board.leave(taking, takes=True)
    bench.let_pass(keys.WATCHED_TTL_S + 1.0)
    assert bench.takers.watched([CAMERA]) == frozenset()
    assert bench.watchers.watched([CAMERA]) == {CAMERA}
    bench.board.leave(plain)


def test_a_feed_lives_until_as_many_have_left_as_have_joined(bench: Bench) -> None:
    first = bench.board.join(CAMERA)
    second = bench.board.join(CAMERA)
    assert first is second

    bench.board.leave(first)
    assert bench.board.watched() == {CAMERA: second}
    bench.board.leave(second)
    assert bench.board.watched() == {}

    assert bench.board.join(CAMERA) is not first


def test_says_who_is_watched_for_as_long_as_somebody_is() -> None:
    bench = Bench()
    bench.reader.run_once()
    assert bench.watchers.watched([CAMERA]) == frozenset()

    feed = bench.board.join(CAMERA)
    for _ in range(10):
        bench.reader.run_once()
        assert bench.watchers.watched([CAMERA, OTHER_CAMERA]) == {CAMERA}
        bench.clock.advance(0.9)
    bench.board.leave(feed)
    bench.reader.run_once()
    bench.clock.advance(keys.WATCHED_TTL_S)

    assert bench.watchers.watched([CAMERA]) == frozenset()
