"""Carries looks out: notes them, has models look, and shows what they came to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from object_recognition.batches import Look, detected
from object_recognition.capacity import CapacityMeter
from object_recognition.detection import Detections
from object_recognition.look_limit import LookLimit
from object_recognition.looker import LentLease
from object_recognition.overlay import boxed_jpeg
from object_recognition.publisher import Publisher
from object_recognition.quarantine import Quarantine
from object_recognition.recognisers import Recognisers
from object_recognition.view import local_time
from vigil.clock import Clock
from vigil.errors import FrameInvalid, LeaseLost, ModelInvalid, ServerUnavailable
from vigil.fact_outbox import FactOutbox
from vigil.leases import LeaseKeeper

log = structlog.get_logger(__name__)


class LookExecutor:
    """Looks at frames, alone or in batches, and shows each with what is seen in it.

    Args:
        keeper: Learns of leases that were lost.
        publisher: Where annotated pictures go, and what they show.
        facts: To whom it is told which tracks there are.
        recognisers: Learn of models that do not run.
        quarantine: Keeps the notes of looks.
        meter: Measures them.
        clock: For how long a look takes.
        jpeg_quality: Of the annotated pictures.
        limit: Ends the process when a look, or a batch, does not come back.
    """

    def __init__(
        self,
        *,
        keeper: LeaseKeeper | LentLease,
        publisher: Publisher,
        facts: FactOutbox,
        recognisers: Recognisers,
        quarantine: Quarantine,
        meter: CapacityMeter,
        clock: Clock,
        jpeg_quality: int,
        limit: LookLimit,
    ) -> None:
        self._keeper = keeper
        self._publisher = publisher
        self._facts = facts
        self._recognisers = recognisers
        self._quarantine = quarantine
        self._meter = meter
        self._clock = clock
        self._jpeg_quality = jpeg_quality
        self._limit = limit

    def carry_out(self, looks: Sequence[Look]) -> None:
        """Look at frames that are looked at together, and show each.

        Args:
            looks: Of one detector, if there are several, and none of them shown again.

        Raises:
            BusUnavailable: Not all were shown; the next frames will do.
        """
        begun_s = self._clock.monotonic_s()
        looks = self._begun(looks)
        if not looks:
            return
        try:
            # A limit takes a thread, and most looks are at one frame: it is shown within the same.
            with self._limit():
                found = self._found(looks)
                self._show(looks[0], found[0])
        except ModelInvalid as error:
            self._refuse_model(looks, error)
            return
        for look, each in zip(looks[1:], found[1:], strict=True):
            # By itself: a server that is away holds up each of its cameras.
            with self._limit():
                self._show(look, each)
        if looks[0].again is None:
            busy_s = self._clock.monotonic_s() - begun_s
            for _ in looks:
                self._meter.note(busy_s / len(looks))

    def _begun(self, looks: Sequence[Look]) -> list[Look]:
        """Note the looks; return them without those that are not to be, or cannot."""
        begun = []
        for look in looks:
            with self._forgiven(look):
                if look.again is None and look.camera.lines and not look.record.view.has_tallies:
                    look.record.view.take_over(self._publisher.tallies_of(look.camera_id))
                if self._quarantine.begin(look.camera_id, look.frame.jpeg, epoch=look.epoch):
                    begun.append(look)
        return begun

    @contextmanager
    def _forgiven(self, look: Look) -> Iterator[None]:
        """Go on with the other cameras when this one is another's, or its server is away."""
        try:
            yield
        except LeaseLost:
            self._keeper.lost(look.camera_id, epoch=look.epoch)
        except ServerUnavailable as error:
            # Its next frame will do, and those of the other servers' cameras do not wait for it.
            log.warning("picture_dropped", camera_id=look.camera_id, what=str(error))

    def _found(self, looks: Sequence[Look]) -> Sequence[Detections | FrameInvalid | None]:
        """Return what is in each frame, why it is none, or None: what was seen is shown again."""
        first = looks[0]
        try:
            if first.again is not None:
                if first.again.picture_wh == first.picture.size_wh:
                    return [None]
                # Of the camera's other stream: in its pixels all lies elsewhere.
                first.record.attention.begin_anew()
            if not first.is_for_batches:
                # Not a part of the look, whose length is told.
                _ = first.picture.image_bgr
        except FrameInvalid as error:
            return [error]
        begun_s = self._clock.monotonic_s()
        found = detected(looks)
        now_s = self._clock.monotonic_s()
        for look, each in zip(looks, found, strict=True):
            if isinstance(each, Detections):
                look.record.note_look(now_s, busy_s=(now_s - begun_s) / len(looks))
        return found

    def _refuse_model(self, looks: Sequence[Look], error: ModelInvalid) -> None:
        """Leave frames whose model does not run.

        The next are looked at by their cameras' other models, or by the basic recogniser.
        """
        self._recognisers.refuse(looks[0].camera, looks[0].chosen.detector, error)
        log.error("model_refused", camera_id=looks[0].camera_id, reason=str(error))
        for look in looks:
            with self._forgiven(look):
                self._quarantine.end(look.camera_id, epoch=look.epoch)

    def _show(self, look: Look, found: Detections | FrameInvalid | None) -> None:
        """Show a frame, with what was found in it; None: with what was seen before."""
        with self._forgiven(look):
            try:
                if isinstance(found, FrameInvalid):
                    raise found
                self._publish(look, found)
            except FrameInvalid as error:
                look.record.error = str(error)
                log.warning("frame_skipped", camera_id=look.camera_id, reason=str(error))
                self._quarantine.end(look.camera_id, epoch=look.epoch)

    def _publish(self, look: Look, found: Detections | None) -> None:
        camera, record, frame = look.camera, look.record, look.frame
        image_bgr, seen = look.picture.image_bgr, look.again
        if found is not None:
            seen = record.view.see(
                found,
                camera=camera,
                detector=look.chosen.detector,
                bounds=look.chosen.bounds,
                frame=frame,
                picture_wh=(image_bgr.shape[1], image_bgr.shape[0]),
                looked_fps=record.looked_fps,
            )
        assert seen is not None
        record.seen = seen
        self._facts.say(*seen.facts)
        jpeg = boxed_jpeg(
            frame,
            image_bgr,
            seen,
            labels=look.chosen.detector.labels,
            captured_at=local_time(camera, frame),
            quality=self._jpeg_quality,
        )
        record.attention.note_shown(self._clock.monotonic_s())
        self._publisher.publish(camera.id, jpeg, seen, epoch=look.epoch, ttl_s=look.ttl_s)
