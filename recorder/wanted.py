"""Whether a camera is to be recorded now: pure."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from vigil.camera_document import RECORDS_MOTION, CameraConfig, RecordingMode, ScheduleSpan
from vigil.clock import MICROSECONDS, utc_from_us
from vigil.domain.schedule import is_within
from vigil.messages import CameraStatus, FrameDetections


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a camera now.

    Attributes:
        status: What camera_ctrl says; None: nothing, or it could not be read.
        seen: What its recogniser saw last; None: nobody looks, or it could not be read.
        is_watched: Whether somebody watches it.
        is_taken: Whether somebody has it recorded for as long as they watch it.
    """

    status: CameraStatus | None = None
    seen: FrameDetections | None = None
    is_watched: bool = False
    is_taken: bool = False


class Wish:
    """Whether one camera is to be recorded, from one look at its signs to the next.

    Attributes:
        is_recorded: Whether it is to be, as of the last look.
        pre_s: Seconds before that look with which what begins now is to begin.
        takes: How often a new file was asked for.
    """

    def __init__(self) -> None:
        self.is_recorded = False
        self.pre_s = 0.0
        self.takes = 0
        self._until_us = 0
        #: Since when it may be recorded, and its audio, as far as we have seen: monotonic.
        self._allowed_s: float | None = None
        self._audio_allowed_s: float | None = None

    def look(self, camera: CameraConfig, signs: Signs, *, now_us: int, now_s: float) -> bool:
        """Return whether a camera is to be recorded.

        Args:
            camera: What is wanted of it.
            signs: What is known of it.
            now_us: UTC in microseconds since 1970.
            now_s: By the monotonic clock.
        """
        rules, happens = camera.recording_rules, _happens(camera, signs)
        if happens:
            self._until_us = now_us + round(rules.post_s * MICROSECONDS)
        # A clock that was set back does not make it last longer than it was to.
        is_after = 0 < self._until_us - now_us <= rules.post_s * MICROSECONDS
        is_recorded = may_be_recorded(camera) and (
            happens
            or (camera.recording in RECORDS_MOTION and is_after)
            or rules.is_started
            or signs.is_taken
            or (rules.while_watched and signs.is_watched)
            or _is_scheduled(camera, now_us)
            or camera.recording is RecordingMode.CONTINUOUS
        )
        self.takes = rules.takes
        allowed_s = self._allowed_for_s(camera, now_s)
        self.pre_s = min(rules.pre_s, allowed_s) if happens else 0.0
        self.is_recorded = is_recorded
        return is_recorded

    def _allowed_for_s(self, camera: CameraConfig, now_s: float) -> float:
        """Return for how long all that is to be recorded of it may be.

        What came before somebody allowed it is not recorded because something happens now.
        """
        if not may_be_recorded(camera):
            self._allowed_s = None
        elif self._allowed_s is None:
            self._allowed_s = now_s
        if not camera.record_audio:
            self._audio_allowed_s = None
        elif self._audio_allowed_s is None:
            self._audio_allowed_s = now_s
        begins_s = [each for each in (self._allowed_s, self._audio_allowed_s) if each is not None]
        return now_s - max(begins_s, default=now_s)


def may_be_recorded(camera: CameraConfig) -> bool:
    """Return whether there may be a time at which a camera is recorded."""
    return camera.enabled and camera.recording is not RecordingMode.OFF


def needs_signs(camera: CameraConfig) -> bool:
    """Return whether what is known of a camera now makes a difference."""
    return may_be_recorded(camera) and camera.recording is not RecordingMode.CONTINUOUS


def _happens(camera: CameraConfig, signs: Signs) -> bool:
    """Return whether now is what the mode records for: unknown is taken for yes."""
    if camera.recording not in RECORDS_MOTION:
        return False
    if camera.recording is RecordingMode.EVENTS and signs.seen is not None:
        return _sees_something(camera, signs.seen)
    return signs.status is None or signs.status.is_moving is not False


def _sees_something(camera: CameraConfig, seen: FrameDetections) -> bool:
    confirmed = [each for each in seen.objects if each.track is not None]
    return any(each.zones for each in confirmed) if camera.zones else bool(confirmed)


def _is_scheduled(camera: CameraConfig, now_us: int) -> bool:
    if camera.recording is not RecordingMode.SCHEDULE:
        return False
    local = utc_from_us(now_us).astimezone(ZoneInfo(camera.time_zone))
    return any(_covers(span, local) for span in camera.recording_rules.schedule)


def _covers(span: ScheduleSpan, local: datetime) -> bool:
    return is_within(span.start_time, span.end_time, span.days, local)
