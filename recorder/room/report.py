"""What is to be said of a volume: how full it is, and what is to be expected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from recorder.footage.listing import DAY_US
from recorder.footage.volume import Volume
from recorder.room.forecast import Forecast, Use, forecast, measured_hours
from recorder.room.inventory import Inventory
from recorder.room.rule import CameraLimits
from recorder.room.tally import DayTally, Tally
from vigil.domain.camera import CameraId
from vigil.footage_document import CameraFootage, VolumeReport


@dataclass(frozen=True, slots=True)
class FootageLimits:
    """What footage may take where a camera does not say otherwise, as the operator turned it.

    Attributes:
        reserve_bytes: So much is left free.
        kept_days: Older footage goes.
        max_bytes: Of all footage together; None: any.
        purges: Whether footage goes at all. If not, recording stops where the limits are.
    """

    reserve_bytes: int
    kept_days: float
    max_bytes: int | None = None
    purges: bool = True


@dataclass(frozen=True, slots=True)
class _Measured:
    """A camera's footage.

    Attributes:
        kept_days: Older goes; infinite: none does.
        own: What it takes of its own limit.
    """

    has: DayTally
    kept_days: float
    own: Use


def volume_report(
    volume: Volume,
    inventory: Inventory,
    *,
    limits: FootageLimits,
    limits_of: Callable[[CameraId], CameraLimits],
    refusals: Mapping[CameraId | None, str],
    now_us: int,
) -> VolumeReport:
    """Return what is to be said of a volume.

    Args:
        volume: It.
        inventory: What lies on it.
        limits: Of all footage.
        limits_of: Of a camera's.
        refusals: Why a camera cannot be recorded; of None: why none can.
        now_us: Judges what the last day is.

    Raises:
        VolumeUnavailable: It cannot be asked.
    """
    tally, free_bytes = inventory.tally, volume.free_bytes()
    measured = {
        each: _measured(tally, each, limits_of(each), purges=limits.purges, now_us=now_us)
        for each in tally.cameras()
    }
    shared = _shared([each.own for each in measured.values()], limits, free_bytes)
    longest_days = max((each.kept_days for each in measured.values()), default=limits.kept_days)
    has = DayTally()
    for each in measured.values():
        has.join(each.has)
    return VolumeReport(
        **_fields(has, shared, forecast([shared], kept_days=longest_days)),
        volume=volume.volume_id,
        at_us=now_us,
        total_bytes=volume.total_bytes(),
        free_bytes=free_bytes,
        reserve_bytes=limits.reserve_bytes,
        max_bytes=limits.max_bytes,
        kept_days=limits.kept_days,
        purges=limits.purges,
        is_counted=inventory.is_counted,
        error=refusals.get(None),
        cameras=tuple(
            _camera(camera_id, each, shared, error=refusals.get(None) or refusals.get(camera_id))
            for camera_id, each in measured.items()
        ),
    )


def _measured(
    tally: Tally, camera_id: CameraId, limits: CameraLimits, *, purges: bool, now_us: int
) -> _Measured:
    has = tally.of(camera_id)
    hours = measured_hours(has.oldest_us or now_us, now_us)
    daily_bytes = tally.bytes_in(camera_id, hours) * 24 / len(hours) if hours else None
    kept_days = limits.kept_us / DAY_US if purges else inf
    own = Use(
        used_bytes=has.size_bytes,
        protected_bytes=has.protected_bytes,
        daily_bytes=daily_bytes,
        steady_bytes=daily_bytes * kept_days if daily_bytes else 0.0,
        room_bytes=inf if limits.max_bytes is None else limits.max_bytes - has.size_bytes,
    )
    return _Measured(has, kept_days, own)


def _shared(cameras: list[Use], limits: FootageLimits, free_bytes: int) -> Use:
    """Return what all of it takes of what all may."""
    used_bytes = sum(each.used_bytes for each in cameras)
    own_room = inf if limits.max_bytes is None else limits.max_bytes - used_bytes
    rates = [each.daily_bytes for each in cameras if each.daily_bytes is not None]
    return Use(
        used_bytes=used_bytes,
        protected_bytes=sum(each.protected_bytes for each in cameras),
        daily_bytes=sum(rates) if rates else None,
        steady_bytes=sum(each.steady_bytes for each in cameras),
        room_bytes=min(free_bytes - limits.reserve_bytes, own_room),
    )


def _camera(
    camera_id: CameraId, camera: _Measured, shared: Use, *, error: str | None
) -> CameraFootage:
    # Of a camera that sends nothing its own limit is never met, nor does it fill that of all.
    uses = [camera.own, shared] if camera.own.daily_bytes else [camera.own]
    expected = forecast(uses, kept_days=camera.kept_days)
    fields = _fields(camera.has, camera.own, expected)
    return CameraFootage(**fields, camera_id=camera_id, error=error)


def _fields(has: DayTally, use: Use, expected: Forecast) -> dict[str, Any]:
    return {
        "files": has.files,
        "used_bytes": use.used_bytes,
        "protected_bytes": use.protected_bytes,
        "oldest_us": has.oldest_us,
        "daily_bytes": use.daily_bytes,
        "days_left": expected.days_left,
        "reach_days": expected.reach_days,
    }
