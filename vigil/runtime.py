"""The life of a process: its one loop, how it is stopped, how it proves that it lives."""

import gc
import os
import random
import signal
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Protocol

import structlog

from vigil.errors import Unavailable

log = structlog.get_logger(__name__)


class StopSignal:
    """A value handed down to everything that waits; set once, never cleared."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask everybody to come to an end."""
        self._event.set()

    def is_set(self) -> bool:
        """Return whether an end was asked for."""
        return self._event.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait at most timeout_s; return True at once when an end was asked for."""
        return self._event.wait(timeout_s)


def stop_on_signals(
    signals: Iterable[signal.Signals] = (signal.SIGTERM, signal.SIGINT),
) -> StopSignal:
    """Return a stop that these signals set. Call from the main thread."""
    stop = StopSignal()

    def end(name: str) -> None:
        log.info("stopping", signal=name)
        stop.set()

    def handle(signum: int, _frame: FrameType | None) -> None:
        # In a thread: what the signal interrupted may hold the very locks that these take.
        threading.Thread(target=end, args=(signal.Signals(signum).name,), daemon=True).start()

    for each in signals:
        signal.signal(each, handle)
    return stop


def start_thread(work: Callable[[], object], *, name: str, stop: StopSignal) -> threading.Thread:
    """Run work in a thread; when it ends before an end was asked for, so does the process.

    Args:
        work: Returns soon after stop was set.
        name: For logs and debuggers.
        stop: Set when work ends by itself: a process with a dead thread only looks alive.
    """

    def run() -> None:
        try:
            work()
        finally:
            if not stop.is_set():
                log.error("thread_died", thread=name)
                stop.set()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def settle() -> None:
    """Leave what start-up made out of garbage collection. Call once, when all is made.

    It lives as long as the process. A full collection that looks through it, with all threads
    held, takes web more than 100 ms: a picture is then replaced before anybody has sent it.
    """
    gc.collect()
    gc.freeze()


class Backoff:
    """Delays that double up to a cap, with jitter so that a crowd does not return as one.

    Args:
        first_s: The first delay.
        max_s: The cap; no delay is longer.
    """

    def __init__(self, *, first_s: float, max_s: float) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self._tries = 0

    def next_s(self) -> float:
        """Return the next delay: between half and all of first_s doubled per failure."""
        # The exponent is held so that a camera that is away for a year does not overflow it.
        full_s = min(self._max_s, self._first_s * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return full_s * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin again with the first delay: it worked."""
        self._tries = 0


class Heartbeat(Protocol):
    """Where a loop shows that it still turns."""

    def beat(self) -> None:
        """Say: I live."""
        ...


class FileHeartbeat:
    """Touches a file, whose age a health check reads.

    Args:
        path: None beats nowhere, for a process that nobody checks by file.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def beat(self) -> None:
        """Set the file's modification time to now."""
        if self._path is None:
            return
        try:
            os.utime(self._path)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch()


def run_until_stopped(
    step: Callable[[], object], *, stop: StopSignal, heartbeat: Heartbeat, backoff: Backoff
) -> None:
    """Call step until stop is set: the only main loop in the tree.

    Waits out Unavailable. Anything else ends the process; its supervisor starts a fresh one and
    the traceback says why.

    Args:
        step: One unit of work. Must return within a second when there is nothing to do.
        stop: Ends the loop, and every wait in it.
        heartbeat: Beaten before each step.
        backoff: How long to wait while the other side is away.
    """
    while not stop.is_set():
        heartbeat.beat()
        try:
            step()
        except Unavailable as error:
            delay_s = backoff.next_s()
            log.warning("unavailable", what=str(error), retry_in_s=round(delay_s, 1))
            stop.wait(delay_s)
        else:
            backoff.reset()
