"""How many cameras Redis has room for: one more than fits would stop them all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from vigil.clock import Clock
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable

log = structlog.get_logger(__name__)

#: Of Redis's memory; the rest is for pictures, statuses and Redis itself.
PACKETS_SHARE = 0.85
#: Seconds until somebody who gave Redis more memory is noticed.
ASK_EVERY_S = 5.0
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Room:
    """What Redis can hold.

    Attributes:
        max_bytes: Its ``maxmemory``; 0: no bound is set.
        backlog_bytes: What the packets of one camera take at most.
    """

    max_bytes: int
    backlog_bytes: int

    def admitted(self, camera_ids: Iterable[CameraId]) -> frozenset[CameraId]:
        """Return the cameras that fit: those that were there first, so every controller agrees."""
        return frozenset(sorted(camera_ids)[: self._count()])

    def refusal(self) -> str:
        """Return what is said to those that do not fit, and what would help."""
        count = self._count()
        cameras = "1 camera" if count == 1 else f"{count} cameras"
        return (
            f"Redis has room for the packets of {cameras}: raise its maxmemory "
            f"({self.max_bytes // _MIB} MiB), or lower PACKET_BACKLOG_MAX_BYTES "
            f"({self.backlog_bytes // _MIB} MiB a camera)"
        )

    def _count(self) -> int | None:
        if not self.max_bytes:
            return None
        return int(self.max_bytes * PACKETS_SHARE) // self.backlog_bytes


class Admission:
    """Knows the room as it was when Redis was last asked.

    Args:
        max_bytes: Asks Redis how much it may hold; 0: no bound.
        backlog_bytes: What the packets of one camera take at most.
        clock: For how often to ask.
    """

    def __init__(self, max_bytes: Callable[[], int], *, backlog_bytes: int, clock: Clock) -> None:
        self._max_bytes = max_bytes
        self._backlog_bytes = backlog_bytes
        self._clock = clock
        self._room = Room(0, backlog_bytes)
        self._due_s = 0.0

    def room(self) -> Room:
        """Return the room; while Redis is away, the last that was known."""
        if self._clock.monotonic_s() < self._due_s:
            return self._room
        try:
            room = Room(self._max_bytes(), self._backlog_bytes)
        except BusUnavailable as error:
            log.info("room_not_asked", reason=str(error))
            return self._room
        self._due_s = self._clock.monotonic_s() + ASK_EVERY_S
        if room != self._room:
            log.info("room_changed", max_bytes=room.max_bytes, backlog_bytes=room.backlog_bytes)
        self._room = room
        return room
