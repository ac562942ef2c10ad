"""The recognition worker: one frame in, one annotated picture out."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import structlog

from object_recognition.attention import Attention
from object_recognition.detection import Detections, ImageBgr
from object_recognition.drawing import Caption, annotate
from object_recognition.picture import decoded, encoded
from object_recognition.recognisers import OFF, Chosen, Recognisers
from object_recognition.watch import FrameWatch, RawFrame
from object_recognition.zones import ZoneFilter
from vigil import keys
from vigil.bus.frames.base import FrameStore
from vigil.bus.status.base import StatusBoard
from vigil.bus.watchers.base import Watchers
from vigil.camera_configs import CameraConfigs
from vigil.clock import Clock, utc_from_us
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import stamped
from vigil.domain.motion import read_motion
from vigil.errors import (
    BusUnavailable,
    FrameInvalid,
    LeaseLost,
    ModelInvalid,
    ServerUnavailable,
)
from vigil.leases import LeaseKeeper
from vigil.messages import CameraConfig, RecognitionStatus, Zone

log = structlog.get_logger(__name__)

#: How long to wait for a frame before leases and configuration have their turn.
WAIT_S = 0.2
#: Seconds between two statuses of a camera.
STATUS_EVERY_S = 1.0


@dataclass(slots=True)
class _Record:
    """What happened on one camera since this worker took it."""

    epoch: Epoch
    said_s: float
    attention: Attention
    #: What was seen at the last look, as it is drawn.
    found: Detections = field(default_factory=Detections.none)
    looks: int = 0
    busy_s: float = 0.0
    skipped: int = 0
    error: str | None = None
    recogniser: str = ""
    zones: dict[tuple[object, ...], ZoneFilter] = field(default_factory=dict)


class RecognitionWorker:
    """Looks at the newest frame of each camera it owns, and draws what it saw.

    Start as many as the machine feeds; leases share the cameras among them.

    Args:
        configs: Which cameras there are, and what looks at them.
        keeper: The recognition leases.
        watch: The raw frames.
        boxed: Where annotated pictures go.
        statuses: Where each camera's status goes.
        recognisers: What looks.
        watchers: Who is watched: of others a picture a second will do while nothing moves.
        clock: For the pace of statuses, and for how long a look takes.
        jpeg_quality: Of the annotated pictures.
        still_look_every_s: Seconds between two looks while nothing moves; 0: at every frame.
    """

    def __init__(
        self,
        *,
        configs: CameraConfigs,
        keeper: LeaseKeeper,
        watch: FrameWatch,
        boxed: FrameStore,
        statuses: StatusBoard[RecognitionStatus],
        recognisers: Recognisers,
        watchers: Watchers,
        clock: Clock,
        jpeg_quality: int,
        still_look_every_s: float,
    ) -> None:
        self._configs = configs
        self._keeper = keeper
        self._watch = watch
        self._boxed = boxed
        self._statuses = statuses
        self._recognisers = recognisers
        self._watchers = watchers
        self._clock = clock
        self._jpeg_quality = jpeg_quality
        self._still_look_every_s = still_look_every_s
        self._records: dict[CameraId, _Record] = {}

    def run_once(self) -> bool:
        """Look at one frame; return False when no owned camera had a new one for a moment.

        Raises:
            BusUnavailable: Nothing was published; the next frame will do.
        """
        self._decide_who_is_ours()
        self._say_how_it_goes()
        cameras = self._configs.cameras
        ours = {each: epoch for each, epoch in self._keeper.valid().items() if each in cameras}
        frame = self._watch.next_unseen(ours, timeout_s=WAIT_S)
        for camera_id in self._watch.take_gone():
            self._clear(camera_id)
        if frame is None:
            return False
        try:
            self._look(frame, ours[frame.camera_id])
        except ServerUnavailable as error:
            # Its next frame will do, and those of the other servers' cameras do not wait for it.
            log.warning("picture_dropped", camera_id=frame.camera_id, what=str(error))
        return True

    def close(self) -> None:
        """Give the cameras back, so that others need not wait for them."""
        self._keeper.release_all()

    def _decide_who_is_ours(self) -> None:
        """Follow configuration and leases. While a Redis is away all stays as it is."""
        try:
            if self._configs.refresh():
                self._forget_deleted()
        except BusUnavailable as error:
            log.warning("configuration_unavailable", what=str(error))
        try:
            self._keeper.keep(
                camera.id
                for camera in self._configs.cameras.values()
                if camera.enabled and camera.recognition != OFF
            )
        except ServerUnavailable as error:
            log.warning("server_unavailable", what=str(error))
        held = self._keeper.held()
        if {camera_id: record.epoch for camera_id, record in self._records.items()} == held:
            return
        now_s = self._clock.monotonic_s()
        self._records = {
            camera_id: self._records.get(camera_id)
            or _Record(epoch, said_s=now_s, attention=Attention(self._still_look_every_s))
            for camera_id, epoch in held.items()
        }
        for camera_id, epoch in held.items():
            self._records[camera_id].epoch = epoch
        cameras = self._configs.cameras
        self._recognisers.keep_only([cameras[each] for each in held if each in cameras])

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
            self._statuses.clear(camera_id, epoch=epoch)
        except LeaseLost:
            log.info("deleted_camera_is_anothers", camera_id=camera_id)
        self._keeper.forget(camera_id)

    def _look(self, frame: RawFrame, epoch: Epoch) -> None:
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
        if rests and not self._wants_picture(camera.id, record):
            return
        try:
            image_bgr = decoded(frame.jpeg)
            zones = _scaled(camera.zones, image_bgr, frame)
            if not rests:
                record.found = self._seen(camera, record, chosen, zones, image_bgr)
        except FrameInvalid as error:
            record.error = str(error)
            log.warning("frame_skipped", camera_id=camera.id, reason=str(error))
            return
        except ModelInvalid as error:
            # Its next frame is looked at by the basic recogniser.
            self._recognisers.refuse(camera, str(error))
            log.error("model_refused", camera_id=camera.id, reason=str(error))
            return
        annotate(
            image_bgr,
            record.found,
            labels=chosen.detector.labels,
            zones=zones,
            caption=Caption(chosen.detector.name, _local_time(camera, frame)),
        )
        record.attention.note_shown(self._clock.monotonic_s())
        ttl_s = keys.frame_ttl_s(camera.frame_fps)
        if motion is not None and not motion.is_moving:
            # The next may come as late as a keyframe.
            ttl_s = max(ttl_s, keys.IDLE_FRAME_TTL_S)
        self._publish(frame, image_bgr, epoch, ttl_s=ttl_s)

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
        zones: tuple[Zone, ...],
        image_bgr: ImageBgr,
    ) -> Detections:
        """Look at a frame; return what is sure enough, and where the camera looks."""
        begun_s = self._clock.monotonic_s()
        found = chosen.detector.detect(image_bgr)
        now_s = self._clock.monotonic_s()
        record.attention.note_look(now_s)
        record.busy_s += now_s - begun_s
        record.looks += 1
        found = found.take(found.confidence >= np.float32(camera.min_confidence))
        return found.take(_filter_for(record, zones, chosen, image_bgr).inside(found))

    def _publish(self, frame: RawFrame, picture: ImageBgr, epoch: Epoch, *, ttl_s: float) -> None:
        jpeg = stamped(encoded(picture, quality=self._jpeg_quality), frame.stamp)
        try:
            self._boxed.put(frame.camera_id, jpeg, epoch=epoch, ttl_s=ttl_s)
        except LeaseLost:
            self._keeper.lost(frame.camera_id, epoch=epoch)

    def _clear(self, camera_id: CameraId) -> None:
        """Take away the picture of a camera that died: no frozen frame is shown as live."""
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
        for camera_id, record in self._records.items():
            past_s = now_s - record.said_s
            if past_s < STATUS_EVERY_S:
                continue
            status = RecognitionStatus(
                owner=self._keeper.member,
                epoch=record.epoch,
                recogniser=record.recogniser,
                looked_fps=round(record.looks / past_s, 2),
                inference_ms=round(1e3 * record.busy_s / record.looks, 1) if record.looks else 0.0,
                skipped=record.skipped,
                error=record.error,
            )
            try:
                self._statuses.put(camera_id, status, epoch=record.epoch)
            except LeaseLost:
                self._keeper.lost(camera_id, epoch=record.epoch)
            except ServerUnavailable as error:
                log.warning("status_not_said", camera_id=camera_id, what=str(error))
            record.said_s, record.looks, record.busy_s = now_s, 0, 0.0


def _filter_for(
    record: _Record, zones: tuple[Zone, ...], chosen: Chosen, image_bgr: ImageBgr
) -> ZoneFilter:
    """Return the filter of a camera's zones, made once for what it depends on."""
    labels, frame_wh = chosen.detector.labels, (image_bgr.shape[1], image_bgr.shape[0])
    key = (zones, labels, frame_wh)
    if key not in record.zones:
        record.zones = {key: ZoneFilter(zones, labels=labels, frame_wh=frame_wh)}
    return record.zones[key]


def _scaled(zones: tuple[Zone, ...], image_bgr: ImageBgr, frame: RawFrame) -> tuple[Zone, ...]:
    """Return zones in pixels of the picture, which may be smaller than the full frame."""
    height, width = image_bgr.shape[:2]
    full_wh = (frame.stamp.width_px or width, frame.stamp.height_px or height)
    if full_wh == (width, height):
        return zones
    ratio_x, ratio_y = width / full_wh[0], height / full_wh[1]
    return tuple(
        zone.model_copy(
            update={"points": tuple((x * ratio_x, y * ratio_y) for x, y in zone.points)}
        )
        for zone in zones
    )


def _local_time(camera: CameraConfig, frame: RawFrame) -> datetime:
    captured_at = utc_from_us(frame.stamp.captured_at_us)
    try:
        return captured_at.astimezone(ZoneInfo(camera.time_zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A name that this machine does not know; the picture says UTC then.
        return captured_at.astimezone(UTC)
