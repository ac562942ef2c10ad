"""How much footage there is, by camera and day: what was counted once, and what changed since."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from recorder.footage.listing import DAY_US, day_us
from recorder.room.forecast import HOUR_US
from vigil.domain.camera import CameraId


@dataclass(slots=True)
class DayTally:
    """A camera's footage of a day.

    Attributes:
        files, size_bytes: Of all that is done.
        protected_bytes: Of that what is protected.
        oldest_us: When the first of them began; None: there are none.
        by_hour: Bytes of files that began in each hour of the day, in UTC.
        changed_ns: When its folder had changed last as it was counted; 0: it was not.
    """

    files: int = 0
    size_bytes: int = 0
    protected_bytes: int = 0
    oldest_us: int | None = None
    by_hour: "array[int]" = field(default_factory=lambda: array("q", bytes(8 * 24)))
    changed_ns: int = 0

    def add(self, begun_us: int, size_bytes: int, *, is_protected: bool) -> None:
        """Count a file in."""
        self.files += 1
        self.size_bytes += size_bytes
        self.by_hour[begun_us % DAY_US // HOUR_US] += size_bytes
        if is_protected:
            self.protected_bytes += size_bytes
        if self.oldest_us is None or begun_us < self.oldest_us:
            self.oldest_us = begun_us

    def remove(self, begun_us: int, size_bytes: int, *, is_protected: bool) -> None:
        """Count a file out."""
        self.files = max(0, self.files - 1)
        self.size_bytes = max(0, self.size_bytes - size_bytes)
        hour = begun_us % DAY_US // HOUR_US
        self.by_hour[hour] = max(0, self.by_hour[hour] - size_bytes)
        if is_protected:
            self.protected_bytes = max(0, self.protected_bytes - size_bytes)

    def join(self, other: "DayTally") -> None:
        """Count another's files in, too. Hours are left as they are: they are of other days."""
        self.files += other.files
        self.size_bytes += other.size_bytes
        self.protected_bytes += other.protected_bytes
        if other.oldest_us is not None:
            self.oldest_us = min(other.oldest_us, self.oldest_us or other.oldest_us)


class Tally:
    """What the footage of a volume takes, as far as it was counted."""

    def __init__(self) -> None:
        self._days: dict[CameraId, dict[str, DayTally]] = {}

    def put(self, camera_id: CameraId, day: str, counted: DayTally) -> None:
        """Replace what is known of a day."""
        if counted.files:
            self._days.setdefault(camera_id, {})[day] = counted
        else:
            self.drop(camera_id, day)

    def drop(self, camera_id: CameraId, day: str) -> None:
        """Forget a day that is no more."""
        days = self._days.get(camera_id, {})
        days.pop(day, None)
        if not days:
            self._days.pop(camera_id, None)

    def keep_only(self, camera_ids: set[CameraId]) -> None:
        """Forget cameras that have no footage any more."""
        for gone in self._days.keys() - camera_ids:
            del self._days[gone]

    def day(self, camera_id: CameraId, day: str) -> DayTally | None:
        """Return what is known of a day; None: it was not counted, or has no footage."""
        return self._days.get(camera_id, {}).get(day)

    def days(self, camera_id: CameraId) -> list[str]:
        """Return the days of which a camera has footage, the oldest first."""
        return sorted(self._days.get(camera_id, {}))

    def cameras(self) -> list[CameraId]:
        """Return those that have footage."""
        return sorted(self._days)

    def used_bytes(self) -> dict[CameraId, int]:
        """Return what each camera's footage takes."""
        return {
            camera_id: sum(day.size_bytes for day in days.values())
            for camera_id, days in self._days.items()
        }

    def of(self, camera_id: CameraId) -> DayTally:
        """Return what a camera's footage takes in all; its hours are left out."""
        whole = DayTally()
        for day in self._days.get(camera_id, {}).values():
            whole.join(day)
        return whole

    def bytes_in(self, camera_id: CameraId, hours: Iterable[int]) -> int:
        """Return the bytes of a camera's files that began in some hours since 1970."""
        days = {(day_us(name) or 0) // DAY_US: day for name, day in self._days[camera_id].items()}
        return sum(days[hour // 24].by_hour[hour % 24] for hour in hours if hour // 24 in days)
