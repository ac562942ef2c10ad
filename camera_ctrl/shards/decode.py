"""The decode shard: reads some cameras' packets from the bus, and puts their newest picture there.

Apart from the ingest shard, so that a decoder that crashes on hostile bytes costs no packet.
"""

import signal
from collections.abc import Iterator, MutableSequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import cv2
import structlog

from camera_ctrl.decode.decoder import CameraDecoder
from camera_ctrl.rate import RateMeter
from camera_ctrl.reports import DecodeReport
from camera_ctrl.settings import CameraSettings
from camera_ctrl.shards.link import SupervisorLink
from camera_ctrl.shards.messages import Assignment, ShardReport
from vigil import keys
from vigil.bus.connection import connect_waiting
from vigil.bus.frames.base import FrameStore
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.packets.base import BacklogLimits, Entry, EntryId, PacketLog, place_of
from vigil.bus.packets.redis import RedisPacketLog
from vigil.clock import MICROSECONDS, Clock, SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import read_stamp
from vigil.domain.packet import Packet
from vigil.errors import BusUnavailable, LeaseLost, MessageInvalid, Unusable
from vigil.log import configure_logging
from vigil.messages import CameraConfig
from vigil.runtime import Backoff, FileHeartbeat, StopSignal, run_until_stopped

log = structlog.get_logger(__name__)

#: How often packets are looked for where a picture is due: half of it is what one waits.
READ_EVERY_S = 0.04
#: How long packets are left lying at most while no picture is due: well within READ_LIMIT.
REST_MAX_S = 0.5
#: Packets of one camera in one read: two seconds of 30 frames a second.
READ_LIMIT = 60
#: A decoder so far behind goes on at the newest keyframe, if it has not passed it.
MAX_LAG_S = 3.0


@dataclass(slots=True)
class _Camera:
    """One camera of this shard. Its decoder runs in one thread at a time."""

    config: CameraConfig
    epoch: Epoch
    decoder: CameraDecoder
    position: EntryId | None = None
    #: When to look again: packets that make no picture are decoded together, with the next one's.
    due_s: float = 0.0
    busy: "Future[None] | None" = None
    lost_epoch: Epoch | None = None
    last_frame_us: int | None = None
    rate: RateMeter = field(default_factory=RateMeter)


