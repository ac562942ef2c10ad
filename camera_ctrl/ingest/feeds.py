"""The packets of every kind of camera, in one form: as they come, with times that mean something.

An RTSP camera's packets carry its own times. Of what comes without (multipart JPEG, whose times
FFmpeg makes up, bare streams, stills) the arrival is the time. What lies ready (a file) is played
as if it happened now.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import av
from av.container import InputContainer

from camera_ctrl.ingest.keyframe import CODECS, is_whole_jpeg, probed
from camera_ctrl.ingest.opening import opened
from camera_ctrl.ingest.pacing import MAX_EARLY_S, Pacer
from camera_ctrl.ingest.source import Source
from vigil.clock import Clock
from vigil.errors import CameraUnavailable
from vigil.media.template import MediaStream
from vigil.runtime import StopSignal

if TYPE_CHECKING:
    from camera_ctrl.ingest.http_camera import HttpCamera, Still

#: The class is generic in its stubs alone.
AvPacket: TypeAlias = "av.Packet[Any]"

#: FFmpeg's own limit on silence: the net below our watch, which knows the camera's interval.
READ_TIMEOUT_S = 10.0
#: The same of a still: redirects are followed and questions answered, each in a time of its own.
POLL_PATIENCE_S = 60.0
#: In which what is stamped here is counted.
ARRIVAL_TIME_BASE = Fraction(1, 90_000)
#: Seconds after which a still that has not changed is put on the bus again: the camera says that
#: this is what it sees now.
REPEAT_STILL_S = 1.0
#: Demuxers that know no times.
_BARE = frozenset({"h264", "hevc", "mjpeg"})
#: What a bare file is played at when it does not tell.
_BARE_FPS = Fraction(25)


@dataclass(frozen=True, slots=True)
class Feed:
    """An open camera.

    Attributes:
        streams: The main video first, then the first audio.
        packets: As they come.
        has_end: Whether it is a recording, whose end is no fault.
        is_polled: Whether a packet comes only when we ask for one.
        patience_s: Seconds within which the next packet comes, or an error in its place; where it
            is polled, once it is asked for.
        may_burst: Whether it may begin with what it has stored, sent faster than it plays.
    """

    streams: list[MediaStream]
    packets: Iterator[AvPacket]
    has_end: bool
    is_polled: bool = False
    may_burst: bool = False
    patience_s: float = READ_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class FeedOpener:
    """Opens cameras of every kind.

    Attributes:
        source: Where the camera is.
        pacer: For what lies ready; kept from round to round.
        still_fps: How many stills a second are wanted, asked for each.
        clock: Stamps arrivals.
        stop: Ends every wait.
    """

    source: Source
    pacer: Pacer
    still_fps: Callable[[], float]
    clock: Clock
    stop: StopSignal

    @contextmanager
    def open(self) -> Iterator[Feed]:
        """Open the camera.

        Raises:
            CameraUnavailable: It cannot be opened, or broke; the message is for its owner.
        """
        demuxer = None
        if self.source.is_http:
            # The HTTP library takes 16 MB, which a shard of RTSP cameras has no use for.
            from camera_ctrl.ingest.http_camera import HttpKind, http_camera  # noqa: PLC0415

            with http_camera(self.source, clock=self.clock) as camera:
                kind = camera.kind()
                if kind is HttpKind.STILL:
                    yield self._stills(camera)
                    return
            demuxer = "mpjpeg" if kind is HttpKind.MULTIPART else None
        with opened(self.source, read_timeout_s=READ_TIMEOUT_S, demuxer=demuxer) as container:
            yield self._stream(container)

    def _stream(self, container: InputContainer) -> Feed:
        if not container.streams.video:
            raise CameraUnavailable("gives sound alone, without video")
        video = container.streams.video[0]
        codec = _codec_of(video) or "an unknown kind of"
        if codec not in CODECS:
            raise CameraUnavailable(f"sends {codec} video; we take H.264, H.265 and MJPEG")
        audio = [stream for stream in container.streams.audio if _codec_of(stream)]
        streams: list[MediaStream] = [video, *audio[:1]]
        # All of them, also what we leave out: a camera that sends that alone is not silent, and
        # the thread comes back to see that its video is missing.
        packets = container.demux()
        is_file = self.source.scheme == "file"
        is_bare = container.format.name in _BARE
        has_end = is_file or (self.source.is_http and container.duration is not None)
        if has_end:
            if is_bare:
                packets = _evenly_stamped(packets, video)
            packets = self._paced(packets)
        has_times = not is_bare and container.format.name != "mpjpeg"
        if not has_end and not has_times:
            packets = self._stamped_on_arrival(packets)
        return Feed(
            streams,
            packets,
            has_end,
            may_burst=has_times and not has_end,
            patience_s=READ_TIMEOUT_S + (MAX_EARLY_S if has_end else 0.0),
        )

    def _paced(self, packets: Iterator[AvPacket]) -> Iterator[AvPacket]:
        self.pacer.begin_round()
        for packet in packets:
            at = packet.dts if packet.dts is not None else packet.pts
            if at is not None and packet.time_base is not None:
                length = (packet.duration or 0) * packet.time_base
                self.pacer.wait(float(at * packet.time_base), float(length))
            yield packet

    def _stamped_on_arrival(self, packets: Iterator[AvPacket]) -> Iterator[AvPacket]:
        began_s = self.clock.monotonic_s()
        for packet in packets:
            if packet.size:
                packet.pts = packet.dts = round(
                    (self.clock.monotonic_s() - began_s) / ARRIVAL_TIME_BASE
                )
                packet.time_base = ARRIVAL_TIME_BASE
                packet.duration = 0
            yield packet

    def _stills(self, camera: "HttpCamera") -> Feed:
        first = _require_whole(camera.still(None))
        stream = probed("mjpeg", first.jpeg)
        packets = self._stamped_on_arrival(self._polled(camera, first))
        return Feed([stream], packets, has_end=False, is_polled=True, patience_s=POLL_PATIENCE_S)

    def _polled(self, camera: "HttpCamera", first: "Still") -> Iterator[AvPacket]:
        """Yield stills as the camera has new ones, at most as many a second as are wanted."""
        still, sent_s = first, self.clock.monotonic_s()
        due_s = sent_s
        yield _packet_of(still.jpeg)
        while True:
            due_s = max(due_s + 1 / self.still_fps(), self.clock.monotonic_s())
            if self.stop.wait(due_s - self.clock.monotonic_s()):
                return
            newer = camera.still(still)
            if newer is None and self.clock.monotonic_s() - sent_s < REPEAT_STILL_S:
                continue
            still = still if newer is None else _require_whole(newer)
            sent_s = self.clock.monotonic_s()
            yield _packet_of(still.jpeg)


def _codec_of(stream: MediaStream) -> str | None:
    """Return a stream's codec, or None: FFmpeg knows none for it, and then has no context."""
    return getattr(stream.codec_context, "name", None)


def _require_whole(still: "Still | None") -> "Still":
    if still is None or not is_whole_jpeg(still.jpeg):
        raise CameraUnavailable("its picture is no JPEG, or was cut off")
    return still


def _packet_of(jpeg: bytes) -> AvPacket:
    packet: AvPacket = av.Packet(jpeg)
    packet.is_keyframe = True
    return packet


def _evenly_stamped(packets: Iterator[AvPacket], video: av.VideoStream) -> Iterator[AvPacket]:
    step = 1 / (video.average_rate or _BARE_FPS)
    for number, packet in enumerate(packets):
        if packet.size:
            packet.time_base = ARRIVAL_TIME_BASE
            packet.pts = packet.dts = round(number * step / ARRIVAL_TIME_BASE)
            packet.duration = round(step / ARRIVAL_TIME_BASE)
        yield packet
