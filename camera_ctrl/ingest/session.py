"""The life of one camera's connection, in a thread of its own: open, pump, wait, again."""

import threading
from dataclasses import dataclass, field

import structlog

from camera_ctrl.ingest.feeds import READ_TIMEOUT_S, Feed, FeedOpener
from camera_ctrl.ingest.pacing import Pacer
from camera_ctrl.ingest.pump import PacketPump, PumpState
from camera_ctrl.ingest.source import Source
from camera_ctrl.ingest.words import NO_ANSWER
from camera_ctrl.liveness import Liveness
from camera_ctrl.notes import Note, Notes
from camera_ctrl.pace import hold_s
from camera_ctrl.rate import RateMeter
from camera_ctrl.reports import IngestReport
from vigil.bus.packets.base import PacketLog
from vigil.camera_document import CameraConfig
from vigil.clock import Clock
from vigil.domain.camera import Epoch, Stream
from vigil.errors import CameraUnavailable
from vigil.runtime import Backoff, StopSignal

log = structlog.get_logger(__name__)

#: A connection that lasted so long was no flapping: the next one is tried at once.
STEADY_S = 10.0
RETRY_FIRST_S = 0.5
RETRY_MAX_S = 8.0
#: A recording that has ended is hardly another one a moment later.
RETRY_ENDED_S = 300.0
#: A recording is begun again no sooner, however short it is.
LEAST_ROUND_S = 0.2
#: Names are looked up, redirects followed, streams probed: each has limits of its own, and all of
#: them end within this. A shard that is started again costs its other cameras packets.
OPENING_S = 60.0
#: A camera that is so long in opening is said to be silent, while we still wait for it.
PATIENT_S = 3.0


@dataclass(slots=True)
class _Seen:
    """What the connection has seen. Written by the session's thread alone."""

    error: str | None = None
    liveness: Liveness = field(default_factory=Liveness)
    last_packet_us: int | None = None
    #: Since when it is being opened; None: it is open, or between two tries.
    opening_s: float | None = None
    rate: RateMeter = field(default_factory=RateMeter)


