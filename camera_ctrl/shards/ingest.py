"""The ingest shard: demuxes some cameras, decodes nothing."""

import logging
import signal
from collections.abc import Mapping
from multiprocessing.connection import Connection

import structlog

from camera_ctrl.ingest.session import CameraSession
from camera_ctrl.ingest.source import Source
from camera_ctrl.notes import Notes
from camera_ctrl.reports import IngestReport
from camera_ctrl.settings import CameraSettings
from camera_ctrl.shards.link import SupervisorLink
from camera_ctrl.shards.messages import Assignment, ShardReport
from vigil import keys
from vigil.bus.connection import connect_waiting
from vigil.bus.frames.base import FrameStore
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.packets.base import PacketLog
from vigil.bus.packets.redis import RedisPacketLog
from vigil.clock import Clock, SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable, LeaseLost, MessageInvalid
from vigil.log import configure_logging
from vigil.messages import CameraConfig
from vigil.runtime import Backoff, FileHeartbeat, StopSignal, run_until_stopped
from vigil.sealing import Sealer

log = structlog.get_logger(__name__)

#: How long the watch sleeps: a dead camera is noticed so much later.
WATCH_EVERY_S = 0.25


class IngestShard:
    """Runs a session for each assigned camera, and watches whether its packets still come.

    Args:
        link: To the supervisor.
        packets: Where packets go.
        frames: From which a dead camera's picture is removed at once.
        sealer: Opens camera credentials.
        notes: Which camera each thread is at, for who looks for the cause of a crash.
        clock: For capture times and liveness.
    """

    def __init__(
        self,
        *,
        link: SupervisorLink,
        packets: PacketLog,
        frames: FrameStore,
        sealer: Sealer,
        notes: Notes,
        clock: Clock,
    ) -> None:
        self._link = link
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
        if self._link.is_report_due():
            self._link.report(ShardReport(ingest=reports))

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
            session = self._sessions.get(camera_id)
            if session is not None and _connects_alike(session.camera, camera):
                session.go_on(camera, assignment.epochs[camera_id])
                continue
            if session is not None:
                self._sessions.pop(camera_id).stop()
            self._open(camera)

    def _open(self, camera: CameraConfig) -> None:
        try:
            sealed = camera.credentials
            credentials = None if sealed is None else self._sealer.open(sealed)
        except MessageInvalid as error:
            self._unopenable[camera.id] = f"its user and password cannot be read: {error}"
            log.error("credentials_unreadable", camera_id=camera.id, error=str(error))
            return
        self._unopenable.pop(camera.id, None)
        session = CameraSession(
            camera,
            Source(camera.stream_url, credentials, camera.transport, loop=camera.loop),
            epoch=self._assignment.epochs[camera.id],
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
            log.warning("camera_died", camera_id=camera_id)
        self._clear_pictures(dead)
        self._alive = alive

    def _clear_pictures(self, epochs: Mapping[CameraId, Epoch]) -> None:
        """Remove the pictures of cameras; what is not removed expires in a moment."""
        for camera_id, epoch in epochs.items():
            try:
                self._frames.clear(camera_id, epoch=epoch)
            except LeaseLost as error:
                log.info("picture_left_to_expire", camera_id=camera_id, reason=str(error))
            except BusUnavailable as error:
                # Nor will it take the next one's, and each that it does not answer holds us up:
                # a watch that is silent for long is taken for dead.
                log.info("pictures_left_to_expire", reason=str(error))
                return


def _connects_alike(before: CameraConfig, after: CameraConfig) -> bool:
    """Whether a change leaves the connection as it is."""
    return (before.stream_url, before.credentials, before.transport, before.loop) == (
        after.stream_url,
        after.credentials,
        after.transport,
        after.loop,
    )


def main(pipe: Connection, notes: Notes, settings: CameraSettings) -> None:
    """Run an ingest shard. The entry of its process."""
    # The terminal's Ctrl-C goes to the whole group; the supervisor says when we stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_logging("camera_ctrl.ingest", settings.log_level)
    # It would log the URL of every still.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stop, clock = StopSignal(), SystemClock()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    redis = connect_waiting(str(settings.redis_url), stop=stop)
    previous = settings.secret_key_previous
    shard = IngestShard(
        link=SupervisorLink(pipe, stop=stop, clock=clock),
        packets=RedisPacketLog(redis, limits=settings.backlog_limits()),
        frames=RedisFrameStore(redis, kind=keys.FrameKind.RAW),
        sealer=Sealer(
            settings.secret_key.get_secret_value(),
            None if previous is None else previous.get_secret_value(),
        ),
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
