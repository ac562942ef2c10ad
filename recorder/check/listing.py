"""What lies on a volume: folders of cameras, their days, and the files of a day."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import structlog

from recorder.footage.names import begun_us_named, camera_named, day_named
from recorder.footage.volume import Volume
from vigil.domain.camera import CameraId
from vigil.errors import VolumeUnavailable
from vigil.footage import SUFFIX
from vigil.known_footage import Place

log = structlog.get_logger(__name__)


def cameras_on(volume: Volume) -> list[CameraId]:
    """Return of which cameras there are folders, in order.

    Raises:
        VolumeUnavailable: It is not there, or cannot be read.
    """
    volume.require_mounted()
    try:
        return sorted(filter(None, map(camera_named, _names_in(volume.path))))
    except OSError as error:
        raise VolumeUnavailable(f"{volume.path}: {error.strerror}") from error


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
    folder, day, name = (*path.split("/"), "", "")[:3]
    camera_id, begun_us = camera_named(folder), begun_us_named(day, name)
    if camera_id is None or begun_us is None or path.count("/") != 2:
        return None
    return Place(camera_id, begun_us)


def _names_in(folder: Path) -> Iterator[str]:
    return (each.name for each in folder.iterdir())
