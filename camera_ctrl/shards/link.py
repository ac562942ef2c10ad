"""A shard's end of the pipe to its supervisor."""

from multiprocessing.connection import Connection

from camera_ctrl.shards.messages import Assignment, ShardReport
from vigil.clock import Clock
from vigil.runtime import StopSignal

#: Seconds between reports in which nothing has changed.
REPORT_EVERY_S = 1.0


class SupervisorLink:
    """Hears what to serve, says how it goes, and notices when the supervisor is gone.

    Args:
        pipe: The shard's end. End of file means that the supervisor died: then so does the shard.
        stop: Set when the supervisor is gone.
        clock: For the pace of reports.
    """

    def __init__(self, pipe: Connection, *, stop: StopSignal, clock: Clock) -> None:
        self._pipe = pipe
        self._stop = stop
        self._clock = clock
        self._due_s = 0.0
        self._news: object = None

    def newest_assignment(self, *, timeout_s: float) -> Assignment | None:
        """Return the last assignment that came since the last call; wait at most timeout_s."""
        newest = None
        try:
            while self._pipe.poll(timeout_s):
                newest = self._pipe.recv()
                timeout_s = 0.0
        except (EOFError, ConnectionResetError):
            self._stop.set()
        return newest

    def say_alive(self) -> None:
        """Report of no camera, while none is served yet."""
        self.report(ShardReport())

    def is_report_due(self, news: object = None) -> bool:
        """Return whether it is time to report.

        Args:
            news: What the supervisor should know at once, whenever it is another than before.
        """
        return news != self._news or self._clock.monotonic_s() >= self._due_s

    def report(self, report: ShardReport, *, news: object = None) -> None:
        """Send a report, and with it the news."""
        self._news = news
        self._due_s = self._clock.monotonic_s() + REPORT_EVERY_S
        try:
            self._pipe.send(report)
        except (BrokenPipeError, ConnectionResetError):
            self._stop.set()
