"""The recognition worker: frames in, annotated pictures out."""

from collections.abc import Mapping

import structlog

from object_recognition.attention import Attention
from object_recognition.batches import Look, in_batches
from object_recognition.capacity import CapacityMeter
from object_recognition.executor import LookExecutor
from object_recognition.look_limit import LookLimit
from object_recognition.looker import LentLease
from object_recognition.picture import JpegPicture
from object_recognition.publisher import Publisher
from object_recognition.quarantine import Quarantine
from object_recognition.recognisers import Recognisers
from object_recognition.record import CameraRecord
from object_recognition.view import CameraView, rules_at
from object_recognition.watch import FrameWatch, RawFrame
from vigil import keys
from vigil.bus.answers import Answers
from vigil.bus.status.base import StatusBoard
from vigil.bus.watchers.base import Watchers
from vigil.camera_configs import CameraConfigs
from vigil.clock import MICROSECONDS, Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.motion import read_motion
from vigil.errors import BusUnavailable, LeaseLost, ServerUnavailable
from vigil.fact_outbox import FactOutbox
from vigil.leases import LeaseKeeper
from vigil.messages import MemberReport, RecognitionStatus

log = structlog.get_logger(__name__)

#: How long to wait for a frame before leases and configuration have their turn.
WAIT_S = 0.2
#: Seconds between two statuses of a camera.
STATUS_EVERY_S = 1.0


