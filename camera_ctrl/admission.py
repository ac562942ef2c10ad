"""How many cameras Redis has room for: one more than fits would stop them all."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from camera_ctrl.settings import SUB_BACKLOG_MAX_BYTES
from vigil.bus.status.base import StatusBoard
from vigil.clock import Clock
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable
from vigil.messages import CameraStatus

log = structlog.get_logger(__name__)

#: Of Redis's memory; the rest is for pictures, statuses and Redis itself.
PACKETS_SHARE = 0.85
#: Seconds until somebody who gave Redis more memory is noticed.
ASK_EVERY_S = 5.0
#: Seconds that a camera is counted by the most that it held, at least. What it holds goes up and
#: down with each GOP: who counted that would admit and refuse another camera in turn.
REMEMBER_S = 600.0
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Room:
    """What Redis can hold.

    Attributes:
        max_bytes: Its ``maxmemory``; 0: no bound is set.
        backlog_bytes: What the packets of one camera take, unless a GOP alone takes more.
        held_bytes: The most that cameras held of late.
    """

    max_bytes: int
    backlog_bytes: int
    held_bytes: Mapping[CameraId, int] = field(default_factory=dict)

    def admitted(
        self, camera_ids: Iterable[CameraId], *, with_sub: Collection[CameraId] = ()
    ) -> frozenset[CameraId]:
        """Return the cameras that fit: those that were there first, so every controller agrees.

        Args:
            camera_ids: Who would like to.
            with_sub: Those of them that have a sub-stream, whose packets are held besides.
        """
        if not self.max_bytes:
            return frozenset(camera_ids)
        left_bytes, admitted = int(self.max_bytes * PACKETS_SHARE), set()
        for camera_id in sorted(camera_ids):
            left_bytes -= max(self.backlog_bytes, self.held_bytes.get(camera_id, 0))
            left_bytes -= SUB_BACKLOG_MAX_BYTES if camera_id in with_sub else 0
            if left_bytes < 0:
                break
            admitted.add(camera_id)
        return frozenset(admitted)

    def refusal(self, admitted: frozenset[CameraId]) -> str:
        """Return what is said to those that were not admitted, and what would help."""
        cameras = "1 camera" if len(admitted) == 1 else f"{len(admitted)} cameras"
        return (
            f"Redis has room for the packets of {cameras}: raise its maxmemory "
            f"({self.max_bytes // _MIB} MiB), or lower PACKET_BACKLOG_MAX_BYTES "
            f"({self.backlog_bytes // _MIB} MiB a camera){self._greatest(admitted)}"
        )

    def _greatest(self, admitted: frozenset[CameraId]) -> str:
        held_bytes = {each: self.held_bytes.get(each, 0) for each in admitted}
        greatest = max(held_bytes, key=held_bytes.__getitem__, default=None)
        if greatest is None or held_bytes[greatest] <= self.backlog_bytes:
            return ""
        return (
            f"; camera {greatest} takes {held_bytes[greatest] // _MIB} MiB, "
            "and less if it sent keyframes more often"
        )


class Admission:
    """Knows the room as it was when Redis was last asked.

    Args:
        max_bytes: Asks Redis how much it may hold; 0: no bound.
        statuses: What every controller says that its cameras hold.
        backlog_bytes: What the packets of one camera take, unless a GOP alone takes more.
        clock: For how often to ask.
    """

    def __init__(
        self,
        max_bytes: Callable[[], int],
        *,
        statuses: StatusBoard[CameraStatus],
        backlog_bytes: int,
        clock: Clock,
    ) -> None:
        self._max_bytes = max_bytes
        self._statuses = statuses
        self._backlog_bytes = backlog_bytes
        self._clock = clock
        self._room = Room(0, backlog_bytes)
        self._due_s = 0.0
        #: The most that each camera held since the latter began, and in REMEMBER_S before.
        self._most_bytes: dict[CameraId, int] = {}
        self._most_before_bytes: dict[CameraId, int] = {}
        self._began_s = clock.monotonic_s()

    def room(self, camera_ids: Iterable[CameraId]) -> Room:
        """Return the room for these cameras; while Redis is away, the last that was known."""
        if self._clock.monotonic_s() < self._due_s:
            return self._room
        try:
            max_bytes = self._max_bytes()
            statuses = self._statuses.read(list(camera_ids)) if max_bytes else {}
        except BusUnavailable as error:
            log.info("room_not_asked", reason=str(error))
            return self._room
        self._due_s = self._clock.monotonic_s() + ASK_EVERY_S
        if max_bytes != self._room.max_bytes:
            log.info("room_changed", max_bytes=max_bytes, backlog_bytes=self._backlog_bytes)
        self._note({each: status.backlog_bytes for each, status in statuses.items()})
        held_bytes = {
            each: max(self._most_bytes.get(each, 0), self._most_before_bytes.get(each, 0))
            for each in self._most_bytes.keys() | self._most_before_bytes.keys()
        }
        self._room = Room(max_bytes, self._backlog_bytes, held_bytes)
        return self._room

    def _note(self, held_bytes: Mapping[CameraId, int]) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._began_s >= REMEMBER_S:
            self._began_s = now_s
            self._most_before_bytes, self._most_bytes = self._most_bytes, {}
        for camera_id, size_bytes in held_bytes.items():
            self._most_bytes[camera_id] = max(self._most_bytes.get(camera_id, 0), size_bytes)
