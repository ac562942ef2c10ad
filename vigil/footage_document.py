"""What web and recorders tell each other of footage: what is protected, and how full disks are."""

from typing import Final, Literal
from uuid import UUID

from pydantic import Field

from vigil.domain.camera import CameraId
from vigil.messages import Document

#: So many spans of a camera are protected at most.
MAX_PROTECTIONS: Final = 1000
#: No time is later, in microseconds since 1970.
_LATEST_US: Final = 2**53


class ProtectedSpan(Document):
    """A time of a camera of which no footage goes.

    Attributes:
        since_us, until_us: UTC in microseconds since 1970. Both may lie ahead.
        expires_us: When it may go after all; None: it stays for good.
    """

    since_us: int = Field(ge=0, lt=_LATEST_US)
    until_us: int = Field(ge=0, lt=_LATEST_US)
    expires_us: int | None = Field(default=None, ge=0, lt=_LATEST_US)


class CameraProtections(Document):
    """What is protected of a camera's footage. Absent: unknown, so that what was known stays.

    Attributes:
        revision: Grows with each change: the newer counts, wherever it lies.
    """

    version: Literal[1] = 1
    camera_id: CameraId = Field(ge=1)
    revision: int = Field(ge=0)
    spans: tuple[ProtectedSpan, ...] = ()

    def in_force(self, now_us: int) -> tuple[ProtectedSpan, ...]:
        """Return the spans that are not over."""
        return tuple(each for each in self.spans if (each.expires_us or _LATEST_US) > now_us)


class StoredFootage(Document):
    """What some footage takes on a volume, and what is to be expected if days go on as the last.

    Attributes:
        files, used_bytes: Of all that is done, as far as it was counted.
        protected_bytes: Of that what no limit deletes.
        oldest_us: When the oldest of it began; None: there is none.
        daily_bytes: What came in the last 24 whole hours, or in those that there were, a day; None:
            not one is over yet.
        days_left: Days until a limit in bytes is met; None: not known yet, or never.
        reach_days: How many days old footage gets; None: not known yet.
    """

    files: int = Field(ge=0)
    used_bytes: int = Field(ge=0)
    protected_bytes: int = Field(ge=0)
    oldest_us: int | None = None
    daily_bytes: float | None = None
    days_left: float | None = None
    reach_days: float | None = None


class CameraFootage(StoredFootage):
    """The same of one camera.

    Attributes:
        error: Why it is not recorded for want of room; None: it can be.
    """

    camera_id: CameraId = Field(ge=1)
    error: str | None = None


class VolumeReport(StoredFootage):
    """What a recorder says of its volume, and of all footage on it.

    Attributes:
        at_us: When it said so.
        total_bytes, free_bytes: Of its file system.
        reserve_bytes, max_bytes, kept_days, purges: Its limits; see the recorder's settings.
        is_counted: Whether all footage was counted; else there is more than it says.
        error: Why nothing is recorded for want of room; None: all can be.
        cameras: Each that has footage there.
    """

    version: Literal[1] = 1
    volume: UUID
    at_us: int
    total_bytes: int
    free_bytes: int
    reserve_bytes: int
    max_bytes: int | None = None
    kept_days: float
    purges: bool
    is_counted: bool
    error: str | None = None
    cameras: tuple[CameraFootage, ...] = ()
