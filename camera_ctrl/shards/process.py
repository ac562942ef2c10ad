"""The supervisor's end of a shard: its process, its pipe, and what it did when it died."""

import importlib
import multiprocessing
from collections.abc import MutableSequence
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

import structlog

from camera_ctrl.shards.messages import Assignment, ShardReport
from vigil.clock import Clock
from vigil.domain.camera import CameraId

log = structlog.get_logger(__name__)

# Never fork: threads, connections and decoders do not survive it.
_SPAWN = multiprocessing.get_context("spawn")

#: A shard that reports nothing for so long hangs. Starting one takes a few seconds of it.
SILENT_S = 15.0
#: How long a shard may take to end in order.
STOP_S = 3.0


def shared_places(count: int) -> MutableSequence[int]:
    """Return memory in which a shard's threads note what they are at, readable after its death."""
    places: MutableSequence[int] = _SPAWN.RawArray("q", count)
    return places


class ShardProcess:
    """One process that serves cameras.

    Args:
        name: For logs and the process table.
        main: The entry as ``module:function``, imported in the shard alone: the supervisor carries
            no FFmpeg. Called with the pipe and arguments.
        arguments: Behind the pipe.
        working_on: What the shard notes there; None: it takes no risk that could be pinned on one
            camera.
        clock: For silence.
    """

    def __init__(
        self,
        name: str,
        *,
        main: str,
        arguments: tuple[Any, ...],
        working_on: MutableSequence[int] | None,
        clock: Clock,
    ) -> None:
        self.name = name
        self.assignment = Assignment({}, {})
        self.report = ShardReport()
        self._clock = clock
        self._working_on = working_on
        self.pipe, theirs = _SPAWN.Pipe()
        self._process: SpawnProcess = _SPAWN.Process(
            target=_enter, args=(main, theirs, *arguments), name=name, daemon=True
        )
        self._process.start()
        # Ours alone now: the pipe breaks for us when the shard dies.
        theirs.close()
        self._heard_s = clock.monotonic_s()
        log.info("shard_started", shard=name, pid=self._process.pid)

    @property
    def pid(self) -> int | None:
        """The process's number."""
        return self._process.pid

    def assign(self, assignment: Assignment) -> None:
        """Tell what to serve from now on, if it is another than before."""
        if assignment == self.assignment:
            return
        self.assignment = assignment
        try:
            self.pipe.send(assignment)
        except (BrokenPipeError, ConnectionResetError):
            log.info("shard_deaf", shard=self.name)

    def listen(self) -> bool:
        """Take what it reported; return whether a report came."""
        has_reported = False
        try:
            while self.pipe.poll():
                self.report = self.pipe.recv()
                has_reported = True
        except (EOFError, ConnectionResetError):
            return has_reported
        if has_reported:
            self._heard_s = self._clock.monotonic_s()
        return has_reported

    def is_alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.is_alive()

    def is_silent(self) -> bool:
        """Return whether it hangs."""
        return self._clock.monotonic_s() - self._heard_s > SILENT_S

    def exit_code(self) -> int | None:
        """Return how it ended: negative for a signal."""
        return self._process.exitcode

    def suspects(self) -> frozenset[CameraId]:
        """Return the cameras whose bytes it was at when it died, of those it served."""
        if self._working_on is None:
            return frozenset()
        return frozenset(CameraId(each) for each in self._working_on if each)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.join(STOP_S)
        self.pipe.close()

    def stop(self) -> None:
        """Ask it to end; kill it when it does not."""
        self._process.terminate()
        self._process.join(STOP_S)
        self.kill()


def _enter(main: str, *arguments: object) -> None:
    """Import an entry and run it. The first thing that a shard's process does."""
    module, _, function = main.partition(":")
    getattr(importlib.import_module(module), function)(*arguments)


def pipes(shards: list[ShardProcess]) -> list[Connection]:
    """Return the pipes on which a report may come."""
    return [shard.pipe for shard in shards if shard.is_alive()]
