"""All shards of one kind: placed, started, listened to, started again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from camera_ctrl.placement import Placement, ShardNumber
from camera_ctrl.shards.messages import Assignment
from camera_ctrl.shards.process import ShardProcess
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.messages import CameraConfig
from vigil.runtime import Backoff

log = structlog.get_logger(__name__)

#: A shard that ran so long did not die of how it was started.
STEADY_S = 30.0


@dataclass(slots=True)
class _Starts:
    """When a shard was started, and when it may be again."""

    started_s: float
    not_before_s: float = 0.0
    backoff: Backoff = field(default_factory=lambda: Backoff(first_s=0.2, max_s=8.0))


class ShardPool:
    """Keeps as many shards of one kind as the cameras need.

    Args:
        kind: ``ingest`` or ``decode``, for names.
        start: Starts a shard of that name.
        placement: Who serves what.
        clock: For restarts.
    """

    def __init__(
        self,
        kind: str,
        *,
        start: Callable[[str], ShardProcess],
        placement: Placement,
        clock: Clock,
    ) -> None:
        self._kind = kind
        self._start = start
        self._placement = placement
        self._clock = clock
        self._shards: dict[ShardNumber, ShardProcess] = {}
        self._starts: dict[ShardNumber, _Starts] = {}

    @property
    def shards(self) -> list[ShardProcess]:
        """The shards that run."""
        return list(self._shards.values())

    def serve(
        self, cameras: Mapping[CameraId, CameraConfig], epochs: Mapping[CameraId, Epoch]
    ) -> None:
        """Have each camera served by one shard, under its epoch."""
        # First: what was said while we were held up is no silence.
        self.listen()
        self._bury_the_dead()
        placed = self._placement.place(cameras)
        for number in self._shards.keys() - placed.keys():
            self._shards.pop(number).stop()
        for number in self._starts.keys() - placed.keys():
            del self._starts[number]
        for number, camera_ids in placed.items():
            shard = self._shards.get(number) or self._restarted(number)
            if shard is not None:
                shard.assign(
                    Assignment(
                        cameras={each: cameras[each] for each in camera_ids},
                        epochs={each: epochs[each] for each in camera_ids},
                    )
                )

    def crashing(self) -> frozenset[CameraId]:
        """Return the cameras that crashed a shard of their own, which is not up again yet."""
        served = {each for shard in self._shards.values() for each in shard.assignment.cameras}
        return self._placement.isolated() - served

    def listen(self) -> None:
        """Take what the shards report."""
        for shard in self._shards.values():
            shard.listen()

    def stop(self) -> None:
        """End every shard."""
        for shard in self._shards.values():
            shard.stop()
        self._shards.clear()

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
        for number, shard in list(self._shards.items()):
            if shard.is_alive() and not shard.is_silent():
                continue
            reason = "silent" if shard.is_alive() else "died"
            shard.kill()
            suspects = shard.suspects()
            log.error(
                "shard_lost",
                shard=shard.name,
                reason=reason,
                exit_code=shard.exit_code(),
                suspects=sorted(suspects),
            )
            for camera_id in self._placement.note_crash(suspects):
                log.warning("camera_isolated", camera_id=camera_id, kind=self._kind)
            del self._shards[number]
            now_s, starts = self._clock.monotonic_s(), self._starts[number]
            if now_s - starts.started_s > STEADY_S:
                starts.backoff.reset()
            starts.not_before_s = now_s + starts.backoff.next_s()
