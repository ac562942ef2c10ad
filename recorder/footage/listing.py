"""What lies on a volume: folders of cameras, their days, and the files of a day.

A folder that cannot be read is named in the log, and keeps nobody from the others.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from recorder.footage.names import begun_us_named, camera_named, day_named
from recorder.footage.volume import Volume
from vigil.clock import MICROSECONDS, us_from_utc
from vigil.domain.camera import CameraId
from vigil.errors import VolumeUnavailable
from vigil.footage import SUFFIX
from vigil.known_footage import Place

log = structlog.get_logger(__name__)

DAY_US: Final = 86_400 * MICROSECONDS


class Listed(NamedTuple):
    """A file as its folder lists it.

    Attributes:
        begun_us: By its name: UTC in microseconds since 1970.
        path: Within the volume.
        written_us: When it was written to last, by the clock of whoever did.
    """

    begun_us: int
    path: str
    size_bytes: int
    written_us: int


def cameras_on(volume: Volume) -> list[CameraId]:
    """Return of which cameras there are folders, in order.

    Raises:
        VolumeUnavailable: It is not there, or cannot be read.
    """
    volume.require_mounted()
    try:
        with os.scandir(volume.path) as found:
            return sorted(filter(None, (camera_named(each.name) for each in found)))
    except OSError as error:
        raise VolumeUnavailable(f"{volume.path}: {error.strerror}") from error


def days_of(volume: Path, camera_id: int) -> list[str]:
    """Return the days of which a camera has folders, the oldest first."""
    folder = volume / str(camera_id)
    try:
        with os.scandir(folder) as found:
            return sorted(each.name for each in found if day_named(each.name) is not None)
    except FileNotFoundError:
        return []
    except OSError as error:
        log.error("footage_unreadable", path=str(folder), reason=error.strerror)
        return []


def names_in(volume: Path, camera_id: int, day: str, *, suffix: str = SUFFIX) -> list[str] | None:
    """Return which files lie in the folder of a day, in no order; None: nobody could look.

    Args:
        volume: Where it is mounted.
        camera_id: Whose.
        day: Name of its folder.
        suffix: What their names end in.
    """
    entries = _entries_in(volume, camera_id, day, suffix)
    return None if entries is None else [each.name for each in entries]


def files_of(volume: Path, camera_id: int, day: str) -> list[Listed] | None:
    """Return the files of a camera's day, the oldest first; None: nobody could look.

    What has no name of ours is left out, and what goes meanwhile.
    """
    entries = _entries_in(volume, camera_id, day, SUFFIX)
    if entries is None:
        return None
    files = []
    for each in entries:
        begun_us = begun_us_named(day, each.name)
        if begun_us is None:
            continue
        path = f"{camera_id}/{day}/{each.name}"
        try:
            status = each.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        except OSError as error:
            log.error("footage_unreadable", path=path, reason=error.strerror)
            continue
        files.append(Listed(begun_us, path, status.st_size, status.st_mtime_ns // 1000))
    return sorted(files)


def with_ends(
    files: Iterable[Listed], *, ended_us: int | None
) -> Iterator[tuple[Listed, int | None]]:
    """Yield each file with its end: when the next began that began later.

    By the names alone: where one was cut off the next has its end as well, and where something is
    missing between two it only seems to end later.

    Args:
        files: The oldest first.
        ended_us: The end of the last; None: nobody knows.
    """
    together: list[Listed] = []
    for file in files:
        if together and file.begun_us > together[-1].begun_us:
            yield from ((each, file.begun_us) for each in together)
            together = []
        together.append(file)
    yield from ((each, ended_us) for each in together)


def day_us(day: str) -> int | None:
    """Return when a day begins, by its folder's name; None: it is none of ours."""
    found = day_named(day)
    return None if found is None else us_from_utc(datetime.combine(found, time.min, UTC))


def place_of(path: str) -> Place | None:
    """Return where a file stands among those of its volume; None: it is not named as ours are."""
    folder, day, name = (*path.split("/"), "", "")[:3]
    camera_id, begun_us = camera_named(folder), begun_us_named(day, name)
    if camera_id is None or begun_us is None or path.count("/") != 2:
        return None
    return Place(camera_id, begun_us)


def _entries_in(
    volume: Path, camera_id: int, day: str, suffix: str
) -> list[os.DirEntry[str]] | None:
    folder = volume / str(camera_id) / day
    try:
        with os.scandir(folder) as found:
            return [
                each
                for each in found
                if each.name.endswith(suffix) and each.is_file(follow_symlinks=False)
            ]
    except FileNotFoundError as error:
        # Behind a link another disk may be away, with all that it holds.
        if not folder.is_symlink() and not folder.parent.is_symlink():
            return []
        reason = error.strerror
    except OSError as error:
        reason = error.strerror
    log.error("footage_unreadable", path=str(folder), reason=reason)
    return None
