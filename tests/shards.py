"""The twin of a shard's process: its supervisor's end is real, its life is the test's."""

import multiprocessing

from typing_extensions import override

from camera_ctrl.notes import Notes
from camera_ctrl.shards.fault import Fault
from camera_ctrl.shards.messages import ShardReport
from camera_ctrl.shards.process import STOP_S, ShardProcess
from vigil.clock import Clock
from vigil.domain.camera import CameraId


class StillShard(ShardProcess):
    """A shard without a process: it says and does what the test says."""

    def __init__(self, name: str, *, clock: Clock) -> None:
        self.pipe, self.theirs = multiprocessing.Pipe()
        self._prepare(name, Notes(8), clock)
        self.is_running = True
        #: Whether it takes its time when it is asked to end.
        self.lingers = False
        self.blamed: set[CameraId] = set()

    @property
    def notes(self) -> Notes:
        return self._notes

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
    def fault(self) -> Fault | None:
        return None

    @override
    def suspects(self) -> frozenset[CameraId]:
        return frozenset(self.blamed)

    @override
    def kill(self) -> None:
        self.is_running = False

    @override
    def ask_to_end(self) -> None:
        self._kill_at_s = self._clock.monotonic_s() + STOP_S
        self.is_running = self.lingers

    @override
    def has_ended(self) -> bool:
        self.is_running = self.is_running and self._clock.monotonic_s() < self._kill_at_s
        return not self.is_running

    @override
    def wait_for_end(self) -> None:
        self.is_running = False
