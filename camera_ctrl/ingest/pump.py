"""From FFmpeg's packets to entries on the bus, with capture times and templates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import av
import structlog

from camera_ctrl.ingest.timing import CaptureTimer
from vigil.bus.packets.base import Backlog, PacketLog, Template
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.packet import Packet
from vigil.errors import BusUnavailable, LeaseLost
from vigil.media.template import MediaStream, template_of

#: The class is generic in its stubs alone.
AvPacket: TypeAlias = "av.Packet[Any]"

log = structlog.get_logger(__name__)

#: After Redis did not answer, packets are dropped for so long before it is asked again: a camera
#: whose packets nobody takes would break the connection.
PAUSE_S = 0.5


@dataclass(slots=True)
class PumpState:
    """What a pump tells those who watch it. Written by its thread alone.

    Attributes:
        epoch: Under which it writes; set by others when the lease was taken again.
        lost_epoch: An epoch under which a write was refused.
        dropped: Packets that the bus did not take.
    """

    epoch: Epoch
    lost_epoch: Epoch | None = None
    backlog: Backlog = field(default_factory=lambda: Backlog(0.0, 0))
    dropped: int = 0


class PacketPump:
    """Puts the packets of one connection on the bus, from a keyframe on.

    Whenever packets are missing, those behind them wait for the next keyframe and get a new
    anchor, so that a reader never decodes over a hole nor writes one into a segment.

    Args:
        camera_id: Of the camera.
        streams: The main video first; packets of other streams are left out.
        state: Shared with the watch.
        packets: Where they go.
        clock: Stamps arrivals.
    """

    def __init__(
        self,
        camera_id: CameraId,
        streams: Sequence[MediaStream],
        *,
        state: PumpState,
        packets: PacketLog,
        clock: Clock,
    ) -> None:
        self._camera_id = camera_id
        self._streams = streams
        self._index = {stream.index: index for index, stream in enumerate(streams)}
        self._state = state
        self._packets = packets
        self._clock = clock
        self._timer = CaptureTimer(clock)
        self._template: Template | None = None
        self._awaits_keyframe = True
        self._untimed: AvPacket | None = None
        self._paused_until_s = 0.0

    def put(self, packet: AvPacket) -> bool:
        """Take one packet of the demuxer; return whether it was video with a payload."""
        if packet.size == 0 or packet.stream_index not in self._index:
            return False
        is_video = self._index[packet.stream_index] == 0
        if packet.dts is None and packet.pts is None:
            # FFmpeg knows the time of the first RTSP packet, a keyframe, only behind the second.
            if is_video:
                self._untimed = packet
            return is_video
        batch = [packet]
        if is_video and self._untimed is not None:
            batch.insert(0, _timed_before(self._untimed, packet, self._streams[0]))
            self._untimed = None
        for each in batch:
            self._put_timed(each)
        return is_video

    def _put_timed(self, packet: AvPacket) -> None:
        index = self._index[packet.stream_index]
        if index == 0 and packet.is_keyframe and self._awaits_keyframe:
            self._awaits_keyframe = False
            self._timer.restart()
        if self._awaits_keyframe:
            return
        data = bytes(packet)
        if self._template is None:
            self._template = template_of(self._streams, data)
        self._append(self._entry(packet, index, data, self._template), self._template)

    def _entry(self, packet: AvPacket, index: int, data: bytes, template: Template) -> Packet:
        time_base = packet.time_base or self._streams[index].time_base or Fraction(1, 90_000)
        dts = packet.dts if packet.dts is not None else packet.pts
        pts = packet.pts if packet.pts is not None else packet.dts
        assert dts is not None
        assert pts is not None
        stamp = self._timer.stamp(float(dts * time_base), float(pts * time_base))
        return Packet(
            stream_index=index,
            pts=pts,
            dts=dts,
            duration=packet.duration or 0,
            time_base=time_base,
            is_keyframe=packet.is_keyframe,
            template_id=template.template_id,
            anchor_us=stamp.anchor_us,
            captured_at_us=stamp.captured_at_us,
            data=data,
        )

    def _append(self, packet: Packet, template: Template) -> None:
        epoch = self._state.epoch
        if epoch == self._state.lost_epoch or self._clock.monotonic_s() < self._paused_until_s:
            self._drop()
            return
        try:
            self._state.backlog = self._packets.append(
                self._camera_id, [packet], template=template, epoch=epoch
            )
        except LeaseLost as error:
            log.warning("packets_refused", camera_id=self._camera_id, reason=str(error))
            self._state.lost_epoch = epoch
            self._drop()
        except BusUnavailable as error:
            if not self._awaits_keyframe:
                log.warning("packets_dropped", camera_id=self._camera_id, reason=str(error))
            self._paused_until_s = self._clock.monotonic_s() + PAUSE_S
            self._drop()

    def _drop(self) -> None:
        self._state.dropped += 1
        self._awaits_keyframe = True


def _timed_before(untimed: AvPacket, following: AvPacket, stream: MediaStream) -> AvPacket:
    """Return untimed with the time of a frame before following."""
    step = following.duration or 0
    if not step and isinstance(stream, av.VideoStream) and stream.average_rate:
        step = round(1 / (stream.average_rate * (following.time_base or stream.time_base or 1)))
    dts = following.dts if following.dts is not None else following.pts
    assert dts is not None
    untimed.time_base = following.time_base
    untimed.pts = untimed.dts = dts - step
    return untimed
