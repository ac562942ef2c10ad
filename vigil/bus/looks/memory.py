"""The twin: notes in this process."""

from collections.abc import Collection, Mapping

from typing_extensions import override

from vigil import keys
from vigil.bus.answers import Answers
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.looks.base import Deaths, LookNotes
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch


class MemoryLookNotes(LookNotes):
    """The notes of recognition workers, for unit tests."""

    def __init__(self, leases: MemoryLeases, clock: Clock) -> None:
        self._leases = leases
        self._clock = clock
        self._looks: dict[CameraId, tuple[str, str, Epoch]] = {}
        self._deaths: dict[CameraId, tuple[Deaths, float]] = {}

    @override
    def begin(self, camera_id: CameraId, digest: str, *, member: str, epoch: Epoch) -> None:
        self._leases.check(camera_id, epoch)
        self._looks[camera_id] = (member, digest, epoch)

    @override
    def end(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        if camera_id in self._looks and self._looks[camera_id][2] == epoch:
            del self._looks[camera_id]

    @override
    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        self._leases.check(camera_id, epoch)
        self._looks.pop(camera_id, None)
        self._deaths.pop(camera_id, None)

    @override
    def deaths(
        self, epochs: Mapping[CameraId, Epoch], *, alive: Collection[str]
    ) -> Answers[Deaths]:
        now_s = self._clock.monotonic_s()
        told = Answers[Deaths]()
        for camera_id in epochs:
            known, until_s = self._deaths.get(camera_id, (Deaths(), 0.0))
            known = known if until_s > now_s else Deaths()
            member, digest, _ = self._looks.get(camera_id, ("", "", 0))
            if member and member not in alive:
                del self._looks[camera_id]
                known = Deaths(known.count + 1, known.killers | {digest})
                self._deaths[camera_id] = (known, now_s + keys.DEATHS_TTL_S)
            told[camera_id] = known
        return told
