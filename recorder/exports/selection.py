"""Which files of a volume hold a camera's footage of some time."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import structlog

from recorder.check.listing import days_of, files_of, place_of
from recorder.exports.footage_file import FootageFile, look_into
from recorder.exports.spans import Span
from recorder.footage.volume import Volume
from vigil.clock import MICROSECONDS, utc_from_us
from vigil.domain.camera import CameraId
from vigil.errors import FootageInvalid

log = structlog.get_logger(__name__)

#: No file of ours is longer: SEGMENT_S is an hour at most, and a GOP is far less.
_LONGEST_US = 2 * 3600 * MICROSECONDS


def files_within(volume: Volume, camera_id: CameraId, asked: Span) -> Iterator[FootageFile]:
    """Yield the files that hold footage of a time, in their order.

    Raises:
        VolumeUnavailable: The volume is not there, or cannot be read.
    """
    volume.require_mounted()
    for path in _named_within(volume.path, camera_id, asked):
        try:
            found = look_into(volume.path / path)
        except FileNotFoundError:
            continue
        except FootageInvalid as error:
            log.error("footage_not_exported", path=path, reason=str(error))
            continue
        if found is not None and found.ended_us > asked.begun_us:
            yield found


def _named_within(volume: Path, camera_id: CameraId, asked: Span) -> list[str]:
    first_us = asked.begun_us - _LONGEST_US
    first, last = utc_from_us(max(0, first_us)).date(), utc_from_us(asked.ended_us).date()
    found = []
    for day in days_of(volume, camera_id):
        if not first - timedelta(days=1) <= day <= last:
            continue
        for path in files_of(volume, camera_id, day) or ():
            place = place_of(path)
            if place is not None and first_us <= place.begun_us < asked.ended_us:
                found.append((place.begun_us, path))
    return [path for _, path in sorted(found)]
