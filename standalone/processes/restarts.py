"""When a child that ended is started again. Pure."""

from dataclasses import dataclass, field

from vigil.runtime import Backoff

#: A child that lived this long had started well: its next failure is a first one.
SETTLED_S = 30.0


@dataclass(kw_only=True)
class Restarts:
    """The starts and ends of one child; all times are monotonic seconds.

    Attributes:
        backoff: How long to wait after each end; begins anew when the child had settled.
    """

    backoff: Backoff
    _started_s: float = field(default=0.0, init=False)
    _due_s: float | None = field(default=None, init=False)

    def started(self, now_s: float) -> None:
        """Say that it was started."""
        self._started_s = now_s
        self._due_s = None

    def ended(self, now_s: float) -> float:
        """Say that it ended, or would not start; return the seconds until the next start."""
        if self._due_s is None and now_s - self._started_s >= SETTLED_S:
            self.backoff.reset()
        delay_s = self.backoff.next_s()
        self._due_s = now_s + delay_s
        return delay_s

    def is_waiting(self) -> bool:
        """Return whether it ended and was not started again."""
        return self._due_s is not None

    def is_due(self, now_s: float) -> bool:
        """Return whether it is to be started now."""
        return self._due_s is not None and now_s >= self._due_s
