"""Callers of web, each in a thread: so many calls a second, and how long each took."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from vigil.clock import SystemClock
from vigil.runtime import StopSignal

#: Calls under way at once; a server that is slower than that gets fewer.
_AT_ONCE = 4


@contextmanager
def calling(call: Callable[[], object], *, per_s: float) -> Iterator[list[float]]:
    """Call again and again; the list gets the seconds that each call took.

    Raises:
        Exception: What a call raised, at the end.
    """
    stop = StopSignal()
    took_s: list[float] = []
    with ThreadPoolExecutor(_AT_ONCE + 1) as threads:
        pace = threads.submit(_keep_calling, call, per_s, took_s, threads, stop)
        try:
            yield took_s
        finally:
            stop.set()
        for each in pace.result():
            each.result()


def _keep_calling(
    call: Callable[[], object],
    per_s: float,
    took_s: list[float],
    threads: ThreadPoolExecutor,
    stop: StopSignal,
) -> Sequence[Future[None]]:
    def timed() -> None:
        clock = SystemClock()
        begun_s = clock.monotonic_s()
        call()
        took_s.append(clock.monotonic_s() - begun_s)

    calls: list[Future[None]] = []
    while not stop.wait(1 / per_s):
        calls.append(threads.submit(timed))
    return calls
