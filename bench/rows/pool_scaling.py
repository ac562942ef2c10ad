"""``pool-scaling``: forty cameras, one worker, then four; then one of them is killed.

Workers are real but for what looks: it takes 0.1 s and no core, so that four do not wait for each
other's cores, as on machines of their own. Frames are of the best footage there is.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle, pairwise
from statistics import mean

import psutil
import redis

from bench.children import python, wait_until
from bench.clips import best_footage, clip
from bench.frames import FrameWriter, jpegs_of
from bench.interleave import pause
from bench.machine import Machine, a_machine, configure
from bench.result import Bar, Measured, Part, RowResult
from vigil import keys
from vigil.bus.status.redis import RedisStatusBoard
from vigil.camera_document import CameraConfig
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId
from vigil.domain.frame import FrameStamp, read_stamp
from vigil.messages import RecognitionStatus

NAME = "pool-scaling"
#: Twice as many frames as four workers look at.
_CAMERAS, _FPS = 40, 2.0
_SIZE_WH = (640, 360)
_ROUNDS, _WINDOW_S = 3, 8.0
_START_S = 90.0
#: What a newcomer measured has been announced, and cameras have moved for it.
_SETTLE_S = 12.0
_CONFIGS = [
    CameraConfig(
        id=CameraId(number),
        revision=1,
        name=f"camera {number}",
        sealed_url="connected by nobody",
        frame_fps=_FPS,
    )
    for number in range(1, _CAMERAS + 1)
]


class _Boxed:
    """Every boxed image, as the server rings with its head."""

    def __init__(self, client: redis.Redis) -> None:
        self._pubsub = client.pubsub(ignore_subscribe_messages=True)
        self._camera_of = {
            keys.frame_bell(each.id, keys.FrameKind.BOXED).encode(): each.id for each in _CONFIGS
        }
        self._pubsub.ssubscribe(*self._camera_of)
        self.stamps: dict[CameraId, list[FrameStamp]] = {each.id: [] for each in _CONFIGS}

    def follow(self) -> None:
        """Take what came."""
        message = self._pubsub.get_message(timeout=0.1)
        if message is not None and message["type"] == "smessage":
            stamp = read_stamp(message["data"])
            self.stamps[self._camera_of[message["channel"]]].append(stamp)

    def count(self) -> int:
        """Return how many distinct frames were boxed."""
        return sum(len({stamp.order for stamp in each}) for each in self.stamps.values())

    def repeated(self) -> int:
        """Return how many were boxed that were not newer than the one before."""
        return sum(
            later.order <= earlier.order
            for stamps in self.stamps.values()
            for earlier, later in pairwise(list(stamps))
        )


def measure() -> RowResult:
    """Measure one, then four; count what was boxed twice in all."""
    with a_machine() as machine, machine.media_client() as client, ExitStack() as workers:
        configure(machine, _CONFIGS)
        boxed = _Boxed(client)
        with _filmed(client), _in_thread(boxed.follow):
            pids = [_worker(workers, machine, 1)]
            wait_until(lambda: all(boxed.stamps.values()), what="all boxed", timeout_s=_START_S)
            pause(_SETTLE_S)
            by_one = [_boxed_fps(boxed) for _ in range(_ROUNDS)]
            pids += [_worker(workers, machine, number) for number in (2, 3, 4)]
            wait_until(lambda: len(_owners(client)) == 4, what="all share", timeout_s=_START_S)
            pause(_SETTLE_S)
            by_four, off_percent = [], []
            for _ in range(_ROUNDS):
                by_four.append(_boxed_fps(boxed))
                off_percent.append(_furthest_off_percent(client))
            psutil.Process(pids[-1]).kill()
            wait_until(lambda: len(_owners(client)) == 3, what="taken over", timeout_s=_START_S)
            pause(_WINDOW_S)
        repeated = float(boxed.repeated())
    bar = Bar(at_least=3.6, of=Measured.RATIO)
    return RowResult(
        NAME,
        [
            Part("four against one", "frames a second", bar, by_four, by_one),
            Part("boxed twice", "frames", Bar(0.0), [repeated]),
            Part("share off by", "%", Bar(25.0), off_percent),
        ],
    )


def _worker(workers: ExitStack, machine: Machine, number: int) -> int:
    return workers.enter_context(
        machine.service(
            python("bench.programs.even_worker"),
            log=f"worker-{number}",
            environment={
                "DEFAULT_MODEL": "basic",
                "VIGIL_HOME": str(machine.folder / f"worker-{number}"),
                "LOG_LEVEL": "WARNING",
            },
        )
    )


def _boxed_fps(boxed: _Boxed) -> float:
    clock = SystemClock()
    before, begun_s = boxed.count(), clock.monotonic_s()
    pause(_WINDOW_S)
    return (boxed.count() - before) / (clock.monotonic_s() - begun_s)


def _owners(client: redis.Redis) -> Counter[str]:
    """Return how many cameras each worker has."""
    board = RedisStatusBoard(client, role=keys.Role.RECOGNITION, document_class=RecognitionStatus)
    return Counter(status.owner for status in board.read([each.id for each in _CONFIGS]).values())


def _furthest_off_percent(client: redis.Redis) -> float:
    shares = list(_owners(client).values())
    return max(abs(100 * share / mean(shares) - 100) for share in shares)


@contextmanager
def _filmed(client: redis.Redis) -> Iterator[None]:
    """Write every camera's pictures, evenly, while this lasts."""
    jpegs: Sequence[bytes] = list(
        jpegs_of(clip(best_footage()), every=5, size_wh=_SIZE_WH, quality=85)
    )
    writers = cycle([FrameWriter(client, each.id, size_wh=_SIZE_WH) for each in _CONFIGS])
    pictures, clock = cycle(jpegs), SystemClock()
    due_s = clock.monotonic_s()

    def write() -> None:
        nonlocal due_s
        due_s += 1 / (_CAMERAS * _FPS)
        pause(due_s - clock.monotonic_s())
        next(writers).write(next(pictures))

    with _in_thread(write):
        yield


@contextmanager
def _in_thread(step: Callable[[], object]) -> Iterator[None]:
    is_over = threading.Event()

    def work() -> None:
        while not is_over.is_set():
            step()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
