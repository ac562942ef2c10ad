"""Takes the cameras that are this controller's, has shards serve them, says how they are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import wait

import structlog

from camera_ctrl.admission import Admission
from camera_ctrl.reports import DecodeReport, IngestReport
from camera_ctrl.shard_pool import ShardPool
from camera_ctrl.shards.process import ShardProcess, pipes
from camera_ctrl.status import Reports, error_of, state_of, status_of
from camera_ctrl.stream_choice import StreamChoice, StreamChooser, SubStream
from vigil.bus.frames.base import FrameStore
from vigil.bus.packets.base import PacketLog
from vigil.bus.status.base import StatusBoard
from vigil.camera_configs import CameraConfigs
from vigil.camera_document import CameraConfig
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable, LeaseLost, ServerUnavailable
from vigil.leases import LeaseKeeper
from vigil.messages import CameraState, CameraStatus

log = structlog.get_logger(__name__)

#: How long the supervisor sleeps between two looks.
LOOK_EVERY_S = 0.5
#: Seconds between two statuses of a camera that did not change.
STATUS_EVERY_S = 1.0

_CRASHES_READER = "its stream crashes what reads it"
_CRASHES_DECODER = "its video crashes the decoder"


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
        ingest, sub_ingest, decode: The shards. Sub-streams have some of their own: nothing that
            one sends can cost a packet of a main stream.
        packets, sub_packets, frames: Cleared when a camera was deleted.
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
        sub_ingest: ShardPool,
        decode: ShardPool,
        packets: PacketLog,
        sub_packets: PacketLog,
        frames: FrameStore,
        statuses: StatusBoard[CameraStatus],
        admission: Admission,
        clock: Clock,
    ) -> None:
        self._configs = configs
        self._keeper = keeper
        self._ingest = ingest
        self._sub_ingest = sub_ingest
        self._decode = decode
        self._packets = packets
        self._sub_packets = sub_packets
        self._frames = frames
        self._statuses = statuses
        self._admission = admission
        self._clock = clock
        self._chooser = StreamChooser()
        self._shown: dict[CameraId, _Shown] = {}

    @property
    def _pools(self) -> tuple[ShardPool, ...]:
        return (self._ingest, self._sub_ingest, self._decode)

    def run_once(self) -> None:
        """Look at configuration, leases and shards once; say what changed."""
        wait(pipes([shard for pool in self._pools for shard in pool.shards]), timeout=LOOK_EVERY_S)
        self._decide_who_is_ours()
        # A deleted camera may still be held, when Redis went away before it was told.
        cameras = self._configs.cameras
        epochs = {each: epoch for each, epoch in self._keeper.held().items() if each in cameras}
        enabled = _enabled(cameras)
        room = self._admission.room(enabled)
        admitted = room.admitted(enabled, with_sub=_with_sub(cameras, enabled))
        ours = {each: cameras[each] for each in epochs if each in admitted}
        with_sub = {each: ours[each] for each in _with_sub(cameras, ours)}
        self._ingest.serve(ours, epochs)
        self._sub_ingest.serve(with_sub, epochs)
        main, sub = _heard(self._ingest), _heard(self._sub_ingest)
        subs = {each: sub.get(each, IngestReport()) for each in with_sub}
        choices = self._choices(main, subs)
        self._decode.serve(ours, epochs, choices)
        made = _made(self._decode)
        refused = (epochs.keys() & set(enabled)) - admitted
        main |= {each: IngestReport(error=room.refusal(admitted)) for each in refused}
        self._say_how_they_are(
            {
                each: Reports(
                    main.get(each, IngestReport()),
                    made.get(each, DecodeReport()),
                    subs.get(each),
                    choices.get(each, StreamChoice()),
                )
                for each in epochs
            },
            epochs,
        )

    def close(self) -> None:
        """End the shards, then give the cameras back: nobody writes under a lease given back."""
        for pool in self._pools:
            pool.ask_to_end()
        for pool in self._pools:
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
        for camera_id in self._keeper.held().keys() - self._configs.cameras.keys():
            log.info("camera_deleted", camera_id=camera_id)
            try:
                # The shards are told after this, and write until then.
                self._keeper.forget(camera_id, clear=self._clear)
            except ServerUnavailable as error:
                # The others' leases are to be renewed: it is still held, and its turn comes.
                log.warning("camera_left_for_later", camera_id=camera_id, what=str(error))
            else:
                self._shown.pop(camera_id, None)

    def _clear(self, camera_id: CameraId, epoch: Epoch) -> None:
        self._packets.clear(camera_id, epoch=epoch)
        self._sub_packets.clear(camera_id, epoch=epoch)
        self._frames.clear(camera_id, epoch=epoch)
        self._statuses.clear(camera_id, epoch=epoch)

    def _choices(
        self, main: Mapping[CameraId, IngestReport], subs: Mapping[CameraId, IngestReport]
    ) -> dict[CameraId, StreamChoice]:
        """Return which stream to decode, of each camera that has two."""
        now_s, choices = self._clock.monotonic_s(), {}
        self._chooser.keep(subs)
        for camera_id, sub in subs.items():
            seen = main.get(camera_id, IngestReport())
            is_trusted = camera_id not in self._decode.isolated()
            choices[camera_id] = self._chooser.choose(
                camera_id,
                # Whichever crashed the decoder: the sub-stream is what can be left out.
                SubStream(sub.is_alive, error_of(sub))
                if is_trusted
                else SubStream(is_alive=False, error=_CRASHES_DECODER),
                main_wh=(seen.width_px, seen.height_px),
                is_alive=seen.is_alive,
                now_s=now_s,
            )
        return choices

    def _say_how_they_are(
        self, known: Mapping[CameraId, Reports], epochs: Mapping[CameraId, Epoch]
    ) -> None:
        try:
            for camera_id, reports in known.items():
                try:
                    self._say(camera_id, epochs[camera_id], reports)
                except ServerUnavailable as error:
                    # The other servers of the cluster may take their cameras'.
                    log.warning("status_not_said", camera_id=camera_id, what=str(error))
                for lost in reports.lost_epochs():
                    self._keeper.lost(camera_id, epoch=lost)
        except BusUnavailable as error:
            # Nor will it take the next one's, and each that it does not answer holds us up.
            log.warning("bus_unavailable", what=str(error))

    def _say(self, camera_id: CameraId, epoch: Epoch, known: Reports) -> None:
        """Put a camera's status on the board, if it is another or a second old.

        Raises:
            BusUnavailable: Redis does not answer; it is said the next time.
        """
        now_s, state = self._clock.monotonic_s(), state_of(known.main)
        shown = self._shown.get(camera_id)
        last_frame_us = known.made.last_frame_us or (shown.last_frame_us if shown else None)
        if shown is None or shown.state is not state:
            shown = _Shown(state, since_us=self._clock.utc_us(), said_s=-STATUS_EVERY_S)
            self._shown[camera_id] = shown
        shown.last_frame_us = last_frame_us
        if now_s - shown.said_s < STATUS_EVERY_S:
            return
        status = status_of(
            known,
            owner=self._keeper.member,
            epoch=epoch,
            since_us=shown.since_us,
            last_frame_us=last_frame_us,
        )
        try:
            self._statuses.put(camera_id, status, epoch=epoch)
            shown.said_s = now_s
        except LeaseLost:
            self._keeper.lost(camera_id, epoch=epoch)


def _heard(pool: ShardPool) -> dict[CameraId, IngestReport]:
    """Return how the streams are that a pool reads."""
    pool.listen()
    reports = {each: report for shard in pool.shards for each, report in _reported(shard).items()}
    return reports | dict.fromkeys(pool.crashing(), IngestReport(error=_CRASHES_READER))


def _made(pool: ShardPool) -> dict[CameraId, DecodeReport]:
    """Return how the pictures are made."""
    pool.listen()
    reports = {k: v for shard in pool.shards for k, v in shard.report.decode.items()}
    return reports | dict.fromkeys(pool.crashing(), DecodeReport(error=_CRASHES_DECODER))


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


def _with_sub(
    cameras: Mapping[CameraId, CameraConfig], of: Collection[CameraId]
) -> frozenset[CameraId]:
    return frozenset(each for each in of if cameras[each].sealed_sub_url is not None)