class RecognitionWorker:
    """Looks at the newest frame of each camera it owns, and draws what it saw.

    Start as many as the machine feeds; leases share the cameras among them.

    Args:
        configs: Which cameras there are, and what looks at them.
        keeper: The recognition leases.
        watch: The raw frames.
        publisher: Where annotated pictures go, and what they show.
        statuses: Where each camera's status goes.
        facts: To whom it is told which tracks there are.
        recognisers: What looks.
        quarantine: Who looks at cameras whose frames kill workers.
        watchers: Who is watched: of others a picture a second will do while nothing moves.
        clock: For the pace of statuses, and for how long a look takes.
        jpeg_quality: Of the annotated pictures.
        still_look_every_s: Seconds between two looks while nothing moves; 0: at every frame.
        limit: Ends the process when a look does not come back.
        batch_max: Frames to look at together, at most, where what looks can.
        first_track: The number of the first track under a lease: others may have told of some.
    """

    def __init__(
        self,
        *,
        configs: CameraConfigs,
        keeper: LeaseKeeper | LentLease,
        watch: FrameWatch,
        publisher: Publisher,
        statuses: StatusBoard[RecognitionStatus],
        facts: FactOutbox,
        recognisers: Recognisers,
        quarantine: Quarantine,
        watchers: Watchers,
        clock: Clock,
        jpeg_quality: int,
        still_look_every_s: float,
        limit: LookLimit,
        batch_max: int = 1,
        first_track: int = 1,
    ) -> None:
        self._quarantine = quarantine
        self._configs, self._keeper, self._watch = configs, keeper, watch
        self._publisher = publisher
        self._statuses = statuses
        self._facts = facts
        self._recognisers = recognisers
        self._watchers = watchers
        self._clock = clock
        self._still_look_every_s = still_look_every_s
        self._batch_max = batch_max
        #: Frames to ask for next: many only where they are looked at together.
        self._at_most = 1
        self._first_track = first_track
        self._records: dict[CameraId, CameraRecord] = {}
        self._meter = CapacityMeter(clock)
        self._executor = LookExecutor(
            keeper=keeper,
            publisher=publisher,
            facts=facts,
            recognisers=recognisers,
            quarantine=quarantine,
            meter=self._meter,
            clock=clock,
            jpeg_quality=jpeg_quality,
            limit=limit,
        )
        #: Deleted cameras of a server that did not answer.
        self._left_for_later: set[CameraId] = set()
        self._is_ready = False
        self._since_us = clock.utc_us()

    def run_once(self) -> bool:
        """Look at one frame, or a batch; return False when no owned camera had a new one.

        Raises:
            BusUnavailable: Nothing was published; the next frame will do.
        """
        self._decide_who_is_ours()
        self._say_how_it_goes()
        cameras = self._configs.cameras
        others = self._quarantine.isolated()
        ours = [each for each in self._keeper.valid() if each in cameras and each not in others]
        frames = self._watch.next_unseen(ours, timeout_s=WAIT_S, at_most=self._at_most)
        for camera_id in self._watch.take_gone():
            self._clear(camera_id)
        looks = [look for frame in frames if (look := self._planned(frame)) is not None]
        for batch in in_batches(looks, is_suspect=self._quarantine.is_suspect):
            self._executor.carry_out(batch)
        # What is shown again says nothing of how others are looked at.
        new = [each for each in looks if each.again is None]
        if new:
            # Where one is looked at after the other, the next frame is to be a new one.
            are_together = all(each.is_for_batches for each in new)
            self._at_most = self._batch_max if are_together else 1
        return bool(frames)

    def close(self) -> None:
        """Give the cameras back, so that others need not wait for them."""
        self._quarantine.close()
        for record in self._records.values():
            self._facts.say(*record.view.close())
        self._keeper.release_all()

    def _decide_who_is_ours(self) -> None:
        """Follow configuration and leases. While a Redis is away all stays as it is."""
        try:
            self._configs.refresh()
        except BusUnavailable as error:
            log.warning("configuration_unavailable", what=str(error))
        try:
            self._forget_deleted()
        except BusUnavailable as error:
            log.warning("bus_unavailable", what=str(error))
        wanted = [
            camera for camera in self._configs.cameras.values() if camera.enabled and camera.models
        ]
        # Once: a model that is asked for later holds up nobody who looks already.
        self._is_ready = self._is_ready or self._recognisers.are_ready(wanted)
        try:
            self._keeper.keep(
                {camera.id: camera.frame_fps for camera in wanted},
                self._report(),
                takes_offers=self._is_ready,
            )
        except ServerUnavailable as error:
            log.warning("server_unavailable", what=str(error))
        held = self._keeper.held()
        self._quarantine.follow(
            {k: v for k, v in held.items() if k in self._configs.cameras},
            alive=self._keeper.members,
        )
        if {camera_id: record.epoch for camera_id, record in self._records.items()} != held:
            self._keep_records(held)

    def _keep_records(self, held: Mapping[CameraId, Epoch]) -> None:
        """Begin with the cameras that are ours now, and end with those that were."""
        now_s, before = self._clock.monotonic_s(), self._records
        self._records = {}
        for camera_id, epoch in held.items():
            record = before.get(camera_id)
            if record is not None and record.epoch != epoch:
                # Identities are unique under one lease.
                self._facts.say(*record.view.close())
                record = None
            self._records[camera_id] = record or CameraRecord(
                CameraView(camera_id, epoch, first_track=self._first_track),
                said_s=now_s,
                attention=Attention(self._still_look_every_s),
            )
        for camera_id in before.keys() - held.keys():
            self._facts.say(*before[camera_id].view.close())
        cameras = self._configs.cameras
        self._recognisers.keep_only([cameras[each] for each in held if each in cameras])

    def _report(self) -> MemberReport:
        cameras = self._configs.cameras
        ours = [each for each in self._records if each in cameras]
        self._meter.note_share(len(ours))
        return MemberReport(
            capacity_fps=self._meter.capacity_fps,
            since_us=self._since_us,
            wanted_fps=round(sum(cameras[each].frame_fps for each in ours), 3),
            looked_fps=round(self._meter.looked_fps, 2),
            recognisers=tuple(sorted({r.recogniser for r in self._records.values()} - {""})),
        )

    def _forget_deleted(self) -> None:
        deleted = self._keeper.held().keys() - self._configs.cameras.keys()
        self._left_for_later &= deleted
        for camera_id in deleted:
            try:
                self._keeper.forget(camera_id, clear=self._clear_deleted)
            except ServerUnavailable as error:
                # It is held as long as its server cannot take it back, and its turn comes.
                if camera_id not in self._left_for_later:
                    log.warning("camera_left_for_later", camera_id=camera_id, what=str(error))
                self._left_for_later.add(camera_id)

    def _clear_deleted(self, camera_id: CameraId, epoch: Epoch) -> None:
        self._publisher.clear(camera_id, epoch=epoch)
        self._statuses.clear(camera_id, epoch=epoch)
        self._quarantine.forget(camera_id, epoch=epoch)

    def _planned(self, frame: RawFrame) -> Look | None:
        """Return whether to look at a frame, or to show again what was seen; None: to leave it."""
        camera, record = self._configs.cameras[frame.camera_id], self._records[frame.camera_id]
        record.skipped += frame.skipped
        captured_at_s = frame.stamp.captured_at_us / MICROSECONDS
        record.interval.note(captured_at_s, steps=frame.skipped + 1)
        chosen = self._recognisers.of(camera)
        record.recogniser, record.error = chosen.detector.name, chosen.error
        motion = read_motion(frame.jpeg)
        wh = frame.stamp.width_px, frame.stamp.height_px
        rests = record.attention.rests(
            motion,
            about=(camera.revision, *wh, chosen.detector, rules_at(camera, frame)),
            now_s=self._clock.monotonic_s(),
        ) and not record.view.is_dwell_over(frame.stamp.captured_at_us)
        if rests:
            self._facts.say(*record.view.rest(frame.stamp.captured_at_us))
            if not self._wants_picture(camera.id, record):
                return None
        again = record.seen.shown_again(frame.stamp) if rests and record.seen else None
        # The camera may send fewer than are wanted of it.
        ttl_s = keys.frame_ttl_s(max(1 / camera.frame_fps, record.interval.interval_s()))
        if motion is not None and not motion.is_moving:
            # The next may come as late as a keyframe.
            ttl_s = max(ttl_s, keys.IDLE_FRAME_TTL_S)
        return Look(frame, JpegPicture(frame.jpeg), camera, record, chosen, again, ttl_s)

    def _wants_picture(self, camera_id: CameraId, record: CameraRecord) -> bool:
        """Return whether a frame is to be shown that is not looked at."""
        return record.attention.is_picture_due(self._clock.monotonic_s()) or bool(
            self._watchers.watched([camera_id])
        )

    def _clear(self, camera_id: CameraId) -> None:
        """Take away the picture of a camera that died: no frozen frame is shown as live."""
        record = self._records.get(camera_id)
        if record is not None:
            self._facts.say(*record.view.close())
            record.seen = None
            record.interval.interrupted()
        epoch = self._keeper.held().get(camera_id)
        if epoch is None:
            return
        try:
            self._publisher.clear_picture(camera_id, epoch=epoch)
        except LeaseLost:
            self._keeper.lost(camera_id, epoch=epoch)
        except ServerUnavailable as error:
            log.warning("picture_left_to_expire", camera_id=camera_id, what=str(error))

    def _say_how_it_goes(self) -> None:
        now_s = self._clock.monotonic_s()
        due = {k: v for k, v in self._records.items() if now_s - v.said_s >= STATUS_EVERY_S}
        statuses = {
            camera_id: (self._status_of(camera_id, record, now_s), record.epoch)
            for camera_id, record in due.items()
            if not self._quarantine.speaks_for_itself(camera_id)
        }
        try:
            written = self._statuses.put_all(statuses)
        except ServerUnavailable as error:
            log.warning("statuses_not_said", what=str(error))
            written = Answers()
        for camera_id, is_ours in written.items():
            if not is_ours:
                self._keeper.lost(camera_id, epoch=due[camera_id].epoch)
        for record in due.values():
            record.begin_anew(now_s)

    def _status_of(self, each: CameraId, record: CameraRecord, now_s: float) -> RecognitionStatus:
        words = self._quarantine.words(each)
        return record.status(now_s, owner=self._keeper.member, in_quarantine=words)
