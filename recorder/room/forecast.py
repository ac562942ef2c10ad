"""How long there is room, and how far back footage reaches, as the last day went: pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from vigil.clock import MICROSECONDS

HOUR_US = 3600 * MICROSECONDS
#: Hours of which the rate is measured.
MEASURED_H = 24


@dataclass(frozen=True, slots=True)
class Use:
    """What some footage takes, and may.

    Attributes:
        used_bytes, protected_bytes: What there is of it, and what of that stays.
        daily_bytes: What came in the last day; None: not known yet.
        steady_bytes: What it takes in the end, if it goes by its age alone; infinite: it does not.
        room_bytes: What may come before a limit in bytes is met; infinite: there is none.
    """

    used_bytes: int
    protected_bytes: int
    daily_bytes: float | None
    steady_bytes: float
    room_bytes: float

    @property
    def budget_bytes(self) -> float:
        """What footage may take that is not protected."""
        return max(0.0, self.used_bytes - self.protected_bytes + self.room_bytes)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected if all days are as the last.

    Attributes:
        days_left: Until a limit in bytes is met; None: not known yet, or never.
        reach_days: How old footage gets; None: not known yet.
    """

    days_left: float | None = None
    reach_days: float | None = None


def measured_hours(oldest_us: int, now_us: int) -> range:
    """Return the hours since 1970 that say what comes in a day: whole ones, the newest.

    Args:
        oldest_us: When the oldest footage began: of what was before nothing is known.
        now_us: The hour of now is not over.
    """
    until = now_us // HOUR_US
    return range(max(until - MEASURED_H, oldest_us // HOUR_US + 1), until)


def forecast(uses: Iterable[Use], *, kept_days: float) -> Forecast:
    """Return what is to be expected of footage that several limits hold for.

    Args:
        uses: Of it, and of what shares a limit with it.
        kept_days: Older footage of it goes; infinite: none does.
    """
    left, reach = inf, kept_days
    for use in uses:
        if not use.daily_bytes:
            return Forecast()
        if use.steady_bytes > use.budget_bytes:
            left = min(left, max(0.0, use.room_bytes) / use.daily_bytes)
        reach = min(reach, use.budget_bytes / use.daily_bytes)
    return Forecast(None if left == inf else left, None if reach == inf else reach)
