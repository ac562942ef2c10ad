"""Starts children in order, watches them, starts them again, stops them in reverse order."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from standalone.processes.restarts import Restarts
from vigil.clock import Clock
from vigil.errors import SetupInvalid
from vigil.runtime import Backoff, StopSignal

#: The exit status by which a service says that its settings are unfit, as vigil.cli does.
UNFIT_STATUS = 2

_WATCH_EVERY_S = 0.2


class Child(Protocol):
    """Something with a process."""

    @property
    def name(self) -> str:
        """Return its name, for people."""
        ...

    def start(self) -> None:
        """Start it, for the first time or again.

        Raises:
            SetupInvalid: It would not start.
        """
        ...

    def exit_status(self) -> int | None:
        """Return None while it runs."""
        ...

    def stop(self) -> None:
        """Stop it, and what it left behind. Stopping twice is once."""
        ...

    def last_words(self) -> str:
        """Return the last lines that it wrote since its start."""
        ...


@dataclass(slots=True)
class _Watched:
    child: Child
    restarts: Restarts
    #: Starts it again, and nothing else: a server takes its time until it answers. It lives as
    #: long as the child shall, since the kernel takes its end for the parent's death.
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    start: "Future[None] | None" = None

    def __post_init__(self) -> None:
        # From now on: where something is to be started again, there may be no room for a thread.
        self.thread.submit(bool)

    def close(self) -> None:
        """Stop the child, and before that what would start it."""
        if self.start is not None:
            self.start.exception()
        self.child.stop()
        self.thread.shutdown()


class Supervisor:
    """Keeps its children running until it is closed. For one thread, which must live on.

    Args:
        clock: For delays.
        stop: Ends the wait between two looks, and that of a child that is being started.
        tell: Says a line to the person who watches.
    """

    def __init__(self, *, clock: Clock, stop: StopSignal, tell: Callable[[str], None]) -> None:
        self._clock = clock
        self._stop = stop
        self._tell = tell
        self._watched: list[_Watched] = []
        self._unfit: str | None = None

    def start(self, child: Child) -> None:
        """Start a child, and keep it running from now on.

        Raises:
            SetupInvalid: It would not start the first time: then something is wrong for good.
        """
        restarts = Restarts(backoff=Backoff(first_s=0.5, max_s=15.0))
        child.start()
        restarts.started(self._clock.monotonic_s())
        self._watched.append(_Watched(child, restarts))

    def run_once(self) -> None:
        """Look at each child once, begin to start again what is due, then wait a little."""
        for watched in self._watched:
            self._look_at(watched)
        self._stop.wait(_WATCH_EVERY_S)

    def check_fitness(self) -> None:
        """Refuse to go on when a child said, at its end, that its settings are unfit.

        Raises:
            SetupInvalid: With the child's last words.
        """
        if self._unfit is not None:
            raise SetupInvalid(self._unfit)

    def close(self) -> None:
        """Stop all children, the last started first."""
        # Nobody shall wait for a server that is just being started.
        self._stop.set()
        while self._watched:
            self._watched.pop().close()

    def _look_at(self, watched: _Watched) -> None:
        child, restarts = watched.child, watched.restarts
        if watched.start is not None:
            if watched.start.done():
                self._note_start(watched, watched.start)
        elif restarts.is_due(self._clock.monotonic_s()):
            watched.start = watched.thread.submit(child.start)
        elif not restarts.is_waiting() and (status := child.exit_status()) is not None:
            # What it started may still hold a port or a lease, or have more to say.
            child.stop()
            words = child.last_words()
            if status == UNFIT_STATUS:
                self._unfit = f"{child.name}: {words}"
            delay_s = restarts.ended(self._clock.monotonic_s())
            # Who was killed had no time to say why; what it said before is of something else.
            said = f": {words}" if status > 0 else "."
            self._tell(
                f"{child.name} ended with status {status}, starts again in {delay_s:.1f} s{said}"
            )

    def _note_start(self, watched: _Watched, start: "Future[None]") -> None:
        watched.start = None
        try:
            start.result()
        except SetupInvalid as error:
            delay_s = watched.restarts.ended(self._clock.monotonic_s())
            self._tell(f"{error} Next try in {delay_s:.1f} s.")
        else:
            watched.restarts.started(self._clock.monotonic_s())
