"""Time, handed to whoever needs it, so that tests can hold it still."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

MICROSECONDS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Wall time for stamps, monotonic time for lengths."""

    def utc_us(self) -> int:
        """Return the host's UTC in microseconds since 1970. It may step."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that only grow, and that count the time a machine was suspended."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def utc_us(self) -> int:
        """Return the host's UTC in microseconds since 1970. It may step."""
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        """Return CLOCK_BOOTTIME: a lease must not look valid after a night in suspend."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True)
class FakeClock:
    """A clock that moves only when told to. For tests."""

    now_us: int = 1_790_000_000 * MICROSECONDS
    elapsed_s: float = field(default=1000.0)

    def utc_us(self) -> int:
        """Return the UTC this clock was set to."""
        return self.now_us

    def monotonic_s(self) -> float:
        """Return the seconds this clock was advanced by."""
        return self.elapsed_s

    def advance(self, seconds: float) -> None:
        """Let time pass, on both faces of the clock."""
        self.elapsed_s += seconds
        self.now_us += round(seconds * MICROSECONDS)

    def step(self, seconds: float) -> None:
        """Set the wall clock forward or back, as an operator or NTP does."""
        self.now_us += round(seconds * MICROSECONDS)


def us_from_utc(at: datetime) -> int:
    """Return the stamp of an aware datetime, in microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def utc_from_us(utc_us: int) -> datetime:
    """Return the aware UTC datetime of a stamp, exact to the microsecond."""
    return _EPOCH + timedelta(microseconds=utc_us)
