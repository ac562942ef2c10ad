"""All shards of one kind: placed, started, listened to, started again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from camera_ctrl.placement import Placement, ShardNumber
from camera_ctrl.shards.messages import Assignment
from camera_ctrl.shards.process import SILENT_S, ShardProcess
from camera_ctrl.stream_choice import StreamChoice
from vigil.camera_document import CameraConfig
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.runtime import Backoff

log = structlog.get_logger(__name__)

#: A shard that ran so long did not die of how it was started.
STEADY_S = 30.0
#: A supervisor that did not look for so long was held up itself, or the machine was suspended.
HELD_UP_S = 5.0


@dataclass(slots=True)
class _Starts:
    """When a shard was started, and when it may be again."""

    started_s: float
    not_before_s: float = 0.0
    backoff: Backoff = field(default_factory=lambda: Backoff(first_s=0.2, max_s=8.0))


def main_address(camera: CameraConfig) -> str:
    """Return where a camera's main stream is, sealed."""
    return camera.sealed_url


def sub_address(camera: CameraConfig) -> str:
    """Return where a camera's sub-stream is, sealed."""
    return camera.sealed_sub_url or ""


def both_addresses(camera: CameraConfig) -> str:
    """Return where both of a camera's streams are, sealed."""
    return f"{main_address(camera)} {sub_address(camera)}"


class ShardPool:
    """Keeps as many shards of one kind as the cameras need.

    Args:
        kind: ``ingest`` or ``decode``, for names.
        start: Starts a shard of that name.
        placement: Who serves what.
        clock: For restarts.
        address_of: What of a camera its shards read, as web sealed it: a camera that is suspected
            of a crash is not any more when this is another.
    """

    def __init__(
        self,
        kind: str,
        *,
        start: Callable[[str], ShardProcess],
        placement: Placement,
        clock: Clock,
        address_of: Callable[[CameraConfig], str] = main_address,
    ) -> None:
        self._kind = kind
        self._address_of = address_of
        self._start = start
        self._placement = placement
        self._clock = clock
        self._shards: dict[ShardNumber, ShardProcess] = {}
        self._starts: dict[ShardNumber, _Starts] = {}
        #: Asked to end, or killed.
        self._ending: list[ShardProcess] = []
        self._looked_s = clock.monotonic_s()
        self._patient_until_s = 0.0

    @property
    def shards(self) -> list[ShardProcess]:
        """The shards that run."""
        return list(self._shards.values())

    def serve(
        self,
        cameras: Mapping[CameraId, CameraConfig],
        epochs: Mapping[CameraId, Epoch],
        choices: Mapping[CameraId, StreamChoice] | None = None,
    ) -> None:
        """Have each camera served by one shard, under its epoch.

        Args:
            cameras: As web wants them.
            epochs: Of their ingest leases.
            choices: For decode shards, of cameras that have two streams.
        """
        choices = choices or {}
        # First: what was said while we were held up is no silence.
        self.listen()
        self._bury_the_dead()
        addresses = {each: self._address_of(camera) for each, camera in cameras.items()}
        placed = self._placement.place(addresses, now_s=self._clock.monotonic_s())
        for number in self._shards.keys() - placed.keys():
            self._dismiss(number)
        for number in self._starts.keys() - placed.keys():
            del self._starts[number]
        self._ending = [shard for shard in self._ending if not shard.has_ended()]
        # Never two shards at one camera, under one epoch: who moves waits for the other's end.
        leaving = {each for shard in self._ending for each in shard.assignment.cameras}
        for number, camera_ids in placed.items():
            shard = self._shards.get(number) or self._restarted(number)
            if shard is not None:
                shard.assign(
                    Assignment(
                        cameras={each: cameras[each] for each in camera_ids - leaving},
                        epochs={each: epochs[each] for each in camera_ids - leaving},
                        choices={
                            each: choices[each] for each in camera_ids - leaving if each in choices
                        },
                    )
                )

    def crashing(self) -> frozenset[CameraId]:
        """Return the cameras that crashed a shard of their own, which is not up again yet."""
        served = {each for shard in self._shards.values() for each in shard.assignment.cameras}
        return self._placement.isolated() - served

    def isolated(self) -> frozenset[CameraId]:
        """Return the cameras that have crashed too often to share a shard."""
        return self._placement.isolated()

    def listen(self) -> None:
        """Take what the shards report."""
        for shard in self._shards.values():
            shard.listen()

    def ask_to_end(self) -> None:
        """Ask every shard to end. All of them have the same few seconds."""
        for number in list(self._shards):
            self._dismiss(number)

    def wait_for_end(self) -> None:
        """Return when every shard that was asked to has ended, or was killed."""
        for shard in self._ending:
            shard.wait_for_end()
        self._ending.clear()

    def _dismiss(self, number: ShardNumber) -> None:
        shard = self._shards.pop(number)
        shard.ask_to_end()
        self._ending.append(shard)

    def _restarted(self, number: ShardNumber) -> ShardProcess | None:
        """Start a shard, or return None while it is too early after its death."""
        now_s = self._clock.monotonic_s()
        starts = self._starts.setdefault(number, _Starts(now_s))
        if now_s < starts.not_before_s:
            return None
        starts.started_s = now_s
        self._shards[number] = self._start(f"{self._kind}-{number}")
        return self._shards[number]

    def _bury_the_dead(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s > HELD_UP_S:
            # After a night in suspend all are silent, and none of them hangs.
            self._patient_until_s = now_s + SILENT_S
        self._looked_s = now_s
        for number, shard in list(self._shards.items()):
            lost = _why_lost(shard, is_patient=now_s < self._patient_until_s)
            if lost is not None:
                self._bury(number, *lost)

    def _bury(self, number: ShardNumber, reason: str, suspects: frozenset[CameraId]) -> None:
        now_s, shard, starts = self._clock.monotonic_s(), self._shards[number], self._starts[number]
        fault = shard.fault()
        log.error(
            "shard_lost",
            shard=shard.name,
            reason=reason,
            exit_code=shard.exit_code(),
            crashed_at=None if fault is None else fault.place,
            suspects=sorted(suspects),
        )
        for camera_id in self._placement.note_crash(suspects, now_s=now_s):
            log.warning("camera_isolated", camera_id=camera_id, kind=self._kind)
        self._dismiss(number)
        # It hangs, or is dead already: nothing is to be waited for.
        shard.kill()
        if now_s - starts.started_s > STEADY_S:
            starts.backoff.reset()
        starts.not_before_s = now_s + starts.backoff.next_s()


def _why_lost(shard: ShardProcess, *, is_patient: bool) -> tuple[str, frozenset[CameraId]] | None:
    """Return why a shard must be started again, and the suspects; None: it need not be."""
    if not shard.is_alive():
        return "died", shard.suspects()
    if is_patient:
        return None
    if stuck_at := shard.stuck_at():
        return "stuck", stuck_at
    return ("silent", shard.suspects()) if shard.is_silent() else None
