"""What is shown of a camera that has no picture of the kind that was asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

from vigil.bus.frames.base import NewestFrames
from vigil.bus.frames.masked import KnownConfigs
from vigil.bus.leases.base import Leases
from vigil.bus.status.base import StatusBoard
from vigil.clock import MICROSECONDS, Clock, utc_from_us
from vigil.domain.camera import CameraId
from vigil.domain.frame import read_stamp
from vigil.errors import BusUnavailable, FrameInvalid, ServerUnavailable
from vigil.media.shaping import is_legible
from vigil.messages import RECOGNITION_OFF, CameraConfig, CameraState, CameraStatus
from web.live.banner import with_banner
from web.live.no_signal import no_signal_jpeg

#: A Redis that did not answer is asked again so much later: a picture each second must not wait
#: for it, and it may be one of many.
ASK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of our own.

    Attributes:
        name: What it is: the same name is never sent twice running.
        paint: Makes the JPEG. It costs more than all else; who shows the same already asks not.
    """

    name: tuple[object, ...]
    paint: Callable[[], bytes]


class Substitute(Protocol):
    """Shows something in place of a picture that is not there."""

    def __call__(self, camera_id: CameraId) -> Shown:
        """Return what a camera without a picture of this kind shows now."""
        ...


class NoSignal:
    """Stands in for a picture of a camera that gives none; a new one each second.

    Args:
        statuses: Where the reason stands.
        facts: Where the camera's name stands.
        site_zone: In which times are shown.
        clock: For the pace.
    """

    def __init__(
        self,
        *,
        statuses: StatusBoard[CameraStatus],
        facts: KnownConfigs,
        site_zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._statuses = statuses
        self._facts = facts
        self._site_zone = site_zone
        self._clock = clock
        self._ask_at_s = 0.0

    def __call__(self, camera_id: CameraId) -> Shown:
        """Return the no-signal picture with the camera's name, the reason and since when."""
        camera = self._facts.cameras.get(camera_id)
        name = f"camera {camera_id}"
        if camera is not None and is_legible(camera.name):
            name = camera.name
        since, reason = self._reason(camera_id, camera)
        return Shown(
            ("no signal", int(self._clock.monotonic_s())),
            partial(no_signal_jpeg, name, since, reason),
        )

    def _reason(
        self, camera_id: CameraId, camera: CameraConfig | None
    ) -> tuple[datetime | None, str | None]:
        if camera is not None and not camera.enabled:
            return None, "switched off"
        away = None, "the server cannot reach its picture store"
        if self._clock.monotonic_s() < self._ask_at_s:
            return away
        try:
            status = self._statuses.read([camera_id]).get(camera_id)
        except BusUnavailable as error:
            # One server of a cluster is not waited for again, and the others are asked as ever.
            if not isinstance(error, ServerUnavailable):
                self._ask_at_s = self._clock.monotonic_s() + ASK_AGAIN_S
            return away
        if status is None:
            return None, "no camera service looks after it"
        if status.state is not CameraState.INACTIVE:
            return None, _what_comes(camera, status)
        return local(status.since_us, self._site_zone), status.error


class RawWithBanner:
    """Stands in for a boxed image: the raw picture, and that nobody looks at it.

    Args:
        raw: The raw pictures.
        leases: The recognition leases: they remember when the last recogniser left.
        facts: Whether recognition is wanted at all.
        no_signal: For a camera that has no raw picture either.
        site_zone: In which times are shown.
    """

    def __init__(
        self,
        *,
        raw: NewestFrames,
        leases: Leases,
        facts: KnownConfigs,
        no_signal: Substitute,
        site_zone: ZoneInfo,
    ) -> None:
        self._raw = raw
        self._leases = leases
        self._facts = facts
        self._no_signal = no_signal
        self._site_zone = site_zone

    def __call__(self, camera_id: CameraId) -> Shown:
        """Return the newest raw picture with a banner, or the no-signal picture."""
        try:
            jpeg = self._raw.newest([camera_id]).get(camera_id)
            if jpeg is None:
                return self._no_signal(camera_id)
            text = self._text(camera_id)
            name = ("raw", read_stamp(jpeg).order, text)
            return Shown(name, partial(self._painted, camera_id, jpeg, text))
        except (BusUnavailable, FrameInvalid):
            return self._no_signal(camera_id)

    def _painted(self, camera_id: CameraId, jpeg: bytes, text: str) -> bytes:
        try:
            return with_banner(jpeg, text)
        except FrameInvalid:
            return self._no_signal(camera_id).paint()

    def _text(self, camera_id: CameraId) -> str:
        camera = self._facts.cameras.get(camera_id)
        if camera is not None and camera.recognition == RECOGNITION_OFF:
            return "recognition is off"
        left_us = self._leases.held_until_us(camera_id)
        if left_us is None:
            return "recognition is away"
        return f"recognition is away since {local(left_us, self._site_zone):%Y-%m-%d %H:%M:%S %Z}"


def _what_comes(camera: CameraConfig | None, status: CameraStatus) -> str:
    """Return why a camera that gives video has no picture."""
    if camera is not None and camera.masks and status.state is CameraState.ACTIVE:
        return status.error or "its privacy masks are being put on"
    return "connecting ..."


def local(utc_us: int, zone: ZoneInfo) -> datetime:
    """Return a stamp as a time of the site, to the second."""
    return utc_from_us(utc_us - utc_us % MICROSECONDS).astimezone(zone)
