"""What lies on a volume: folders of cameras, their days, and the files of a day."""

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import structlog

from recorder.footage.volume import Volume, begun_at
from vigil.clock import us_from_utc
from vigil.errors import VolumeUnavailable
from vigil.footage import SUFFIX
from vigil.known_footage import Place

log = structlog.get_logger(__name__)

_CAMERA = re.compile(r"[1-9]\d{0,17}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
#: From which on times are counted.
_FIRST_YEAR = 1970
#: As `recorder.footage.volume` names files.
_SEGMENT = re.compile(r"\d{2}-\d{2}-\d{2}\.\d{6}Z(-\d{1,2})?" + re.escape(SUFFIX))


def cameras_on(volume: Volume) -> list[int]:
    """Return of which cameras there are folders, in order.

    Raises:
        VolumeUnavailable: It is not there, or cannot be read.
    """
    volume.require_mounted()
    try:
        return sorted(int(name) for name in _names_in(volume.path) if _CAMERA.fullmatch(name))
    except OSError as error:
        raise VolumeUnavailable(f"{volume.path}: {error.strerror}") from error


def day_named(name: str) -> date | None:
    """Return the day of which a folder is, by its name; None: it is none of ours."""
    try:
        day = date.fromisoformat(name) if _DAY.fullmatch(name) else None
    except ValueError:
        return None
    return day if day is not None and day.year >= _FIRST_YEAR else None


def days_of(volume: Path, camera_id: int) -> Iterator[date]:
    """Yield the days of which a camera has folders, in no order; of one without a folder none."""
    folder = volume / str(camera_id)
    try:
        yield from filter(None, map(day_named, _names_in(folder)))
    except FileNotFoundError:
        return
    except OSError as error:
        log.error("footage_unreadable", path=str(folder), reason=error.strerror)


def files_of(volume: Path, camera_id: int, day: date) -> frozenset[str] | None:
    """Return what lies in the folder of a day: paths within the volume; None: nobody could look."""
    folder = volume / str(camera_id) / str(day)
    try:
        with os.scandir(folder) as entries:
            return frozenset(
                f"{camera_id}/{day}/{entry.name}"
                for entry in entries
                if entry.name.endswith(SUFFIX) and entry.is_file(follow_symlinks=False)
            )
    except FileNotFoundError as error:
        # Behind a link another disk may be away, with all that it holds.
        if not folder.is_symlink() and not folder.parent.is_symlink():
            return frozenset()
        reason = error.strerror
    except OSError as error:
        reason = error.strerror
    log.error("footage_unreadable", path=str(folder), reason=reason)
    return None


def place_of(path: str) -> Place | None:
    """Return where a file stands among those of its volume; None: it is not named as ours are."""
    camera_id, _, within = path.partition("/")
    if not _CAMERA.fullmatch(camera_id) or not _SEGMENT.fullmatch(within.rpartition("/")[2]):
        return None
    begun = begun_at(Path(within))
    if begun is None:
        return None
    return Place(int(camera_id), us_from_utc(begun))


def _names_in(folder: Path) -> Iterator[str]:
    return (each.name for each in folder.iterdir())
