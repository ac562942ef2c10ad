"""How footage is named within its volume: a folder for each camera, in it one for each day, in UTC.

``7/2026-12-01/13-05-00.040000Z.mp4`` began at that time; a second one of the same moment has a
number behind the Z, as in ``Z-1.mp4``.
"""

import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final

from vigil.clock import us_from_utc
from vigil.domain.camera import CameraId
from vigil.footage import SUFFIX

_CAMERA: Final = re.compile(r"[1-9][0-9]{0,17}")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FILE: Final = re.compile(
    r"(\d{2})-(\d{2})-(\d{2})\.(\d{6})Z(?:-\d{1,2})?" + re.escape(SUFFIX), re.ASCII
)
#: From which on times are counted.
_FIRST_YEAR: Final = 1970


def segment_path(camera_id: CameraId, begun: datetime) -> Path:
    """Return where a segment lies within its volume, of those that began at a time the first."""
    return Path(str(camera_id), f"{begun:%Y-%m-%d}", f"{begun:%H-%M-%S.%f}Z{SUFFIX}")


def camera_named(name: str) -> CameraId | None:
    """Return whose a folder is; None: it is none of ours."""
    return CameraId(int(name)) if _CAMERA.fullmatch(name) else None


def day_named(name: str) -> date | None:
    """Return the day of which a folder is; None: it is none of ours."""
    if not _DAY.fullmatch(name):
        return None
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.year >= _FIRST_YEAR else None


def begun_us_named(day: str, name: str) -> int | None:
    """Return when a file of a day's folder began; None: it is not named as ours are."""
    of, found = day_named(day), _FILE.fullmatch(name)
    if of is None or found is None:
        return None
    hour, minute, second, micros = map(int, found.groups())
    try:
        begun = datetime.combine(of, time(hour, minute, second, micros), UTC)
    except ValueError:
        return None
    return us_from_utc(begun)
