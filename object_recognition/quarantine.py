"""Cameras whose frames kill workers: each is looked at by a process of its own, which may die.

Each look is noted before anything is made of the frame. Whoever takes a camera finds the note of a
worker that died over it: that frame is skipped from then on, and after the second death the camera
is isolated, until there was none for an hour.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Protocol

import structlog

from vigil.bus.looks.base import Deaths, LookNotes
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import STAMPED_HEAD_BYTES
from vigil.errors import ServerUnavailable
from vigil.runtime import Backoff

log = structlog.get_logger(__name__)

#: Deaths at a camera after which it is looked at by a process of its own.
DEATHS_TO_ISOLATE = 2
#: Processes of one worker: each takes as much memory as the worker itself.
MAX_LOOKERS = 4
#: Seconds that a process gets to end in order: it is given the time of a look.
END_S = 1.0
#: Seconds between two looks at whether deaths at isolated cameras are forgotten.
_ASK_EVERY_S = 30.0


class Looker(Protocol):
    """A process that looks at one camera alone, under our lease."""

    def is_alive(self) -> bool:
        """Return whether it runs."""
        ...

    def ask_to_end(self) -> None:
        """Ask it to end, and do not wait for it."""
        ...

    def end(self, *, within_s: float = 0.0) -> None:
        """Wait for its end, kill it if that does not come in time, and clear up behind it."""
        ...


#: Starts one for a camera that is held under an epoch.
StartLooker = Callable[[CameraId, Epoch], Looker]


@dataclass(slots=True)
class _Isolated:
    looker: Looker | None = None
    #: Under which the process writes.
    epoch: Epoch | None = None
    #: When it was asked to end; None: it was not.
    asked_s: float | None = None
    due_s: float = 0.0
    backoff: Backoff = field(default_factory=lambda: Backoff(first_s=1.0, max_s=60.0))


class Quarantine:
    """What is known of deaths at the cameras that this worker holds, and who looks instead.

    Args:
        notes: Of looks, where they outlive us.
        member: This worker's name.
        start: Starts a process for a camera; None: this is such a process.
        clock: For how long to wait until it is started again.
    """

    def __init__(
        self, notes: LookNotes, *, member: str, start: StartLooker | None, clock: Clock
    ) -> None:
        self._notes = notes
        self._member = member
        self._start = start
        self._clock = clock
        self._held: dict[CameraId, Epoch] = {}
        self._deaths: dict[CameraId, Deaths] = {}
        self._isolated: dict[CameraId, _Isolated] = {}
        self._ask_again_s = 0.0

    def follow(self, held: Mapping[CameraId, Epoch], *, alive: Collection[str]) -> None:
        """Learn of deaths at cameras that were taken; start, replace and end processes.

        Args:
            held: All cameras that this worker holds.
            alive: All members.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        for camera_id in self._isolated.keys() - held.keys():
            self._release(camera_id)
        fresh = {k: v for k, v in held.items() if self._held.get(k) != v}
        self._held = {k: v for k, v in self._held.items() if k in held}
        self._deaths = {k: v for k, v in self._deaths.items() if k in held}
        self._learn(fresh, alive=alive)
        if self._start is None:
            return
        now_s = self._clock.monotonic_s()
        if self._isolated and now_s >= self._ask_again_s:
            self._ask_again_s = now_s + _ASK_EVERY_S
            # Our own name lives: a look of theirs that goes on is no death.
            self._learn({k: v for k, v in held.items() if k in self._isolated}, alive=alive)
        for camera_id in self._held:
            if self._count(camera_id) >= DEATHS_TO_ISOLATE:
                self._isolated.setdefault(camera_id, _Isolated())
            elif camera_id in self._isolated and self._release(camera_id):
                log.info("camera_pardoned", camera_id=camera_id)
        for camera_id, isolated in self._isolated.items():
            if self._count(camera_id) >= DEATHS_TO_ISOLATE:
                self._tend(camera_id, isolated, alive=alive)

    def is_suspect(self, camera_id: CameraId) -> bool:
        """Return whether somebody died at a camera, over its frame or over one beside it."""
        return self._count(camera_id) > 0

    def isolated(self) -> frozenset[CameraId]:
        """Return the cameras that this process does not look at itself."""
        return frozenset(self._isolated)

    def speaks_for_itself(self, camera_id: CameraId) -> bool:
        """Return whether a process of its own says how a camera is."""
        isolated = self._isolated.get(camera_id)
        return isolated is not None and isolated.looker is not None

    def words(self, camera_id: CameraId) -> str | None:
        """Return what people should know of a camera in quarantine; None: it is in none."""
        count = self._count(camera_id)
        if count < DEATHS_TO_ISOLATE:
            return None
        said = f"its pictures ended the process that looked at them {count} times"
        if self._start is None or self.speaks_for_itself(camera_id):
            return f"{said}: a process of its own looks at it"
        isolated = self._isolated.get(camera_id)
        wait_s = 0.0 if isolated is None else isolated.due_s - self._clock.monotonic_s()
        if wait_s > 0:
            return f"{said}: one of its own is started again in {wait_s:.0f} s"
        return f"{said}: it waits until one of its own can be started"

    def begin(self, camera_id: CameraId, jpeg: bytes, *, epoch: Epoch) -> bool:
        """Note a look at a frame; return False for one that has killed: it is to be skipped.

        Raises:
            LeaseLost: The camera is another's.
            BusUnavailable: Redis does not answer.
        """
        # The stamp differs from frame to frame, and kills nobody.
        digest = blake2b(memoryview(jpeg)[STAMPED_HEAD_BYTES:], digest_size=16).hexdigest()
        if digest in self._deaths.get(camera_id, Deaths()).killers:
            log.warning("frame_skipped", camera_id=camera_id, reason="it ended a worker before")
            return False
        self._notes.begin(camera_id, digest, member=self._member, epoch=epoch)
        return True

    def end(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Note that nothing came of a look, and that we live.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        self._notes.end(camera_id, epoch=epoch)

    def forget(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Remove what is kept of looks and deaths at a camera: it was deleted.

        Raises:
            LeaseLost: The camera is another's.
            BusUnavailable: Redis does not answer.
        """
        self._notes.clear(camera_id, epoch=epoch)

    def close(self) -> None:
        """End all processes, together."""
        lookers = [each.looker for each in self._isolated.values() if each.looker is not None]
        self._isolated.clear()
        for looker in lookers:
            looker.ask_to_end()
        until_s = self._clock.monotonic_s() + END_S
        for looker in lookers:
            looker.end(within_s=max(0.0, until_s - self._clock.monotonic_s()))

    def _count(self, camera_id: CameraId) -> int:
        return self._deaths.get(camera_id, Deaths()).count

    def _learn(self, epochs: Mapping[CameraId, Epoch], *, alive: Collection[str]) -> None:
        try:
            told = self._notes.deaths(epochs, alive=alive)
        except ServerUnavailable as error:
            log.warning("deaths_unread", what=str(error))
            return
        for camera_id, deaths in told.items():
            if deaths.count > self._count(camera_id):
                log.error("camera_kills_workers", camera_id=camera_id, deaths=deaths.count)
            self._deaths[camera_id] = deaths
            self._held[camera_id] = epochs[camera_id]

    def _tend(self, camera_id: CameraId, isolated: _Isolated, *, alive: Collection[str]) -> None:
        epoch, now_s = self._held[camera_id], self._clock.monotonic_s()
        if isolated.looker is not None:
            is_asked = isolated.asked_s is not None
            if isolated.looker.is_alive() and isolated.epoch == epoch and not is_asked:
                return
            if not self._has_ended(isolated):
                return
            isolated.due_s = now_s + isolated.backoff.next_s()
            # It looked in our name, and is no more.
            self._learn({camera_id: epoch}, alive={*alive} - {self._member})
        at_work = sum(each.looker is not None for each in self._isolated.values())
        if self._start is not None and now_s >= isolated.due_s and at_work < MAX_LOOKERS:
            isolated.looker, isolated.epoch = self._start(camera_id, epoch), epoch

    def _release(self, camera_id: CameraId) -> bool:
        """Have no process for a camera; return whether it has ended: until then we do not look."""
        if not self._has_ended(self._isolated[camera_id]):
            return False
        del self._isolated[camera_id]
        return True

    def _has_ended(self, isolated: _Isolated) -> bool:
        """Return whether a process has ended that is asked to; kill one that takes too long.

        Never waits: meanwhile leases are to be renewed.
        """
        looker, now_s = isolated.looker, self._clock.monotonic_s()
        if looker is None:
            return True
        if isolated.asked_s is None:
            isolated.asked_s = now_s
            looker.ask_to_end()
        if looker.is_alive() and now_s - isolated.asked_s < END_S:
            return False
        looker.end()
        isolated.looker = isolated.asked_s = None
        return True
