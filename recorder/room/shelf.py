"""Footage as it lies on a volume: by camera, day and time, which the names say."""

import os
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from vigil.clock import MICROSECONDS, utc_us_of
from vigil.domain.camera import CameraId
from vigil.footage import SUFFIX

_CAMERA: Final = re.compile(r"[1-9][0-9]{0,17}")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME: Final = re.compile(r"(\d{2})-(\d{2})-(\d{2}\.\d{6})Z(?:-\d+)?" + re.escape(SUFFIX))
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


def cameras_in(volume: Path) -> list[CameraId]:
    """Return the cameras that have a folder, in order."""
    with os.scandir(volume) as found:
        return sorted(CameraId(int(each.name)) for each in found if _is_number(each.name))


def days_of(volume: Path, camera_id: CameraId) -> list[str]:
    """Return the days of which a camera has a folder, the oldest first."""
    try:
        with os.scandir(volume / str(camera_id)) as found:
            return sorted(each.name for each in found if day_us(each.name) is not None)
    except (FileNotFoundError, NotADirectoryError):
        return []


def files_of(volume: Path, camera_id: CameraId, day: str) -> list[Listed]:
    """Return the files of a camera's day, the oldest first. What has no name of ours is left out.

    A file that goes meanwhile is left out, too.
    """
    listed = []
    try:
        with os.scandir(volume / str(camera_id) / day) as found:
            for each in found:
                begun_us = _begun_us(day, each.name)
                if begun_us is None:
                    continue
                try:
                    status = each.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                path = f"{camera_id}/{day}/{each.name}"
                listed.append(Listed(begun_us, path, status.st_size, status.st_mtime_ns // 1000))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(listed)


def listed(volume: Path, path: str) -> Listed | None:
    """Return a file as its folder lists it; None: there is none, or it is none of ours."""
    _, day, name = path.split("/")
    begun_us = _begun_us(day, name)
    try:
        status = (volume / path).stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    if begun_us is None:
        return None
    return Listed(begun_us, path, status.st_size, status.st_mtime_ns // 1000)


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
    if not _DAY.fullmatch(day):
        return None
    try:
        return utc_us_of(datetime.fromisoformat(f"{day}T00:00:00+00:00"))
    except ValueError:
        return None


def _begun_us(day: str, name: str) -> int | None:
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        begun = datetime.fromisoformat(f"{day}T{found[1]}:{found[2]}:{found[3]}+00:00")
    except ValueError:
        return None
    return utc_us_of(begun)


def _is_number(name: str) -> bool:
    return _CAMERA.fullmatch(name) is not None
