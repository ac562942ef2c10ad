"""The twin: explanations in this process, for unit tests."""

from typing_extensions import override

from vigil import keys
from vigil.bus.explanations.base import MAX_KEPT, ExplanationLog
from vigil.bus.leases.memory import MemoryLeases
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.messages import Explanation


class MemoryExplanationLog(ExplanationLog):
    """Explanations of all cameras."""

    def __init__(self, leases: MemoryLeases, clock: Clock) -> None:
        self._leases = leases
        self._clock = clock
        self._kept: dict[CameraId, list[tuple[float, Explanation]]] = {}

    @override
    def append(self, explanation: Explanation, *, epoch: Epoch) -> None:
        self._leases.check(explanation.camera_id, epoch)
        kept = self._kept.setdefault(explanation.camera_id, [])
        kept.append((self._clock.monotonic_s(), explanation))
        del kept[:-MAX_KEPT]

    @override
    def newest(self, camera_id: CameraId, *, limit: int) -> list[Explanation]:
        oldest_s = self._clock.monotonic_s() - keys.EXPLANATIONS_TTL_S
        kept = [each for at_s, each in self._kept.get(camera_id, []) if at_s >= oldest_s]
        return kept[::-1][:limit]

    @override
    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        self._leases.check(camera_id, epoch)
        self._kept.pop(camera_id, None)
