"""Which files of a volume hold a camera's footage of some time."""

from collections.abc import Iterator
from datetime import timedelta

import structlog

from recorder.exports.footage_file import FootageFile, look_into
from recorder.exports.spans import Span
from recorder.footage.listing import days_of, files_of
from recorder.footage.names import day_named
from recorder.footage.volume import Volume
from vigil.clock import MICROSECONDS, utc_from_us
from vigil.domain.camera import CameraId
from vigil.errors import FootageInvalid

log = structlog.get_logger(__name__)

#: No file of ours is longer: SEGMENT_S is an hour at most, and a GOP is far less.
_LONGEST_US = 2 * 3600 * MICROSECONDS


def files_within(
    volume: Volume, camera_id: CameraId, asked: Span, *, not_before_us: int = 0
) -> Iterator[FootageFile]:
    """Yield the files that hold footage of a time, in their order.

    Args:
        volume: Where they lie.
        camera_id: Whose they are.
        asked: The time.
        not_before_us: Files that begin before are another's, UTC in microseconds since 1970.

    Raises:
        VolumeUnavailable: The volume is not there, or cannot be read.
    """
    for path in named_within(volume, camera_id, asked, not_before_us=not_before_us):
        try:
            found = look_into(volume.path / path)
        except FileNotFoundError:
            continue
        except FootageInvalid as error:
            log.error("footage_not_exported", path=path, reason=str(error))
            continue
        if found is not None and found.ended_us > asked.begun_us:
            yield found


def named_within(
    volume: Volume, camera_id: CameraId, asked: Span, *, not_before_us: int = 0
) -> list[str]:
    """Return the files that may hold footage of a time by their names, in their order.

    Raises:
        VolumeUnavailable: The volume is not there.
    """
    volume.require_mounted()
    first_us = max(asked.begun_us - _LONGEST_US, not_before_us)
    first, last = utc_from_us(max(0, first_us)).date(), utc_from_us(asked.ended_us).date()
    found = []
    for name in days_of(volume.path, camera_id):
        day = day_named(name)
        if day is None or not first - timedelta(days=1) <= day <= last:
            continue
        found += [
            (file.begun_us, file.path)
            for file in files_of(volume.path, camera_id, name) or ()
            if first_us <= file.begun_us < asked.ended_us
        ]
    return [path for _, path in sorted(found)]