class CameraSession:
    """Keeps one stream of a camera connected for as long as it is wanted; never gives up.

    Args:
        camera: What web wants of it.
        source: Where the stream is, with credentials in clear.
        stream: Which one it is. Of a sub-stream the sound is left out: the main one has it.
        epoch: Of its ingest lease.
        packets: Where its packets go.
        notes: Where its thread writes that it is at this camera.
        clock: For capture times and liveness.
    """

    def __init__(
        self,
        camera: CameraConfig,
        source: Source,
        *,
        stream: Stream = Stream.MAIN,
        epoch: Epoch,
        packets: PacketLog,
        notes: Notes,
        clock: Clock,
    ) -> None:
        self.camera = camera
        self.source = source
        self._stream = stream
        self._notes = notes
        self._packets = packets
        self._clock = clock
        self._pump_state = PumpState(epoch, hold_s(camera.frame_fps))
        self._seen = _Seen()
        self._lock = threading.Lock()
        self._stop = StopSignal()
        self._opener = FeedOpener(
            source,
            pacer=Pacer(clock, self._stop),
            still_fps=lambda: self.camera.frame_fps,
            clock=clock,
            stop=self._stop,
        )
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera.id}", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; it does within FFmpeg's timeout."""
        self._stop.set()

    def go_on(self, camera: CameraConfig, epoch: Epoch) -> None:
        """Go on under another epoch, if the lease was taken again, and as web wants it now.

        Args:
            camera: Differs from the one before in nothing that the connection stands on.
            epoch: Of the ingest lease.
        """
        self.camera = camera
        self._pump_state.epoch = epoch
        self._pump_state.hold_s = hold_s(camera.frame_fps)

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
                last_packet_us=seen.last_packet_us,
                codec=self._pump_state.codec,
                width_px=self._pump_state.size_wh[0],
                height_px=self._pump_state.size_wh[1],
                packet_fps=seen.rate.events_per_s(now_s),
                bitrate_bps=8 * seen.rate.size_per_s(now_s),
                backlog_s=self._pump_state.backlog.seconds,
                backlog_bytes=self._pump_state.backlog.size_bytes,
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
            retry_in_s: float | None = None
            try:
                with self._notes.at(self.camera.id, due_s=began_s + OPENING_S) as note:
                    retry_in_s = self._connect_and_pump(note)
            except CameraUnavailable as error:
                self._note_error(str(error))
            lasted_s = self._clock.monotonic_s() - began_s
            if lasted_s > STEADY_S:
                backoff.reset()
            if retry_in_s is None:
                retry_in_s = backoff.next_s()
            self._stop.wait(retry_in_s)

    def _connect_and_pump(self, note: Note) -> float:
        """Watch one connection to its end; return when to begin the next one, in seconds.

        Raises:
            CameraUnavailable: It did not come to be, or ended as it should not.
        """
        began_s = self._clock.monotonic_s()
        with self._lock:
            self._seen.opening_s = began_s
        with self._opener.open() as feed:
            pump = PacketPump(
                self.camera.id,
                feed.streams if self._stream is Stream.MAIN else feed.streams[:1],
                state=self._pump_state,
                packets=self._packets,
                clock=self._clock,
                may_burst=feed.may_burst,
            )
            with self._lock:
                self._seen.error = self._seen.opening_s = None
                self._seen.liveness.reconnected()
            log.info(
                "camera_connected",
                camera_id=self.camera.id,
                stream=self._stream,
                codec=self._pump_state.codec,
            )
            self._pump(feed, pump, note)
            if not feed.has_end:
                raise CameraUnavailable("the stream has ended")
        if self._opener.source.loop:
            return max(0.0, LEAST_ROUND_S - (self._clock.monotonic_s() - began_s))
        if self._opener.source.scheme != "file":
            # A server may tell of a length and yet be live, or have been cut off.
            raise CameraUnavailable("the stream has ended")
        self._note_error("the file has ended")
        return RETRY_ENDED_S

    def _pump(self, feed: Feed, pump: PacketPump, note: Note) -> None:
        """Put a connection's packets on the bus, however it ends: up to the last one that came.

        Raises:
            CameraUnavailable: It ended as it should not.
        """
        try:
            self._put_all(feed, pump, note)
        finally:
            # Once told to stop, another session may be writing by now, and this would come late.
            if not self._stop.is_set():
                pump.end()

    def _put_all(self, feed: Feed, pump: PacketPump, note: Note) -> None:
        seen_s = self._clock.monotonic_s()
        note.come_back(seen_s + self._patience_s(feed))
        for packet in feed.packets:
            if self._stop.is_set():
                return
            size_bytes = packet.size
            is_video = pump.put(packet)
            now_s = self._clock.monotonic_s()
            note.come_back(now_s + self._patience_s(feed))
            with self._lock:
                if feed.is_polled:
                    self._seen.liveness.expect(1 / self.camera.frame_fps)
                if is_video:
                    seen_s = now_s
                    self._seen.liveness.note(now_s)
                    self._seen.last_packet_us = self._clock.utc_us()
                    self._seen.rate.count(now_s, size_bytes)
                patience_s = max(READ_TIMEOUT_S, self._seen.liveness.dead_after_s())
            if now_s - seen_s > patience_s:
                # The rest goes on: FFmpeg has no reason to complain.
                raise CameraUnavailable("its sound or data comes, but no video")

    def _patience_s(self, feed: Feed) -> float:
        return feed.patience_s + (1 / self.camera.frame_fps if feed.is_polled else 0.0)

    def _note_error(self, error: str) -> None:
        with self._lock:
            is_new = error != self._seen.error
            self._seen.error, self._seen.opening_s = error, None
        if is_new and not self._stop.is_set():
            log.warning(
                "camera_unavailable", camera_id=self.camera.id, stream=self._stream, reason=error
            )
