"""The recognition worker: one frame in, one annotated picture out."""

from dataclasses import dataclass

import structlog

from object_recognition.attention import Attention
from object_recognition.capacity import CapacityMeter
from object_recognition.detection import ImageBgr
from object_recognition.looker import LentLease
from object_recognition.overlay import draw
from object_recognition.picture import decoded, encoded
from object_recognition.quarantine import Quarantine
from object_recognition.recognisers import OFF, Chosen, Recognisers
from object_recognition.view import CameraView, Seen, local_time
from object_recognition.watch import FrameWatch, RawFrame
from vigil import keys
from vigil.bus.answers import Answers
from vigil.bus.explanations.base import ExplanationLog
from vigil.bus.frames.base import FrameStore
from vigil.bus.status.base import StatusBoard
from vigil.bus.watchers.base import Watchers
from vigil.camera_configs import CameraConfigs
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import stamped
from vigil.domain.mask_mark import mark_segment, read_mark
from vigil.domain.motion import read_motion
from vigil.errors import (
    BusUnavailable,
    FrameInvalid,
    LeaseLost,
    ModelInvalid,
    ServerUnavailable,
)
from vigil.fact_outbox import FactOutbox
from vigil.leases import LeaseKeeper
from vigil.messages import CameraConfig, FrameDetections, MemberReport, RecognitionStatus

log = structlog.get_logger(__name__)

#: How long to wait for a frame before leases and configuration have their turn.
WAIT_S = 0.2
#: Seconds between two statuses of a camera.
STATUS_EVERY_S = 1.0


@dataclass(slots=True)
class _Record:
    """What happened on one camera since this worker took it."""

    view: CameraView
    said_s: float
    attention: Attention
    #: What the last look came to; None before the first.
    seen: Seen | None = None
    looks: int = 0
    busy_s: float = 0.0
    skipped: int = 0
    error: str | None = None
    recogniser: str = ""

    @property
    def epoch(self) -> Epoch:
        """Under which lease it is looked at."""
        return self.view.epoch


