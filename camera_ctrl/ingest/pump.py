"""From FFmpeg's packets to entries on the bus, with capture times and templates."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

import av
import structlog

from camera_ctrl.ingest.templates import Templates
from camera_ctrl.ingest.timing import CaptureTimer, Stamp
from vigil.bus.packets.base import Backlog, PacketLog, Template
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.packet import Packet
from vigil.errors import BusUnavailable, CameraUnavailable, LeaseLost
from vigil.media.template import MediaStream

#: The class is generic in its stubs alone.
AvPacket: TypeAlias = "av.Packet[Any]"

log = structlog.get_logger(__name__)

#: After Redis did not answer, packets are dropped for so long before it is asked again: a camera
#: whose packets nobody takes would break the connection.
PAUSE_S = 0.5
#: H.264 and H.265 reorder at most 16 frames; a stream without a dts by then has none.
MAX_UNTIMED = 20
#: The largest packet that we take: a JPEG of the largest still; an H.265 keyframe is far smaller.
MAX_PACKET_BYTES = 24 * 2**20
#: A camera that sends fewer pictures is shown its first one at once, be its time a little off.
SLOW_FPS = 1.0


@dataclass(slots=True)
class PumpState:
    """What a pump tells those who watch it. Written by its thread alone, but for the first two.

    Attributes:
        epoch: Under which it writes; set by others when the lease was taken again.
        hold_s: How long a packet waits at most for the next ones, so that they go in one call. No
            clock runs: where the next one is late, they wait until it comes, or until the end.
        lost_epoch: An epoch under which a write was refused.
        dropped: Packets that the bus did not take.
        codec, size_wh: Of the main video, as it is sent now; None, and 0 by 0, until known.
    """

    epoch: Epoch
    hold_s: float = 0.0
    lost_epoch: Epoch | None = None
    backlog: Backlog = field(default_factory=lambda: Backlog(0.0, 0))
    dropped: int = 0
    codec: str | None = None
    size_wh: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Held:
    """Packets of one template that wait for the next one.

    Attributes:
        since_s: When the first of them came.
        newest_s: When the last packet came, be it here or gone.
    """

    packets: list[Packet] = field(default_factory=list)
    template: Template | None = None
    since_s: float = 0.0
    newest_s: float = -math.inf


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
        may_burst: Whether the connection may begin with what the camera has stored.
    """

    def __init__(
        self,
        camera_id: CameraId,
        streams: Sequence[MediaStream],
        *,
        state: PumpState,
        packets: PacketLog,
        clock: Clock,
        may_burst: bool = True,
    ) -> None:
        self._camera_id = camera_id
        self._streams = streams
        self._index = {stream.index: index for index, stream in enumerate(streams)}
        self._state = state
        self._packets = packets
        self._clock = clock
        self._timer = CaptureTimer(clock, begins_with_burst=may_burst and not _is_slow(streams[0]))
        self._templates = Templates(streams)
        self._note_video()
        self._awaits_keyframe = True
        self._untimed: list[AvPacket] = []
        #: Those that the timer has not stamped yet, in the order they came.
        self._unstamped: deque[tuple[AvPacket, Template]] = deque()
        self._paused_until_s = 0.0
        self._held = Held()

    def put(self, packet: AvPacket) -> bool:
        """Take one packet of the demuxer; return whether it was video with a payload.

        Raises:
            CameraUnavailable: The video is none that can be understood, or out of bounds.
        """
        if packet.size == 0:
            # FFmpeg says so that no more will come.
            self.end()
            return False
        if packet.stream_index not in self._index:
            return False
        if packet.size > MAX_PACKET_BYTES:
            raise CameraUnavailable(
                f"sends a packet larger than the {MAX_PACKET_BYTES // 2**20} MiB that we take"
            )
        is_video = self._index[packet.stream_index] == 0
        for timed in self._with_times(packet) if is_video else [packet]:
            self._put_timed(timed)
        return is_video

    def _with_times(self, packet: AvPacket) -> list[AvPacket]:
        """Return the video packets whose times are known now, in their order.

        FFmpeg knows no dts of an RTSP stream's first packets, as many as it reorders, nor the pts
        of the very first. They are held until it does, and then counted back from it.
        """
        self._untimed.append(packet)
        if packet.dts is None and len(self._untimed) < MAX_UNTIMED:
            return []
        packets, self._untimed = self._untimed, []
        if len(packets) > 1:
            _count_back(packets, self._streams[0])
        return packets

    def _put_timed(self, packet: AvPacket) -> None:
        is_video = self._index[packet.stream_index] == 0
        if self._awaits_keyframe:
            if not (is_video and packet.is_keyframe):
                return
            self._awaits_keyframe = False
            self._timer.restart()
            self._unstamped.clear()
        self._unstamped.append((packet, self._template_of(packet, is_video=is_video)))
        # As a float: a product of fractions is reduced, with each packet.
        unit_s = float(self._time_base_of(packet))
        dts, pts = _times_of(packet)
        stamps = (
            self._timer.stamp(dts * unit_s, pts * unit_s)
            if is_video
            else self._timer.stamp_beside(pts * unit_s)
        )
        self._append(stamps)

    def _template_of(self, packet: AvPacket, *, is_video: bool) -> Template:
        """Return the template of a packet. Only a keyframe of the main video brings another."""
        if not (is_video and packet.is_keyframe):
            return self._templates.current()
        template = self._templates.at_keyframe(bytes(packet))
        self._note_video()
        return template

    def _note_video(self) -> None:
        context = self._templates.video.codec_context
        self._state.codec = context.name
        self._state.size_wh = (context.width, context.height)

    def _append(self, stamps: Sequence[Stamp | None]) -> None:
        """Put the packets that have waited longest on the bus, as many as there are stamps."""
        stamped = [(*self._unstamped.popleft(), stamp) for stamp in stamps]
        for template, run in groupby(stamped, key=itemgetter(1)):
            batch = [
                self._entry(packet, stamp, template)
                for packet, _, stamp in run
                if stamp is not None
            ]
            if batch:
                self._hold(batch, template)

    def _hold(self, batch: Sequence[Packet], template: Template) -> None:
        """Let packets wait for the next ones, if those come soon enough by their own rhythm."""
        now_s, held = self._clock.monotonic_s(), self._held
        if held.packets and held.template is not template:
            self._flush()
        gap_s, held.newest_s = now_s - held.newest_s, now_s
        if not held.packets:
            held.since_s = now_s
        held.packets += batch
        held.template = template
        # A keyframe is what readers wait for to begin.
        begins_gop = any(each.is_keyframe and each.stream_index == 0 for each in batch)
        if begins_gop or now_s - held.since_s + gap_s > self._state.hold_s:
            self._flush()

    def end(self) -> None:
        """Put on the bus what still waits: no more will come by this connection."""
        self._append(self._timer.settle())
        self._flush()

    def _flush(self) -> None:
        """Let nothing wait any longer for the next packet."""
        batch, self._held.packets = self._held.packets, []
        if batch and self._held.template is not None:
            self._append_run(batch, self._held.template)

    def _append_run(self, batch: Sequence[Packet], template: Template) -> None:
        """Put packets of one template on the bus, or drop them."""
        epoch = self._state.epoch
        if epoch == self._state.lost_epoch or self._clock.monotonic_s() < self._paused_until_s:
            self._drop(batch)
            return
        try:
            self._state.backlog = self._packets.append(
                self._camera_id, batch, template=template, epoch=epoch
            )
        except LeaseLost as error:
            log.warning("packets_refused", camera_id=self._camera_id, reason=str(error))
            self._state.lost_epoch = epoch
            self._drop(batch)
        except BusUnavailable as error:
            log.warning("packets_dropped", camera_id=self._camera_id, reason=str(error))
            self._paused_until_s = self._clock.monotonic_s() + PAUSE_S
            self._drop(batch)

    def _entry(self, packet: AvPacket, stamp: Stamp, template: Template) -> Packet:
        dts, pts = _times_of(packet)
        return Packet(
            stream_index=self._index[packet.stream_index],
            pts=pts,
            dts=dts,
            duration=packet.duration or 0,
            time_base=self._time_base_of(packet),
            is_keyframe=packet.is_keyframe,
            template_id=template.template_id,
            anchor_us=stamp.anchor_us,
            captured_at_us=stamp.captured_at_us,
            data=bytes(packet),
        )

    def _time_base_of(self, packet: AvPacket) -> Fraction:
        stream = self._streams[self._index[packet.stream_index]]
        return packet.time_base or stream.time_base or Fraction(1, 90_000)

    def _drop(self, batch: Sequence[Packet]) -> None:
        self._state.dropped += len(batch)
        self._awaits_keyframe = True


def _is_slow(stream: MediaStream) -> bool:
    rate = stream.average_rate if isinstance(stream, av.VideoStream) else None
    return rate is not None and 0 < rate < SLOW_FPS


def _times_of(packet: AvPacket) -> tuple[int, int]:
    """Return the dts and pts of a packet; each stands in for the other where one is missing."""
    dts = packet.dts if packet.dts is not None else packet.pts or 0
    return dts, packet.pts if packet.pts is not None else dts


def _count_back(packets: Sequence[AvPacket], stream: MediaStream) -> None:
    """Give the first packets of a stream the times of frames in even steps before the last."""
    last = packets[-1]
    step = last.duration or 0
    if not step and isinstance(stream, av.VideoStream) and stream.average_rate:
        step = round(1 / (stream.average_rate * (last.time_base or stream.time_base or 1)))
    known = [packet.pts for packet in packets if packet.pts is not None]
    if last.dts is None:
        last.dts = min(known, default=0)
    for index, packet in enumerate(packets):
        packet.time_base = last.time_base
        packet.dts = last.dts - step * (len(packets) - 1 - index)
        if packet.pts is None:
            # The first is a keyframe, and shown before all that follow.
            packet.pts = min(known, default=packet.dts + step) - step
