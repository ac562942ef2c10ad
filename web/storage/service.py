"""What recorders said last of their volumes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from vigil.bus.footage.base import FootageStore
from vigil.clock import utc_from_us
from vigil.footage_document import StoredFootage, VolumeReport
from web.schemas import Told

#: A recorder says how full its volume is far more often.
SILENT_AFTER: Final = timedelta(seconds=60)
#: A volume of which nobody has said anything for so long is no more.
FORGOTTEN_AFTER: Final = timedelta(days=30)


def volumes(store: FootageStore, *, now: datetime) -> Sequence[Told]:
    """Return each volume that recorders told of, as `web.storage.schemas.VolumeOut` has it.

    Raises:
        BusUnavailable: Redis does not answer.
    """
    return [
        _volume(report, now=now)
        for report in store.reports()
        if utc_from_us(report.at_us) > now - FORGOTTEN_AFTER
    ]


def _volume(report: VolumeReport, *, now: datetime) -> Told:
    reported_at = utc_from_us(report.at_us)
    return _footage(
        report,
        reported_at=reported_at,
        is_current=reported_at > now - SILENT_AFTER,
        cameras=[_footage(camera) for camera in report.cameras],
    )


def _footage(said: StoredFootage, **more: object) -> Told:
    oldest_at = None if said.oldest_us is None else utc_from_us(said.oldest_us)
    return Told(said, oldest_at=oldest_at, bytes_per_day=said.daily_bytes, **more)