class RecognitionWorker:
    """Looks at the newest frame of each camera it owns, and draws what it saw.

    Start as many as the machine feeds; leases share the cameras among them.

    Args:
        configs: Which cameras there are, and what looks at them.
        keeper: The recognition leases.
        watch: The raw frames.
        boxed: Where annotated pictures go.
        detections: Where it goes what the annotated picture shows.
        explanations: Where it goes what the picture does not show, and why.
        statuses: Where each camera's status goes.
        facts: To whom it is told which tracks there are.
        recognisers: What looks.
        quarantine: Who looks at cameras whose frames kill workers.
        watchers: Who is watched: of others a picture a second will do while nothing moves.
        clock: For the pace of statuses, and for how long a look takes.
        jpeg_quality: Of the annotated pictures.
        still_look_every_s: Seconds between two looks while nothing moves; 0: at every frame.
        first_track: The number of the first track under a lease: others may have told of some.
    """

    def __init__(
        self,
        *,
        configs: CameraConfigs,
        keeper: LeaseKeeper | LentLease,
        watch: FrameWatch,
        boxed: FrameStore,
        detections: StatusBoard[FrameDetections],
        explanations: ExplanationLog,
        statuses: StatusBoard[RecognitionStatus],
        facts: FactOutbox,
        recognisers: Recognisers,
        quarantine: Quarantine,
        watchers: Watchers,
        clock: Clock,
        jpeg_quality: int,
        still_look_every_s: float,
        first_track: int = 1,
    ) -> None:
        self._quarantine = quarantine
        self._configs = configs
        self._keeper = keeper
        self._watch = watch
        self._boxed = boxed
        self._detections = detections
        self._explanations = explanations
        self._statuses = statuses
        self._facts = facts
        self._recognisers = recognisers
        self._watchers = watchers
        self._clock = clock
        self._jpeg_quality = jpeg_quality
        self._still_look_every_s = still_look_every_s
        self._first_track = first_track
        self._records: dict[CameraId, _Record] = {}
        self._meter = CapacityMeter(clock)
        self._is_ready = False
        self._since_us = clock.utc_us()

    def run_once(self) -> bool:
        """Look at one frame; return False when no owned camera had a new one for a moment.

        Raises:
            BusUnavailable: Nothing was published; the next frame will do.
        """
        self._decide_who_is_ours()
        self._say_how_it_goes()
        cameras = self._configs.cameras
        others = self._quarantine.isolated()
        ours = {
            each: epoch
            for each, epoch in self._keeper.valid().items()
            if each in cameras and each not in others
        }
        frame = self._watch.next_unseen(ours, timeout_s=WAIT_S)
        for camera_id in self._watch.take_gone():
            self._clear(camera_id)
        if frame is None:
            return False
        try:
            self._attend(frame, ours[frame.camera_id])
        except LeaseLost:
            self._keeper.lost(frame.camera_id, epoch=ours[frame.camera_id])
        except ServerUnavailable as error:
            # Its next frame will do, and those of the other servers' cameras do not wait for it.
            log.warning("picture_dropped", camera_id=frame.camera_id, what=str(error))
        return True

    def close(self) -> None:
        """Give the cameras back, so that others need not wait for them."""
        self._quarantine.close()
        for record in self._records.values():
            self._facts.say(*record.view.close())
        self._keeper.release_all()

    def _decide_who_is_ours(self) -> None:
        """Follow configuration and leases. While a Redis is away all stays as it is."""
        try:
            if self._configs.refresh():
                self._forget_deleted()
        except BusUnavailable as error:
            log.warning("configuration_unavailable", what=str(error))
        wanted = [
            camera
            for camera in self._configs.cameras.values()
            if camera.enabled and camera.recognition != OFF
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
        if {camera_id: record.epoch for camera_id, record in self._records.items()} == held:
            return
        now_s, before = self._clock.monotonic_s(), self._records
        self._records = {}
        for camera_id, epoch in held.items():
            record = before.get(camera_id)
            if record is not None and record.epoch != epoch:
                # Identities are unique under one lease.
                self._facts.say(*record.view.close())
                record = None
            self._records[camera_id] = record or _Record(
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
        return MemberReport(
            capacity_fps=self._meter.capacity_fps,
            since_us=self._since_us,
            wanted_fps=round(sum(cameras[each].frame_fps for each in ours), 3),
            looked_fps=round(self._meter.looked_fps, 2),
            recognisers=tuple(sorted({r.recogniser for r in self._records.values()} - {""})),
        )

    def _forget_deleted(self) -> None:
        for camera_id, epoch in self._keeper.held().items():
            if camera_id in self._configs.cameras:
                continue
            try:
                self._forget(camera_id, epoch)
            except ServerUnavailable as error:
                # What it has of the camera expires, and its lease is given back, or does too.
                log.warning("camera_left_to_expire", camera_id=camera_id, what=str(error))

    def _forget(self, camera_id: CameraId, epoch: Epoch) -> None:
        try:
            self._boxed.clear(camera_id, epoch=epoch)
            self._detections.clear(camera_id, epoch=epoch)
            self._explanations.clear(camera_id, epoch=epoch)
            self._statuses.clear(camera_id, epoch=epoch)
        except LeaseLost:
            log.info("deleted_camera_is_anothers", camera_id=camera_id)
        self._keeper.forget(camera_id)

    def _attend(self, frame: RawFrame, epoch: Epoch) -> None:
        """Look at a frame; or, where nothing moves, show again what was seen, or leave it."""
        camera, record = self._configs.cameras[frame.camera_id], self._records[frame.camera_id]
        record.skipped += frame.skipped
        chosen = self._recognisers.of(camera)
        record.recogniser, record.error = chosen.detector.name, chosen.error
        motion = read_motion(frame.jpeg)
        rests = record.attention.rests(
            motion,
            about=(camera.revision, frame.stamp.width_px, frame.stamp.height_px, chosen.detector),
            now_s=self._clock.monotonic_s(),
        )
        if rests:
            self._facts.say(*record.view.rest(frame.stamp.captured_at_us))
            if not self._wants_picture(camera.id, record):
                return
        begun_s = self._clock.monotonic_s()
        if not self._quarantine.begin(camera.id, frame.jpeg, epoch=epoch):
            return
        again = record.seen.shown_again(frame.stamp) if rests and record.seen else None
        ttl_s = keys.frame_ttl_s(camera.frame_fps)
        if motion is not None and not motion.is_moving:
            # The next may come as late as a keyframe.
            ttl_s = max(ttl_s, keys.IDLE_FRAME_TTL_S)
        self._show(frame, again, chosen=chosen, epoch=epoch, ttl_s=ttl_s)
        if again is None:
            self._meter.note(self._clock.monotonic_s() - begun_s)

    def _show(
        self, frame: RawFrame, again: Seen | None, *, chosen: Chosen, epoch: Epoch, ttl_s: float
    ) -> None:
        """Show a frame, with what is seen in it, or with what was seen before."""
        camera, record = self._configs.cameras[frame.camera_id], self._records[frame.camera_id]
        try:
            image_bgr = decoded(frame.jpeg)
            seen = again or self._seen(camera, record, chosen, frame, image_bgr)
        except FrameInvalid as error:
            record.error = str(error)
            log.warning("frame_skipped", camera_id=camera.id, reason=str(error))
            self._quarantine.end(camera.id, epoch=epoch)
            return
        except ModelInvalid as error:
            # Its next frame is looked at by the basic recogniser.
            self._recognisers.refuse(camera, str(error))
            log.error("model_refused", camera_id=camera.id, reason=str(error))
            self._quarantine.end(camera.id, epoch=epoch)
            return
        record.seen = seen
        self._facts.say(*seen.facts)
        draw(
            image_bgr,
            seen,
            labels=chosen.detector.labels,
            captured_at=local_time(camera, frame),
        )
        record.attention.note_shown(self._clock.monotonic_s())
        self._publish(frame, image_bgr, seen, epoch, ttl_s=ttl_s)

    def _wants_picture(self, camera_id: CameraId, record: _Record) -> bool:
        """Return whether a frame is to be shown that is not looked at."""
        return record.attention.is_picture_due(self._clock.monotonic_s()) or bool(
            self._watchers.watched([camera_id])
        )

    def _seen(
        self,
        camera: CameraConfig,
        record: _Record,
        chosen: Chosen,
        frame: RawFrame,
        image_bgr: ImageBgr,
    ) -> Seen:
        """Look at a frame."""
        begun_s = self._clock.monotonic_s()
        found = chosen.detector.detect(image_bgr)
        now_s = self._clock.monotonic_s()
        record.attention.note_look(now_s)
        record.busy_s += now_s - begun_s
        record.looks += 1
        return record.view.see(
            found,
            camera=camera,
            detector=chosen.detector,
            frame=frame,
            picture_wh=(image_bgr.shape[1], image_bgr.shape[0]),
        )

    def _publish(
        self, frame: RawFrame, picture: ImageBgr, seen: Seen, epoch: Epoch, *, ttl_s: float
    ) -> None:
        mark = read_mark(frame.jpeg)
        # What is hidden in the frame is hidden here, and by the same masks.
        beside = b"" if mark is None else mark_segment(mark)
        jpeg = stamped(encoded(picture, quality=self._jpeg_quality), frame.stamp, beside=beside)
        try:
            # First what was seen: who hears the picture's bell finds it.
            self._detections.put(frame.camera_id, seen.published, epoch=epoch)
            if seen.explanation is not None:
                self._explanations.append(seen.explanation, epoch=epoch)
            self._boxed.put(frame.camera_id, jpeg, epoch=epoch, ttl_s=ttl_s)
        except LeaseLost:
            self._keeper.lost(frame.camera_id, epoch=epoch)

    def _clear(self, camera_id: CameraId) -> None:
        """Take away the picture of a camera that died: no frozen frame is shown as live."""
        if camera_id in self._records:
            self._facts.say(*self._records[camera_id].view.close())
        epoch = self._keeper.held().get(camera_id)
        if epoch is None:
            return
        try:
            self._boxed.clear(camera_id, epoch=epoch)
        except LeaseLost:
            self._keeper.lost(camera_id, epoch=epoch)
        except ServerUnavailable as error:
            log.warning("picture_left_to_expire", camera_id=camera_id, what=str(error))

    def _say_how_it_goes(self) -> None:
        now_s = self._clock.monotonic_s()
        due = {k: v for k, v in self._records.items() if now_s - v.said_s >= STATUS_EVERY_S}
        statuses = {
            camera_id: (self._status_of(camera_id, record, now_s - record.said_s), record.epoch)
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
            record.said_s, record.looks, record.busy_s = now_s, 0, 0.0

    def _status_of(self, camera_id: CameraId, record: _Record, past_s: float) -> RecognitionStatus:
        in_quarantine = self._quarantine.words(camera_id)
        return RecognitionStatus(
            owner=self._keeper.member,
            epoch=record.epoch,
            recogniser=record.recogniser,
            looked_fps=round(record.looks / past_s, 2),
            inference_ms=round(1e3 * record.busy_s / record.looks, 1) if record.looks else 0.0,
            skipped=record.skipped,
            is_quarantined=in_quarantine is not None,
            error=record.error or in_quarantine,
        )
