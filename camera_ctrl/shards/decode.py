"""The decode shard: reads some cameras' packets from the bus, and puts their newest picture there.

Apart from the ingest shard, so that a decoder that crashes on hostile bytes costs no packet.
"""

import signal
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection

import cv2
import structlog

from camera_ctrl.decode.decoder import CameraDecoder
from camera_ctrl.decode.demand import Demand
from camera_ctrl.decode.motion import MotionGate
from camera_ctrl.notes import Note, Notes
from camera_ctrl.pace import comes_after_s
from camera_ctrl.reports import DecodeReport
from camera_ctrl.settings import CameraSettings
from camera_ctrl.shards.decoded_camera import DecodedCamera
from camera_ctrl.shards.link import SupervisorLink
from camera_ctrl.shards.messages import Assignment, ShardReport
from camera_ctrl.shards.packet_reader import PacketReader, runs_of_one_template
from camera_ctrl.stream_choice import StreamChoice
from vigil import keys
from vigil.bus.connection import connect_waiting
from vigil.bus.frames.base import FrameStore
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.packets.base import BacklogLimits, Entry, PacketLog, place_of
from vigil.bus.packets.redis import RedisPacketLog
from vigil.camera_document import CameraConfig
from vigil.clock import MICROSECONDS, Clock, SystemClock
from vigil.domain.camera import CameraId, Epoch, Stream
from vigil.domain.frame import read_stamp
from vigil.domain.packet import Packet
from vigil.errors import BusUnavailable, LeaseLost, MessageInvalid, ServerUnavailable
from vigil.log import configure_logging
from vigil.messages import Decoding
from vigil.runtime import Backoff, FileHeartbeat, run_until_stopped, stop_on_signals

log = structlog.get_logger(__name__)

#: How often packets are looked for where a picture is due, and its packet has not come.
READ_EVERY_S = 0.04
#: How long packets are left lying at most while no picture is due: well within READ_LIMIT.
REST_MAX_S = 0.5
#: The same of an idle camera: who enters, and who wants to see it, waits no longer.
IDLE_READ_EVERY_S = 0.25
#: How often is looked whether a stream that is wanted can be begun.
TURN_EVERY_S = 1.0
#: Packets of one camera in one read: two seconds of 30 frames a second.
READ_LIMIT = 60
#: A decoder so far behind goes on at the newest keyframe, if it has not passed it.
MAX_LAG_S = 3.0
#: How long one read of a camera may take to decode, on a machine with far too much to do.
DECODE_S = 10.0
#: How long is waited for the decoder of a camera that was taken away.
LEAVE_S = 1.0


