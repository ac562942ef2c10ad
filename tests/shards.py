"""The twin of a shard's process: its supervisor's end is real, its life is the test's."""

import multiprocessing
from collections.abc import MutableSequence

from typing_extensions import override

from camera_ctrl.shards.messages import Assignment, ShardReport
from camera_ctrl.shards.process import ShardProcess
from vigil.clock import Clock
from vigil.domain.camera import CameraId


class StillShard(ShardProcess):
    """A shard without a process: it says and does what the test says."""

    def __init__(self, name: str, *, clock: Clock) -> None:
        self.name = name
        self.assignment = Assignment({}, {})
        self.report = ShardReport()
        self.pipe, self.theirs = multiprocessing.Pipe()
        self.is_running = True
        self.blamed: set[CameraId] = set()
        self._clock = clock
        self._heard_s = clock.monotonic_s()
        self._working_on: MutableSequence[int] | None = None

    def say(self, report: ShardReport) -> None:
        """Report as the shard's process does."""
        self.theirs.send(report)

    @override
    def is_alive(self) -> bool:
        return self.is_running

    @override
    def exit_code(self) -> int | None:
        return None if self.is_running else -11

    @override
    def suspects(self) -> frozenset[CameraId]:
        return frozenset(self.blamed)

    @override
    def kill(self) -> None:
        self.is_running = False
        self.pipe.close()
        self.theirs.close()

    @override
    def stop(self) -> None:
        self.kill()
