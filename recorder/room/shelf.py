"""Footage as it lies on a volume: by camera, day and time, which the names say."""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Final, NamedTuple

from recorder.footage.names import begun_us_named, camera_named, day_named
from vigil.clock import MICROSECONDS, us_from_utc
from vigil.domain.camera import CameraId

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
        return sorted(filter(None, (camera_named(each.name) for each in found)))


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
                begun_us = begun_us_named(day, each.name)
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
