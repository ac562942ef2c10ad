"""Takes the cameras that are this controller's, has shards serve them, says how they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import wait

import structlog

from camera_ctrl.admission import Admission
from camera_ctrl.reports import DecodeReport, IngestReport
from camera_ctrl.shard_pool import ShardPool
from camera_ctrl.shards.process import ShardProcess, pipes
from vigil.bus.frames.base import FrameStore
from vigil.bus.packets.base import PacketLog
from vigil.bus.status.base import StatusBoard
from vigil.camera_configs import CameraConfigs
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable, LeaseLost, ServerUnavailable
from vigil.leases import LeaseKeeper
from vigil.messages import CameraConfig, CameraState, CameraStatus

log = structlog.get_logger(__name__)

#: How long the supervisor sleeps between two looks.
LOOK_EVERY_S = 0.5
#: Seconds between two statuses of a camera that did not change.
STATUS_EVERY_S = 1.0


@dataclass(slots=True)
class _Shown:
    """What was last said of a camera."""

    state: CameraState
    since_us: int
    said_s: float
    #: Known for longer than the shard lives that made it.
    last_frame_us: int | None = None


class CameraSupervisor:
    """The one process of a camera controller that decides.

    It holds the leases and touches neither packets nor pictures, so that nothing a camera sends
    can stop it.

    Args:
        configs: Which cameras there are.
        keeper: The ingest leases.
        ingest, decode: The shards.
        packets, frames: Cleared when a camera was deleted.
        statuses: Where each camera's status goes.
        admission: How many cameras Redis has room for.
        clock: For stamps and the pace of statuses.
    """

    def __init__(
        self,
        *,
        configs: CameraConfigs,
        keeper: LeaseKeeper,
        ingest: ShardPool,
        decode: ShardPool,
        packets: PacketLog,
        frames: FrameStore,
        statuses: StatusBoard[CameraStatus],
        admission: Admission,
        clock: Clock,
    ) -> None:
        self._configs = configs
        self._keeper = keeper
        self._ingest = ingest
        self._decode = decode
        self._packets = packets
        self._frames = frames
        self._statuses = statuses
        self._admission = admission
        self._clock = clock
        self._shown: dict[CameraId, _Shown] = {}

    def run_once(self) -> None:
        """Look at configuration, leases and shards once; say what changed."""
        wait(pipes([*self._ingest.shards, *self._decode.shards]), timeout=LOOK_EVERY_S)
        self._decide_who_is_ours()
        # A deleted camera may still be held, when Redis went away before it was told.
        cameras = self._configs.cameras
        epochs = {each: epoch for each, epoch in self._keeper.held().items() if each in cameras}
        enabled = _enabled(cameras)
        room = self._admission.room(enabled)
        admitted = room.admitted(enabled)
        ours = {each: cameras[each] for each in epochs if each in admitted}
        self._ingest.serve(ours, epochs)
        self._decode.serve(ours, epochs)
        self._ingest.listen()
        self._decode.listen()
        refused = (epochs.keys() & set(enabled)) - admitted
        self._say_how_they_are(
            epochs, {each: IngestReport(error=room.refusal(admitted)) for each in refused}
        )

    def close(self) -> None:
        """End the shards, then give the cameras back: nobody writes under a lease given back."""
        for pool in (self._ingest, self._decode):
            pool.ask_to_end()
        for pool in (self._ingest, self._decode):
            pool.wait_for_end()
        self._keeper.release_all()

    def _decide_who_is_ours(self) -> None:
        """Follow configuration and leases. What is of a Redis that is away stays as it is."""
        try:
            self._configs.refresh()
        except BusUnavailable as error:
            log.warning("config_unavailable", what=str(error))
        # The leases lie in the media Redis: they are kept on the last good configuration.
        try:
            self._forget_deleted()
            self._keeper.keep(dict.fromkeys(_enabled(self._configs.cameras), 1.0))
        except BusUnavailable as error:
            log.warning("bus_unavailable", what=str(error))

    def _forget_deleted(self) -> None:
        for camera_id, epoch in self._keeper.held().items():
            if camera_id in self._configs.cameras:
                continue
            log.info("camera_deleted", camera_id=camera_id)
            try:
                self._forget(camera_id, epoch)
            except ServerUnavailable as error:
                # The others' leases are to be renewed: it is still held, and its turn comes.
                log.warning("camera_left_for_later", camera_id=camera_id, what=str(error))

    def _forget(self, camera_id: CameraId, epoch: Epoch) -> None:
        try:
            self._packets.clear(camera_id, epoch=epoch)
            self._frames.clear(camera_id, epoch=epoch)
            self._statuses.clear(camera_id, epoch=epoch)
        except LeaseLost:
            log.info("deleted_camera_is_anothers", camera_id=camera_id)
        self._keeper.forget(camera_id)
        self._shown.pop(camera_id, None)

    def _say_how_they_are(
        self, epochs: Mapping[CameraId, Epoch], refused: Mapping[CameraId, IngestReport]
    ) -> None:
        ingest = {k: v for shard in self._ingest.shards for k, v in _reported(shard).items()}
        ingest.update(refused)
        for camera_id in self._ingest.crashing():
            ingest[camera_id] = IngestReport(error="its stream crashes what reads it")
        decode = {k: v for shard in self._decode.shards for k, v in shard.report.decode.items()}
        for camera_id in self._decode.crashing():
            decode[camera_id] = DecodeReport(error="its video crashes the decoder")
        try:
            for camera_id, epoch in epochs.items():
                seen = ingest.get(camera_id, IngestReport())
                made = decode.get(camera_id, DecodeReport())
                try:
                    self._say(camera_id, epoch, seen, made)
                except ServerUnavailable as error:
                    # The other servers of the cluster may take their cameras'.
                    log.warning("status_not_said", camera_id=camera_id, what=str(error))
                for lost in (seen.lost_epoch, made.lost_epoch):
                    if lost is not None:
                        self._keeper.lost(camera_id, epoch=lost)
        except BusUnavailable as error:
            # Nor will it take the next one's, and each that it does not answer holds us up.
            log.warning("bus_unavailable", what=str(error))

    def _say(
        self, camera_id: CameraId, epoch: Epoch, seen: IngestReport, made: DecodeReport
    ) -> None:
        """Put a camera's status on the board, if it is another or a second old.

        Raises:
            BusUnavailable: Redis does not answer; it is said the next time.
        """
        now_s, state = self._clock.monotonic_s(), _state_of(seen)
        shown = self._shown.get(camera_id)
        last_frame_us = made.last_frame_us or (shown.last_frame_us if shown else None)
        if shown is None or shown.state is not state:
            shown = _Shown(state, since_us=self._clock.utc_us(), said_s=-STATUS_EVERY_S)
            self._shown[camera_id] = shown
        shown.last_frame_us = last_frame_us
        if now_s - shown.said_s < STATUS_EVERY_S:
            return
        status = CameraStatus(
            state=state,
            error=_error_of(seen, made),
            owner=self._keeper.member,
            epoch=epoch,
            since_us=shown.since_us,
            last_packet_us=seen.last_packet_us,
            last_frame_us=last_frame_us,
            codec=seen.codec,
            width_px=seen.width_px,
            height_px=seen.height_px,
            packet_fps=round(seen.packet_fps, 2),
            frame_fps=round(made.frame_fps, 2),
            bitrate_bps=round(seen.bitrate_bps),
            backlog_s=seen.backlog_s,
            backlog_bytes=seen.backlog_bytes,
            is_moving=made.motion.is_moving if made.motion else None,
            moving_since_us=made.motion.since_us if made.motion else None,
            decoding=made.decoding,
            decoding_reason=made.decoding_reason,
            frames_decoded=made.frames_decoded,
        )
        try:
            self._statuses.put(camera_id, status, epoch=epoch)
            shown.said_s = now_s
        except LeaseLost:
            self._keeper.lost(camera_id, epoch=epoch)


def _reported(shard: ShardProcess) -> dict[CameraId, IngestReport]:
    """Return how the cameras of a shard are; none lives for all we know when it says nothing."""
    if not shard.is_stale():
        return shard.report.ingest
    return {
        camera_id: replace(
            report, is_alive=False, error="the process that reads it does not answer"
        )
        for camera_id, report in shard.report.ingest.items()
    }


def _enabled(cameras: Mapping[CameraId, CameraConfig]) -> list[CameraId]:
    return [camera_id for camera_id, camera in cameras.items() if camera.enabled]


def _state_of(seen: IngestReport) -> CameraState:
    if seen.is_alive:
        return CameraState.ACTIVE
    if seen.error is None and seen.last_packet_us is None:
        return CameraState.STARTING
    return CameraState.INACTIVE


def _error_of(seen: IngestReport, made: DecodeReport) -> str | None:
    if seen.is_alive:
        return made.error
    if seen.error is None and seen.last_packet_us is not None:
        return "connected, but no video comes"
    return seen.error
