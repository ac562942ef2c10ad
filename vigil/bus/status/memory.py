"""The twin: statuses in this process."""

from collections.abc import Collection, Mapping

from typing_extensions import override

from vigil import keys
from vigil.bus.answers import Answers
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.status.base import StatusBoard, StatusT
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import LeaseLost


class MemoryStatusBoard(StatusBoard[StatusT]):
    """The statuses of one role, for unit tests."""

    def __init__(
        self, leases: MemoryLeases, clock: Clock, *, ttl_s: float = keys.STATUS_TTL_S
    ) -> None:
        self._leases = leases
        self._clock = clock
        self._ttl_s = ttl_s
        self._statuses: dict[CameraId, tuple[StatusT, float]] = {}

    @override
    def put_all(self, statuses: Mapping[CameraId, tuple[StatusT, Epoch]]) -> Answers[bool]:
        until_s = self._clock.monotonic_s() + self._ttl_s
        written = Answers[bool]()
        for camera_id, (status, epoch) in statuses.items():
            try:
                self._leases.check(camera_id, epoch)
            except LeaseLost:
                written[camera_id] = False
                continue
            self._statuses[camera_id] = (status, until_s)
            written[camera_id] = True
        return written

    @override
    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        self._leases.check(camera_id, epoch)
        self._statuses.pop(camera_id, None)

    @override
    def read(self, camera_ids: Collection[CameraId]) -> Answers[StatusT]:
        now_s = self._clock.monotonic_s()
        return Answers(
            {
                camera_id: status
                for camera_id, (status, until_s) in self._statuses.items()
                if camera_id in camera_ids and until_s > now_s
            }
        )