class DecodeShard:
    """Makes pictures of its cameras' packets.

    Args:
        link: To the supervisor.
        logs: Where the packets of each stream are.
        frames: Where pictures go.
        clock: For lag and rates.
        jpeg_quality: Of the pictures.
        has_gate: Whether to look for motion, and to decode less where nothing moves.
        notes: Which camera each thread decodes, for who looks for the cause of a crash. A place
            for each thread.
    """

    def __init__(
        self,
        *,
        link: SupervisorLink,
        logs: Mapping[Stream, PacketLog],
        frames: FrameStore,
        clock: Clock,
        jpeg_quality: int,
        has_gate: bool,
        notes: Notes,
    ) -> None:
        self._link = link
        self._reader = PacketReader(logs)
        self._frames = frames
        self._clock = clock
        self._jpeg_quality = jpeg_quality
        self._has_gate = has_gate
        self._notes = notes
        self._threads = ThreadPoolExecutor(len(notes), thread_name_prefix="decode")
        self._cameras: dict[CameraId, DecodedCamera] = {}

    def run_once(self) -> None:
        """Take a new assignment, hand what has come to the decoders, report.

        Raises:
            BusUnavailable: Redis does not answer, and not one server of a cluster alone.
        """
        assignment = self._link.newest_assignment(timeout_s=self._rest_s())
        if assignment is not None:
            self._take(assignment)
        news = {
            each: (camera.decoder.error, camera.lost_epoch, camera.last_frame_us is None)
            for each, camera in self._cameras.items()
        }
        if self._link.is_report_due(news):
            self._link.report(ShardReport(decode=self._reports()), news=news)
        now_s = self._clock.monotonic_s()
        due = [
            each for each in self._cameras.values() if self._is_idle(each) and now_s >= each.due_s
        ]
        for camera in due:
            self._follow(camera)
            camera.put_on_masks()
            if camera.position is None:
                camera.position = self._reader.newest_keyframe(camera)
        now_us = self._clock.utc_us()
        asking = {each.config.id for each in due if each.position and each.asks(now_us)}
        found = self._reader.read(due, limit=READ_LIMIT, asking=asking)
        for camera in due:
            if camera.config.id in asking - found.unread:
                camera.demand.note_watched(camera.config.id in found.watched)
            self._turn(camera, found.get(camera.config.id, []))

    def _follow(self, camera: DecodedCamera) -> None:
        """Turn to the stream that is wanted of a camera, once that has a keyframe to begin at."""
        now_s, camera_id = self._clock.monotonic_s(), camera.config.id
        wanted = camera.wanted_stream(now_s)
        if wanted is not camera.stream and now_s >= camera.turn_due_s:
            position = self._reader.newest_keyframe(camera, wanted)
            if wanted is Stream.MAIN or camera.can_begin_sub(position):
                log.info("stream_turned_to", camera_id=camera_id, stream=wanted)
                camera.turn_to(wanted, position, now_s=now_s)
            else:
                camera.turn_due_s = now_s + TURN_EVERY_S
            if not camera.choice.is_alive:
                # What it sends beside its main stream is not shown.
                self._take_back(camera, camera.epoch)
        camera.decoder.full_wh = camera.choice.full_wh if camera.stream is Stream.SUB else None

    def _turn(self, camera: DecodedCamera, entries: list[Entry]) -> None:
        """Hand what was read of a camera to its decoder, or as much of it as is worth it."""
        now_s = self._clock.monotonic_s()
        if camera.judge(entries, self._clock.utc_us()):
            # From the keyframe on that was decoded last: what came since was left out.
            camera.position = camera.gop_at or self._reader.newest_keyframe(camera)
            camera.begins_anew, camera.due_s, camera.gop_at = True, now_s, None
        elif camera.decoding is Decoding.IDLE:
            camera.due_s = now_s + IDLE_READ_EVERY_S
            if keyframe := camera.pass_by(entries):
                camera.busy = self._threads.submit(self._decode_keyframe, camera, keyframe)
        elif entries:
            camera.due_s = self._due_s(camera, entries)
            camera.busy = self._threads.submit(self._decode, camera, entries)
        else:
            camera.due_s = now_s + READ_EVERY_S

    def _rest_s(self) -> float:
        """Return how long there is nothing to look for."""
        now_s = self._clock.monotonic_s()
        rests_s = (
            # A thread that is not done by then is looked for again and again.
            max(READ_EVERY_S if camera.is_worked_on() else 0.0, camera.due_s - now_s)
            for camera in self._cameras.values()
        )
        return min(rests_s, default=REST_MAX_S)

    def _due_s(self, camera: DecodedCamera, entries: list[Entry]) -> float:
        """Return when the packet of the next picture, behind what was read, is mostly there."""
        now_s = self._clock.monotonic_s()
        if len(entries) == READ_LIMIT:
            return now_s
        newest_us, picker = entries[-1].packet.captured_at_us, camera.decoder.picker
        lag_s = (self._clock.utc_us() - newest_us) / MICROSECONDS
        rest_s = picker.due_in_s(newest_us) + comes_after_s(picker.fps) - lag_s
        return now_s + min(max(0.0, rest_s), REST_MAX_S)

    def close(self) -> None:
        """Wait for the threads."""
        self._threads.shutdown()

    def _take(self, assignment: Assignment) -> None:
        gone = self._cameras.keys() - assignment.cameras.keys()
        if gone:
            self._leave([self._cameras.pop(camera_id) for camera_id in gone])
        for camera_id, config in assignment.cameras.items():
            camera = self._cameras.get(camera_id)
            if camera is None:
                camera = self._begun(config, assignment.epochs[camera_id])
                self._cameras[camera_id] = camera
            elif camera.take(config, assignment.epochs[camera_id]):
                # What is there may show what is to be hidden now.
                self._take_back(camera, camera.epoch)
            camera.choose(assignment.choices.get(camera_id, StreamChoice()))

    def _begun(self, config: CameraConfig, epoch: Epoch) -> DecodedCamera:
        decoder = CameraDecoder(
            config.id,
            fps=config.frame_fps,
            jpeg_quality=self._jpeg_quality,
            gate=MotionGate() if self._has_gate else None,
        )
        return DecodedCamera(config, epoch, decoder, Demand(is_on_demand=self._has_gate))

    def _leave(self, cameras: Collection[DecodedCamera]) -> None:
        for camera in cameras:
            camera.is_gone = True
        # No longer than that: a thread that hangs holds up no other camera.
        _, hanging = wait([each.busy for each in cameras if each.busy], timeout=LEAVE_S)
        for camera in cameras:
            if camera.busy not in hanging:
                camera.decoder.close()
            # The ingest shard did so too, but a picture may have been on its way.
            self._take_back(camera, camera.epoch)

    def _is_idle(self, camera: DecodedCamera) -> bool:
        """Whether no thread is at the camera. An error of the thread is raised here, once."""
        if camera.is_worked_on():
            return False
        if camera.busy is None:
            return True
        error, camera.busy = camera.busy.exception(), None
        if error is None:
            camera.note_decoded(self._clock.monotonic_s())
            return True
        camera.due_s = 0.0
        # One server of a cluster: its cameras alone wait for it.
        if not isinstance(error, ServerUnavailable):
            raise error
        return True

    def _decode(self, camera: DecodedCamera, entries: list[Entry]) -> None:
        """Decode what was read of a camera at a time. Runs in a thread of the pool.

        Raises:
            BusUnavailable: The template could not be read; the packets will be read again.
        """
        # The assignment may change meanwhile: a picture is written under the epoch it names.
        epoch = camera.epoch
        if self._skips_to_newest_gop(camera, entries):
            return
        for run in runs_of_one_template(entries):
            if not self._has_template(camera, run[0].packet):
                camera.position = run[-1].entry_id
                continue
            jpeg, taken, has_woken = self._made_of(camera, run, epoch)
            camera.position = run[taken - 1].entry_id
            self._put(camera, jpeg, epoch)
            if has_woken:
                # The newest would take its place before a recogniser has seen it.
                camera.due_s = self._clock.monotonic_s() + 1 / camera.config.frame_fps
                return
        if len(entries) < READ_LIMIT:
            camera.is_waking = False
        camera.due_s = self._due_s(camera, entries)

    def _made_of(
        self, camera: DecodedCamera, run: list[Entry], epoch: Epoch
    ) -> tuple[bytes | None, int, bool]:
        """Return a picture, of how many entries it is, and whether it is the first that moves."""
        taken, has_woken = len(run), False
        with self._at_risk(camera.config.id):
            if camera.begins_anew:
                camera.decoder.begin_anew()
                camera.begins_anew = False
            if camera.is_waking:
                jpeg, taken, has_woken = camera.decoder.waking_picture(run, epoch=epoch)
                camera.is_waking = not has_woken
            else:
                jpeg = camera.decoder.newest_picture(run, epoch=epoch)
            camera.demand.note_motion(camera.decoder.motion, now_us=self._clock.utc_us())
        return jpeg, taken, has_woken

    def _decode_keyframe(self, camera: DecodedCamera, keyframe: Entry) -> None:
        """Decode a keyframe of an idle camera, and nothing else. Runs in a thread of the pool.

        Raises:
            BusUnavailable: The template could not be read; the next keyframe will do.
        """
        epoch = camera.epoch
        if not self._has_template(camera, keyframe.packet):
            return
        with self._at_risk(camera.config.id):
            jpeg = camera.decoder.keyframe_picture(keyframe, epoch=epoch)
            camera.demand.note_motion(camera.decoder.motion, now_us=self._clock.utc_us())
        self._put(camera, jpeg, epoch)
        if camera.decoder.motion is not None and camera.decoder.motion.is_moving:
            # Somebody is there: what follows is not to wait.
            camera.due_s = self._clock.monotonic_s()

    def _skips_to_newest_gop(self, camera: DecodedCamera, entries: list[Entry]) -> bool:
        """Leave packets out when too far behind, if a newer keyframe is there to go on at."""
        lag_us = self._clock.utc_us() - entries[-1].packet.captured_at_us
        if len(entries) < READ_LIMIT or lag_us <= MAX_LAG_S * MICROSECONDS:
            return False
        newest = self._reader.log_of(camera).last_keyframe(camera.config.id)
        # Never back: a GOP longer than the lag would be begun again and again.
        if newest is None or place_of(newest) <= place_of(entries[-1].entry_id):
            return False
        log.info("decoder_skips", camera_id=camera.config.id, lag_s=round(lag_us / 1e6, 1))
        camera.position, camera.due_s = newest, 0.0
        return True

    def _has_template(self, camera: DecodedCamera, packet: Packet) -> bool:
        if not camera.decoder.needs_template(packet):
            return True
        log_read = self._reader.log_of(camera)
        template = log_read.template(camera.config.id, packet.template_id)
        if template is None:
            return False
        try:
            with self._at_risk(camera.config.id):
                camera.decoder.use(template)
        except MessageInvalid as error:
            camera.decoder.error = str(error)
            return False
        return True

    def _at_risk(self, camera_id: CameraId) -> AbstractContextManager[Note]:
        return self._notes.at(camera_id, due_s=self._clock.monotonic_s() + DECODE_S)

    def _put(self, camera: DecodedCamera, jpeg: bytes | None, epoch: Epoch) -> None:
        if jpeg is None or epoch == camera.lost_epoch:
            return
        # Else a failure would name nobody, or whoever was being decoded beside it.
        with self._at_risk(camera.config.id):
            self._publish(camera, jpeg, epoch)

    def _publish(self, camera: DecodedCamera, jpeg: bytes, epoch: Epoch) -> None:
        camera_id = camera.config.id
        if camera.is_old(read_stamp(jpeg).captured_at_us):
            return
        # A backlog outlives its camera: what it shows is not live.
        if not camera.may_show(jpeg, self._clock.utc_us()):
            return
        try:
            self._frames.put(camera_id, jpeg, epoch=epoch, ttl_s=camera.frame_ttl_s())
            camera.last_frame_us = read_stamp(jpeg).captured_at_us
            camera.rate.count(self._clock.monotonic_s())
        except LeaseLost:
            camera.lost_epoch = epoch
        except BusUnavailable as error:
            # The next frame will do.
            log.info("picture_dropped", camera_id=camera_id, reason=str(error))
        # If the camera died, was taken away or masked anew meanwhile, the one before this may have
        # been removed.
        if not camera.may_show(jpeg, self._clock.utc_us()):
            self._take_back(camera, epoch)

    def _take_back(self, camera: DecodedCamera, epoch: Epoch) -> None:
        try:
            self._frames.clear(camera.config.id, epoch=epoch)
        except (LeaseLost, BusUnavailable) as error:
            log.info("picture_left_to_expire", camera_id=camera.config.id, reason=str(error))

    def _reports(self) -> dict[CameraId, DecodeReport]:
        now_s, now_us = self._clock.monotonic_s(), self._clock.utc_us()
        return {each: camera.report(now_s, now_us) for each, camera in self._cameras.items()}


def main(pipe: Connection, notes: Notes, settings: CameraSettings) -> None:
    """Run a decode shard. The entry of its process."""
    configure_logging("camera_ctrl.decode", settings.log_level)
    # Cameras are what shares the cores here; OpenCV's own threads only spin for each other.
    cv2.setNumThreads(1)
    stop, clock = stop_on_signals([signal.SIGTERM]), SystemClock()
    link = SupervisorLink(pipe, stop=stop, clock=clock)
    redis = connect_waiting(str(settings.redis_url), stop=stop, meanwhile=link.say_alive)
    shard = DecodeShard(
        link=link,
        logs={each: RedisPacketLog(redis, limits=BacklogLimits(), stream=each) for each in Stream},
        frames=RedisFrameStore(redis, kind=keys.FrameKind.RAW),
        clock=clock,
        jpeg_quality=settings.jpeg_quality,
        has_gate=settings.motion_gate,
        notes=notes,
    )
    run_until_stopped(
        shard.run_once,
        stop=stop,
        heartbeat=FileHeartbeat(None),
        backoff=Backoff(first_s=0.2, max_s=2.0),
    )
    shard.close()
