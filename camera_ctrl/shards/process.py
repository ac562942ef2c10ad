"""The supervisor's end of a shard: its process, its pipe, and what it did when it died."""

import importlib
import multiprocessing
import signal
from collections.abc import Iterable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

import structlog

from camera_ctrl.notes import Notes
from camera_ctrl.shards.fault import FAULTS, Fault, fault_from, report_faults_to
from camera_ctrl.shards.messages import Assignment, ShardReport
from camera_ctrl.shards.outbox import Outbox
from vigil.clock import Clock
from vigil.domain.camera import CameraId
from vigil.errors import Unavailable

log = structlog.get_logger(__name__)

# Never fork: threads, connections and decoders do not survive it.
_SPAWN = multiprocessing.get_context("spawn")

#: A shard that reports nothing for so long hangs. Starting one takes a few seconds of it.
SILENT_S = 15.0
#: What was reported is no longer so: a camera that died meanwhile is to be inactive in time.
STALE_S = 3.0
#: A thread that is so much longer at a camera than it may be hangs.
STUCK_S = 10.0
#: How long a shard may take to end in order.
STOP_S = 3.0


class ShardProcess:
    """One process that serves cameras.

    Args:
        name: For logs and the process table.
        main: The entry as ``module:function``, imported in the shard alone: the supervisor carries
            no FFmpeg. Called with the pipe, the notes and arguments.
        notes: Where its threads write what they are at.
        arguments: Behind the notes.
        clock: For silence.
    """

    def __init__(
        self, name: str, *, main: str, notes: Notes, arguments: tuple[Any, ...], clock: Clock
    ) -> None:
        self.pipe, theirs = _SPAWN.Pipe()
        self._prepare(name, notes, clock)
        self._faults, faults = _SPAWN.Pipe(duplex=False)
        self._fault: Fault | None = None
        self._process: SpawnProcess = _SPAWN.Process(
            target=_enter, args=(main, faults, theirs, notes, *arguments), name=name, daemon=True
        )
        self._process.start()
        # Ours alone now: the pipe breaks for us when the shard dies.
        theirs.close()
        faults.close()
        log.info("shard_started", shard=name, pid=self._process.pid)

    def _prepare(self, name: str, notes: Notes, clock: Clock) -> None:
        self.name = name
        self.assignment = Assignment({}, {})
        self.report = ShardReport()
        self._notes = notes
        self._clock = clock
        self._outbox = Outbox(self.pipe, name)
        self._heard_s = clock.monotonic_s()
        self._kill_at_s = float("inf")

    @property
    def pid(self) -> int | None:
        """The process's number."""
        return self._process.pid

    def assign(self, assignment: Assignment) -> None:
        """Tell what to serve from now on, if it is another than before."""
        if assignment != self.assignment:
            self.assignment = assignment
            self._outbox.put(assignment)

    def listen(self) -> bool:
        """Take what it reported; return whether a report came."""
        has_reported = False
        try:
            while self.pipe.poll():
                self.report = self.pipe.recv()
                has_reported = True
        except (EOFError, OSError):
            # It died, perhaps in the middle of a word.
            return has_reported
        if has_reported:
            self._heard_s = self._clock.monotonic_s()
        return has_reported

    def is_alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.is_alive()

    def is_stale(self) -> bool:
        """Return whether what it reported last may no longer be so."""
        return self._clock.monotonic_s() - self._heard_s > STALE_S

    def is_silent(self) -> bool:
        """Return whether it hangs."""
        return self._clock.monotonic_s() - self._heard_s > SILENT_S

    def stuck_at(self) -> frozenset[CameraId]:
        """Return the cameras at which a thread of it hangs."""
        return self._notes.overdue(self._clock.monotonic_s(), by_s=STUCK_S)

    def exit_code(self) -> int | None:
        """Return how it ended: negative for a signal."""
        return self._process.exitcode

    def fault(self) -> Fault | None:
        """Return where it crashed, if it did and could tell."""
        self._fault = self._fault or fault_from(self._faults)
        return self._fault

    def suspects(self) -> frozenset[CameraId]:
        """Return the cameras for which it may have died."""
        fault = self.fault()
        return self._notes.suspects(
            None if fault is None else fault.thread, is_fault=self.exit_code() in FAULTS
        )

    def ask_to_end(self) -> None:
        """Ask it to end in order, within STOP_S."""
        self._kill_at_s = self._clock.monotonic_s() + STOP_S
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._kill_at_s = self._clock.monotonic_s()
        self._process.kill()

    def has_ended(self) -> bool:
        """Return whether it has ended since it was asked to; kill it when its time is over."""
        if self.is_alive():
            over_s = self._clock.monotonic_s() - self._kill_at_s
            if over_s >= 0:
                self._process.kill()
            # Whom the kernel holds fast, for a disk that does not answer, writes nothing any more.
            if over_s < STOP_S:
                return False
        self._close()
        return True

    def wait_for_end(self) -> None:
        """Return when it has ended, as it was asked to, or was killed."""
        self._process.join(max(0.0, self._kill_at_s - self._clock.monotonic_s()))
        self.kill()
        self._process.join(STOP_S)
        self._close()

    def _close(self) -> None:
        self._outbox.close()
        self.pipe.close()
        self._faults.close()


def _enter(main: str, faults: Connection, *arguments: object) -> None:
    """Import an entry and run it. The first thing that a shard's process does."""
    # The terminal's Ctrl-C goes to the whole group; the supervisor says when we stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    report_faults_to(faults)
    module, _, function = main.partition(":")
    try:
        getattr(importlib.import_module(module), function)(*arguments)
    except Unavailable as error:
        # It was told to end while it waited for the other side.
        log.info("shard_ended_waiting", reason=str(error))


def pipes(shards: Iterable[ShardProcess]) -> list[Connection]:
    """Return the pipes on which a report may come."""
    return [shard.pipe for shard in shards if shard.is_alive()]