class DecodeShard:
    """Makes pictures of its cameras' packets.

    Args:
        link: To the supervisor.
        packets: Where packets are.
        frames: Where pictures go.
        clock: For lag and rates.
        jpeg_quality: Of the pictures.
        working_on: One place a thread, in memory shared with the supervisor: the camera whose
            bytes it decodes, or 0. After a crash it tells who was at work.
    """

    def __init__(
        self,
        *,
        link: SupervisorLink,
        packets: PacketLog,
        frames: FrameStore,
        clock: Clock,
        jpeg_quality: int,
        working_on: MutableSequence[int],
    ) -> None:
        self._link = link
        self._packets = packets
        self._frames = frames
        self._clock = clock
        self._jpeg_quality = jpeg_quality
        self._working_on = working_on
        self._free_places = list(range(len(working_on)))
        self._threads = ThreadPoolExecutor(len(working_on), thread_name_prefix="decode")
        self._cameras: dict[CameraId, _Camera] = {}

    def run_once(self) -> None:
        """Take a new assignment, hand what has come to the decoders, report.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        assignment = self._link.newest_assignment(timeout_s=READ_EVERY_S)
        if assignment is not None:
            self._take(assignment)
        if self._link.is_report_due():
            self._link.report(ShardReport(decode=self._reports()))
        now_s = self._clock.monotonic_s()
        due = [
            each for each in self._cameras.values() if now_s >= each.due_s and self._is_idle(each)
        ]
        for camera in due:
            if camera.position is None:
                camera.position = self._packets.last_keyframe(camera.config.id)
        positions = {
            camera.config.id: camera.position for camera in due if camera.position is not None
        }
        for camera_id, entries in self._packets.read(positions, limit=READ_LIMIT).items():
            camera = self._cameras[camera_id]
            camera.busy = self._threads.submit(self._decode, camera, entries)

    def close(self) -> None:
        """Wait for the threads."""
        self._threads.shutdown()

    def _take(self, assignment: Assignment) -> None:
        gone = self._cameras.keys() - assignment.cameras.keys()
        wait([busy for camera_id in gone if (busy := self._cameras[camera_id].busy)])
        for camera_id in gone:
            self._cameras.pop(camera_id).decoder.close()
        for camera_id, config in assignment.cameras.items():
            camera = self._cameras.get(camera_id)
            if camera is None:
                decoder = CameraDecoder(
                    camera_id, fps=config.frame_fps, jpeg_quality=self._jpeg_quality
                )
                self._cameras[camera_id] = _Camera(config, assignment.epochs[camera_id], decoder)
                continue
            camera.config, camera.epoch = config, assignment.epochs[camera_id]
            camera.decoder.picker.fps = config.frame_fps

    @staticmethod
    def _is_idle(camera: _Camera) -> bool:
        """Whether no thread is at the camera. An error of the thread is raised here, once."""
        if camera.busy is None:
            return True
        if not camera.busy.done():
            return False
        busy, camera.busy = camera.busy, None
        busy.result()
        return True

    def _decode(self, camera: _Camera, entries: list[Entry]) -> None:
        """Decode one read of a camera. Runs in a thread of the pool.

        Raises:
            BusUnavailable: The template could not be read; the packets will be read again.
        """
        # The assignment may change meanwhile: a picture is written under the epoch it names.
        epoch = camera.epoch
        if self._skips_to_newest_gop(camera, entries):
            return
        for run in _runs_of_one_template(entries):
            if not self._has_template(camera, run[0].packet):
                camera.position = run[-1].entry_id
                continue
            with self._at_risk(camera.config.id):
                jpeg = camera.decoder.newest_picture(run, epoch=epoch)
            camera.position = run[-1].entry_id
            if jpeg is None:
                continue
            camera.due_s = self._clock.monotonic_s() + _rest_s(camera.config.frame_fps)
            if epoch != camera.lost_epoch:
                self._put(camera, jpeg, epoch)

    def _skips_to_newest_gop(self, camera: _Camera, entries: list[Entry]) -> bool:
        """Leave packets out when too far behind, if a newer keyframe is there to go on at."""
        lag_us = self._clock.utc_us() - entries[-1].packet.captured_at_us
        if len(entries) < READ_LIMIT or lag_us <= MAX_LAG_S * MICROSECONDS:
            return False
        newest = self._packets.last_keyframe(camera.config.id)
        # Never back: a GOP longer than the lag would be begun again and again.
        if newest is None or place_of(newest) <= place_of(entries[-1].entry_id):
            return False
        log.info("decoder_skips", camera_id=camera.config.id, lag_s=round(lag_us / 1e6, 1))
        camera.position = newest
        return True

    def _has_template(self, camera: _Camera, packet: Packet) -> bool:
        if not camera.decoder.needs_template(packet):
            return True
        template = self._packets.template(camera.config.id, packet.template_id)
        if template is None:
            return False
        try:
            with self._at_risk(camera.config.id):
                camera.decoder.use(template)
        except MessageInvalid as error:
            camera.decoder.error = str(error)
            return False
        return True

    @contextmanager
    def _at_risk(self, camera_id: CameraId) -> Iterator[None]:
        """Note whose bytes are decoded, for who looks for the cause of a crash.

        An error that is a bug ends the shard: the note then stays, and its place is not used again.
        """
        place = self._free_places.pop()
        self._working_on[place] = camera_id
        try:
            yield
        except Unusable:
            self._leave(place)
            raise
        self._leave(place)

    def _leave(self, place: int) -> None:
        self._working_on[place] = 0
        self._free_places.append(place)

    def _put(self, camera: _Camera, jpeg: bytes, epoch: Epoch) -> None:
        camera_id, ttl_s = camera.config.id, _ttl_s(camera.config.frame_fps)
        captured_at_us = read_stamp(jpeg).captured_at_us
        # A backlog outlives its camera: what it shows is not live.
        if self._clock.utc_us() - captured_at_us > ttl_s * MICROSECONDS:
            return
        try:
            self._frames.put(camera_id, jpeg, epoch=epoch, ttl_s=ttl_s)
            camera.last_frame_us = captured_at_us
            camera.rate.count(self._clock.monotonic_s())
        except LeaseLost:
            camera.lost_epoch = epoch
        except BusUnavailable as error:
            # The next frame will do.
            log.info("picture_dropped", camera_id=camera_id, reason=str(error))

    def _reports(self) -> dict[CameraId, DecodeReport]:
        now_s = self._clock.monotonic_s()
        return {
            camera_id: DecodeReport(
                frame_fps=camera.rate.events_per_s(now_s),
                last_frame_us=camera.last_frame_us,
                error=camera.decoder.error,
                lost_epoch=camera.lost_epoch,
            )
            for camera_id, camera in self._cameras.items()
        }


def _runs_of_one_template(entries: list[Entry]) -> list[list[Entry]]:
    runs: list[list[Entry]] = []
    for entry in entries:
        if not runs or runs[-1][-1].packet.template_id != entry.packet.template_id:
            runs.append([])
        runs[-1].append(entry)
    return runs


def _ttl_s(frame_fps: float) -> float:
    return max(keys.FRAME_TTL_S, 3 / frame_fps)


def _rest_s(frame_fps: float) -> float:
    """Return how long after a picture its camera's packets may lie: until right before the next."""
    return min(1 / frame_fps - READ_EVERY_S, REST_MAX_S)


def main(pipe: Connection, settings: CameraSettings, working_on: MutableSequence[int]) -> None:
    """Run a decode shard. The entry of its process."""
    # The terminal's Ctrl-C goes to the whole group; the supervisor says when we stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_logging("camera_ctrl.decode", settings.log_level)
    # Cameras are what shares the cores here; OpenCV's own threads only spin for each other.
    cv2.setNumThreads(1)
    stop, clock = StopSignal(), SystemClock()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    redis = connect_waiting(str(settings.redis_url), stop=stop)
    shard = DecodeShard(
        link=SupervisorLink(pipe, stop=stop, clock=clock),
        packets=RedisPacketLog(redis, limits=BacklogLimits()),
        frames=RedisFrameStore(redis, kind=keys.FrameKind.RAW),
        clock=clock,
        jpeg_quality=settings.jpeg_quality,
        working_on=working_on,
    )
    run_until_stopped(
        shard.run_once,
        stop=stop,
        heartbeat=FileHeartbeat(None),
        backoff=Backoff(first_s=0.2, max_s=2.0),
    )
    shard.close()
