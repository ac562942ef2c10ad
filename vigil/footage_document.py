"""What web and recorders tell each other of footage: what is protected."""

from collections.abc import Iterable
from typing import Final, Literal

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

    def covers(self, begun_us: int, ended_us: int | None) -> bool:
        """Return whether it has a part of a time; that goes on where ended_us is None."""
        return begun_us < self.until_us and (ended_us is None or ended_us > self.since_us)

    def holds(self, begun_us: int, ended_us: int) -> bool:
        """Return whether it has all of a time."""
        return self.since_us <= begun_us and ended_us <= self.until_us


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


def covering(
    spans: Iterable[ProtectedSpan], begun_us: int, ended_us: int | None
) -> tuple[ProtectedSpan, ...]:
    """Return the spans that have a part of a time; that goes on where ended_us is None."""
    return tuple(span for span in spans if span.covers(begun_us, ended_us))
