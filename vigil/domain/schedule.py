"""When something holds, by the clock on a camera's wall.

A span of the day begins and ends when that clock says so. On the night when it is set forward, what
was to begin in the hour that is left out begins with the next; on the night when it is set back,
the hour that comes twice counts twice.
"""

from collections.abc import Collection
from datetime import datetime, time


def is_within(start: time, end: time, days: Collection[int], local: datetime) -> bool:
    """Return whether a time lies in a span of the day.

    Args:
        start: When it begins; belongs to it.
        end: When it ends; does not belong to it. At start or before: on the next day.
        days: On which it begins, 0 to 6 from Monday; none: every day.
        local: The time, in the zone in which the span is meant.
    """
    now, today = local.time(), local.weekday()
    if start < end:
        return start <= now < end and _is_on(days, today)
    has_begun_today = now >= start and _is_on(days, today)
    goes_on = now < end and _is_on(days, (today - 1) % 7)
    return has_begun_today or goes_on


def _is_on(days: Collection[int], day: int) -> bool:
    return not days or day in days
