"""The life of one camera's connection, in a thread of its own: open, pump, wait, again."""

import threading
from dataclasses import dataclass, field

import structlog
from av.container import InputContainer

from camera_ctrl.ingest.pump import PacketPump, PumpState
from camera_ctrl.ingest.source import NO_ANSWER, Source, opened
from camera_ctrl.liveness import Liveness
from camera_ctrl.rate import RateMeter
from camera_ctrl.reports import IngestReport
from vigil.bus.packets.base import PacketLog
from vigil.clock import Clock
from vigil.domain.camera import Epoch
from vigil.errors import CameraUnavailable
from vigil.media.template import MediaStream
from vigil.messages import CameraConfig
from vigil.runtime import Backoff, StopSignal

log = structlog.get_logger(__name__)

#: FFmpeg's own limit on silence: the net below our watch, which knows the camera's interval.
READ_TIMEOUT_S = 10.0
#: A connection that lasted so long was no flapping: the next one is tried at once.
STEADY_S = 10.0
RETRY_FIRST_S = 0.5
RETRY_MAX_S = 8.0
#: A camera that is so long in opening is said to be silent, while we still wait for it.
PATIENT_S = 3.0


@dataclass(slots=True)
class _Seen:
    """What the connection has seen. Written by the session's thread alone."""

    error: str | None = None
    liveness: Liveness = field(default_factory=Liveness)
    last_packet_us: int | None = None
    came_back_s: float = 0.0
    #: Since when it is being opened; None: it is open, or between two tries.
    opening_s: float | None = None
    codec: str | None = None
    width_px: int = 0
    height_px: int = 0
    rate: RateMeter = field(default_factory=RateMeter)


class CameraSession:
    """Keeps one camera connected for as long as it is wanted; never gives up.

    Args:
        camera: What web wants of it.
        source: Where it is, with credentials in clear.
        epoch: Of its ingest lease.
        packets: Where its packets go.
        clock: For capture times and liveness.
    """

    def __init__(
        self,
        camera: CameraConfig,
        source: Source,
        *,
        epoch: Epoch,
        packets: PacketLog,
        clock: Clock,
    ) -> None:
        self.camera = camera
        self._source = source
        self._packets = packets
        self._clock = clock
        self._pump_state = PumpState(epoch)
        self._seen = _Seen(came_back_s=clock.monotonic_s())
        self._lock = threading.Lock()
        self._stop = StopSignal()
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera.id}", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; it does within FFmpeg's timeout."""
        self._stop.set()

    def write_under(self, epoch: Epoch) -> None:
        """Go on under another epoch: the lease was taken again."""
        self._pump_state.epoch = epoch

    def report(self) -> IngestReport:
        """Return how the connection is now. Called by the shard's watch.

        Raises:
            RuntimeError: The thread died of a bug, which the log tells; so must the shard.
        """
        if not self._thread.is_alive() and not self._stop.is_set():
            raise RuntimeError(f"the thread of camera {self.camera.id} died")
        now_s = self._clock.monotonic_s()
        with self._lock:
            seen = self._seen
            return IngestReport(
                is_alive=self._is_alive(now_s),
                error=seen.error or self._impatience(now_s),
                silent_s=now_s - seen.came_back_s,
                last_packet_us=seen.last_packet_us,
                codec=seen.codec,
                width_px=seen.width_px,
                height_px=seen.height_px,
                packet_fps=seen.rate.events_per_s(now_s),
                bitrate_bps=8 * seen.rate.size_per_s(now_s),
                backlog_s=self._pump_state.backlog.seconds,
                lost_epoch=self._pump_state.lost_epoch,
            )

    def _impatience(self, now_s: float) -> str | None:
        opening_s = self._seen.opening_s
        return NO_ANSWER if opening_s is not None and now_s - opening_s > PATIENT_S else None

    def _is_alive(self, now_s: float) -> bool:
        return self._seen.error is None and self._seen.liveness.is_alive(now_s)

    def _run(self) -> None:
        backoff = Backoff(first_s=RETRY_FIRST_S, max_s=RETRY_MAX_S)
        while not self._stop.is_set():
            began_s = self._clock.monotonic_s()
            try:
                self._connect_and_pump()
            except CameraUnavailable as error:
                self._note_error(str(error))
            if self._clock.monotonic_s() - began_s > STEADY_S:
                backoff.reset()
            self._stop.wait(backoff.next_s())

    def _connect_and_pump(self) -> None:
        with self._lock:
            self._seen.opening_s = self._clock.monotonic_s()
        with opened(self._source, read_timeout_s=READ_TIMEOUT_S) as container:
            if not container.streams.video:
                raise CameraUnavailable("answers, but not with video")
            video = container.streams.video[0]
            streams: list[MediaStream] = [video, *container.streams.audio[:1]]
            with self._lock:
                self._seen.error = self._seen.opening_s = None
                self._seen.liveness.reconnected()
                self._seen.codec = video.codec_context.name
                self._seen.width_px = video.codec_context.width
                self._seen.height_px = video.codec_context.height
            log.info("camera_connected", camera_id=self.camera.id, codec=self._seen.codec)
            pump = PacketPump(
                self.camera.id,
                streams,
                state=self._pump_state,
                packets=self._packets,
                clock=self._clock,
            )
            self._pump(container, streams, pump)
        raise CameraUnavailable("the stream has ended")

    def _pump(
        self,
        container: InputContainer,
        streams: list[MediaStream],
        pump: PacketPump,
    ) -> None:
        for packet in container.demux(streams):
            if self._stop.is_set():
                return
            size_bytes = packet.size
            is_video = pump.put(packet)
            now_s = self._clock.monotonic_s()
            with self._lock:
                self._seen.came_back_s = now_s
                if is_video:
                    self._seen.liveness.note(now_s)
                    self._seen.last_packet_us = self._clock.utc_us()
                    self._seen.rate.count(now_s, size_bytes)

    def _note_error(self, error: str) -> None:
        with self._lock:
            is_new = error != self._seen.error
            self._seen.error, self._seen.opening_s = error, None
            self._seen.came_back_s = self._clock.monotonic_s()
        if is_new and not self._stop.is_set():
            log.warning("camera_unavailable", camera_id=self.camera.id, reason=error)
