"""The twin: packets in this process, trimmed by the same rule."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from typing_extensions import override

from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.packets.base import (
    Backlog,
    BacklogLimits,
    Entry,
    EntryId,
    PacketLog,
    Reading,
    Template,
    keyframe_before,
    place_of,
)
from vigil.bus.watchers.base import Watchers
from vigil.bus.watchers.memory import MemoryWatchers
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.packet import Packet

_Position = tuple[int, int]


@dataclass(slots=True)
class _Held:
    position: _Position
    packet: Packet
    begins_gop: bool


@dataclass(slots=True)
class _CameraLog:
    held: list[_Held] = field(default_factory=list)
    templates: dict[str, Template] = field(default_factory=dict)
    last: _Position = (0, 0)

    def gop_starts(self) -> list[int]:
        return [index for index, held in enumerate(self.held) if held.begins_gop]

    def size_bytes(self, start: int) -> int:
        return sum(len(held.packet.data) for held in self.held[start:])


class MemoryPacketLog(PacketLog):
    """The packets of every camera, for unit tests."""

    def __init__(
        self,
        leases: MemoryLeases,
        clock: Clock,
        *,
        limits: BacklogLimits,
        watchers: Watchers | None = None,
    ) -> None:
        self._watchers = watchers or MemoryWatchers(clock)
        self._leases = leases
        self._clock = clock
        self._limits = limits
        self._logs: dict[CameraId, _CameraLog] = {}

    @override
    def append(
        self,
        camera_id: CameraId,
        packets: Sequence[Packet],
        *,
        template: Template,
        epoch: Epoch,
    ) -> Backlog:
        self._leases.check(camera_id, epoch)
        log = self._logs.setdefault(camera_id, _CameraLog())
        log.templates[template.template_id] = template
        now_ms = self._clock.utc_us() // 1000
        for packet in packets:
            starts = log.gop_starts()
            is_overlong = bool(starts) and (log.size_bytes(starts[-1]) > self._limits.max_gop_bytes)
            begins_gop = (packet.is_keyframe and packet.stream_index == 0) or is_overlong
            log.last = max((now_ms, 0), (log.last[0], log.last[1] + 1))
            log.held.append(_Held(log.last, packet, begins_gop))
        self._trim(log, now_ms)
        starts = log.gop_starts()
        if not starts:
            return Backlog(0.0, 0)
        held_ms = now_ms - log.held[starts[0]].position[0]
        return Backlog(held_ms / 1000, log.size_bytes(starts[0]))

    def _trim(self, log: _CameraLog, now_ms: int) -> None:
        while len(starts := log.gop_starts()) > 1:
            is_long_enough = now_ms - log.held[starts[1]].position[0] >= self._limits.seconds * 1000
            is_too_large = log.size_bytes(starts[0]) > self._limits.max_bytes
            if not is_long_enough and not is_too_large:
                return
            del log.held[: starts[1]]
            needed = {held.packet.template_id for held in log.held}
            log.templates = {name: log.templates[name] for name in needed}

    @override
    def read(
        self,
        positions: Mapping[CameraId, EntryId],
        *,
        limit: int,
        asking: Collection[CameraId] = (),
    ) -> Reading:
        answers = Reading()
        answers.watched = self._watchers.watched(asking)
        for camera_id, after in positions.items():
            position = place_of(after)
            log = self._logs.get(camera_id, _CameraLog())
            behind = [held for held in log.held if held.position > position][:limit]
            if behind:
                answers[camera_id] = [
                    Entry(EntryId(f"{held.position[0]}-{held.position[1]}"), held.packet)
                    for held in behind
                ]
        return answers

    @override
    def last_keyframe(self, camera_id: CameraId, *, before_s: float = 0.0) -> EntryId | None:
        log = self._logs.get(camera_id, _CameraLog())
        begins = [log.held[start].position for start in log.gop_starts()]
        return keyframe_before(begins, before_s=before_s)

    @override
    def last_entry(self, camera_id: CameraId) -> EntryId | None:
        held = self._logs.get(camera_id, _CameraLog()).held
        return EntryId("{}-{}".format(*held[-1].position)) if held else None

    @override
    def template(self, camera_id: CameraId, template_id: str) -> Template | None:
        return self._logs.get(camera_id, _CameraLog()).templates.get(template_id)

    @override
    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        self._leases.check(camera_id, epoch)
        self._logs.pop(camera_id, None)

    def flush(self) -> None:
        """Forget everything, as an emptied Redis does."""
        self._logs.clear()
