"""The twin: pictures in this process, and a bell that rings when one is put."""

from collections.abc import Collection

from typing_extensions import override

from vigil.bus.answers import Answers
from vigil.bus.frames.base import FrameBell, FrameStore
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.looks.base import LookNotes
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch


class MemoryFrameBell(FrameBell):
    """Rings for the pictures of the store it was given to."""

    def __init__(self) -> None:
        self._wanted: frozenset[CameraId] = frozenset()
        self._rung: set[CameraId] = set()

    @override
    def listen_to(self, camera_ids: Collection[CameraId]) -> None:
        self._rung |= frozenset(camera_ids) - self._wanted
        self._wanted = frozenset(camera_ids)

    @override
    def wait(self, timeout_s: float) -> frozenset[CameraId]:
        rung, self._rung = frozenset(self._rung & self._wanted), set()
        return rung

    @override
    def close(self) -> None:
        self._wanted = frozenset()

    def ring(self, camera_id: CameraId) -> None:
        """Say that the camera has a newer picture."""
        self._rung.add(camera_id)


class MemoryFrameStore(FrameStore):
    """The newest JPEG of each camera, of one kind, for unit tests."""

    def __init__(
        self,
        leases: MemoryLeases,
        clock: Clock,
        bell: MemoryFrameBell | None = None,
        looks: LookNotes | None = None,
    ) -> None:
        self._looks = looks
        self._leases = leases
        self._clock = clock
        self._bell = bell or MemoryFrameBell()
        self._jpegs: dict[CameraId, tuple[bytes, float]] = {}

    @override
    def put(self, camera_id: CameraId, jpeg: bytes, *, epoch: Epoch, ttl_s: float) -> None:
        self._leases.check(camera_id, epoch)
        self._jpegs[camera_id] = (jpeg, self._clock.monotonic_s() + ttl_s)
        self._bell.ring(camera_id)
        if self._looks is not None:
            self._looks.end(camera_id, epoch=epoch)

    @override
    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        self._leases.check(camera_id, epoch)
        self._jpegs.pop(camera_id, None)

    @override
    def newest(self, camera_ids: Collection[CameraId]) -> Answers[bytes]:
        now_s = self._clock.monotonic_s()
        return Answers(
            {
                camera_id: jpeg
                for camera_id, (jpeg, until_s) in self._jpegs.items()
                if camera_id in camera_ids and until_s > now_s
            }
        )
