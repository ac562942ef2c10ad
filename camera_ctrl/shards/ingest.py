"""The ingest shard: demuxes some cameras, decodes nothing."""

import logging
import signal
from collections.abc import Mapping
from multiprocessing.connection import Connection

import structlog

from camera_ctrl.ingest.session import CameraSession
from camera_ctrl.ingest.source import source_of
from camera_ctrl.notes import Notes
from camera_ctrl.reports import IngestReport
from camera_ctrl.settings import CameraSettings
from camera_ctrl.shards.link import SupervisorLink
from camera_ctrl.shards.memory import return_freed_pieces
from camera_ctrl.shards.messages import Assignment, ShardReport
from vigil import keys
from vigil.bus.connection import connect_waiting
from vigil.bus.frames.base import FrameStore
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.packets.base import PacketLog
from vigil.bus.packets.redis import RedisPacketLog
from vigil.camera_document import CameraConfig
from vigil.clock import Clock, SystemClock
from vigil.domain.camera import CameraId, Epoch, Stream
from vigil.errors import BusUnavailable, LeaseLost, MessageInvalid, ServerUnavailable
from vigil.log import configure_logging
from vigil.runtime import Backoff, FileHeartbeat, run_until_stopped, stop_on_signals
from vigil.sealing import Sealer

log = structlog.get_logger(__name__)

#: How long the watch sleeps: a dead camera is noticed so much later.
WATCH_EVERY_S = 0.25


class IngestShard:
    """Runs a session for one stream of each assigned camera, and watches whether packets come.

    Args:
        link: To the supervisor.
        stream: Which stream.
        packets: Where its packets go.
        frames: From which a dead camera's picture is removed at once; a camera lives by its main
            stream.
        sealer: Opens where a camera is, and its user and password.
        notes: Which camera each thread is at, for who looks for the cause of a crash.
        clock: For capture times and liveness.
    """

    def __init__(
        self,
        *,
        link: SupervisorLink,
        stream: Stream = Stream.MAIN,
        packets: PacketLog,
        frames: FrameStore,
        sealer: Sealer,
        notes: Notes,
        clock: Clock,
    ) -> None:
        self._link = link
        self._stream = stream
        self._packets = packets
        self._frames = frames
        self._sealer = sealer
        self._notes = notes
        self._clock = clock
        self._assignment = Assignment({}, {})
        self._sessions: dict[CameraId, CameraSession] = {}
        self._alive: set[CameraId] = set()
        self._unopenable: dict[CameraId, str] = {}

    def run_once(self) -> None:
        """Take a new assignment, look at every session, report."""
        assignment = self._link.newest_assignment(timeout_s=WATCH_EVERY_S)
        if assignment is not None:
            self._take(assignment)
        reports = {camera_id: each.report() for camera_id, each in self._sessions.items()}
        for camera_id, reason in self._unopenable.items():
            reports[camera_id] = IngestReport(error=reason)
        self._bury({camera_id for camera_id, report in reports.items() if report.is_alive})
        news = {
            each: (report.is_alive, report.error, report.lost_epoch)
            for each, report in reports.items()
        }
        if self._link.is_report_due(news):
            self._link.report(ShardReport(ingest=reports), news=news)

    def close(self) -> None:
        """Ask every session to end."""
        for session in self._sessions.values():
            session.stop()

    def _take(self, assignment: Assignment) -> None:
        before, self._assignment = self._assignment, assignment
        gone = self._sessions.keys() - assignment.cameras.keys()
        for camera_id in gone:
            self._sessions.pop(camera_id).stop()
        self._alive -= gone
        self._clear_pictures({camera_id: before.epochs[camera_id] for camera_id in gone})
        for camera_id in self._unopenable.keys() - assignment.cameras.keys():
            del self._unopenable[camera_id]
        for camera_id, camera in assignment.cameras.items():
            self._connect(camera, assignment.epochs[camera_id])

    def _connect(self, camera: CameraConfig, epoch: Epoch) -> None:
        """Begin a camera's session, or let it go on: sealed anew, an address is still the same."""
        session = self._sessions.get(camera.id)
        try:
            source = source_of(camera, self._sealer, self._stream)
        except MessageInvalid as error:
            log.error("camera_address_unreadable", camera_id=camera.id, error=str(error))
            if session is None:
                self._unopenable[camera.id] = f"its address cannot be read: {error}"
            else:
                # While SECRET_KEY is being changed, web may know the new one before we do.
                session.go_on(camera, epoch)
            return
        self._unopenable.pop(camera.id, None)
        if session is not None and session.source == source:
            session.go_on(camera, epoch)
            return
        if session is not None:
            session.stop()
        session = CameraSession(
            camera,
            source,
            stream=self._stream,
            epoch=epoch,
            packets=self._packets,
            notes=self._notes,
            clock=self._clock,
        )
        self._sessions[camera.id] = session
        session.start()

    def _bury(self, alive: set[CameraId]) -> None:
        """Remove the picture of cameras that died since the last look: no frozen picture."""
        epochs = self._assignment.epochs
        dead = {each: epochs[each] for each in self._alive - alive if each in epochs}
        for camera_id in dead:
            log.warning("camera_died", camera_id=camera_id, stream=self._stream)
        self._clear_pictures(dead)
        self._alive = alive

    def _clear_pictures(self, epochs: Mapping[CameraId, Epoch]) -> None:
        """Remove the pictures of cameras; what is not removed expires in a moment."""
        if self._stream is not Stream.MAIN:
            return
        for camera_id, epoch in epochs.items():
            try:
                self._frames.clear(camera_id, epoch=epoch)
            except (LeaseLost, ServerUnavailable) as error:
                log.info("picture_left_to_expire", camera_id=camera_id, reason=str(error))
            except BusUnavailable as error:
                # Nor will it take the next one's, and each that it does not answer holds us up:
                # a watch that is silent for long is taken for dead.
                log.info("pictures_left_to_expire", reason=str(error))
                return


def main(
    pipe: Connection, notes: Notes, settings: CameraSettings, stream: Stream = Stream.MAIN
) -> None:
    """Run an ingest shard. The entry of its process."""
    configure_logging("camera_ctrl.ingest", settings.log_level)
    # It would log the URL of every still.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return_freed_pieces()
    stop, clock = stop_on_signals([signal.SIGTERM]), SystemClock()
    link = SupervisorLink(pipe, stop=stop, clock=clock)
    redis = connect_waiting(str(settings.redis_url), stop=stop, meanwhile=link.say_alive)
    shard = IngestShard(
        link=link,
        stream=stream,
        packets=RedisPacketLog(redis, limits=settings.backlog_limits(stream), stream=stream),
        frames=RedisFrameStore(redis, kind=keys.FrameKind.RAW),
        sealer=Sealer(*settings.secrets()),
        notes=notes,
        clock=clock,
    )
    run_until_stopped(
        shard.run_once,
        stop=stop,
        heartbeat=FileHeartbeat(None),
        backoff=Backoff(first_s=0.5, max_s=2.0),
    )
    shard.close()
