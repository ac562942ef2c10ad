"""Folders in which no footage is left. Tidying fails nothing: others may do it at the same time."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from recorder.footage.names import day_named
from recorder.footage.volume import MARK, PROTECTED, Volume
from vigil.domain.camera import CameraId
from vigil.durable_file import sync_folder

#: Files in a camera's folder that are worth nothing without its footage.
_SMALL_FILES: Final = (MARK, PROTECTED)


def remove_empty_day(day: Path) -> None:
    """Remove a day's folder if it is empty, and not the newest of its camera.

    A recorder may be about to write into that one.
    """
    with suppress(OSError):
        if any(each.name > day.name for each in day.parent.iterdir() if day_named(each.name)):
            day.rmdir()


def remove_empty_folders(volume: Volume, camera_id: CameraId) -> None:
    """Remove the empty folders of a camera's days, and its own if it holds no footage.

    The small files that we keep beside footage go along. What is not ours stays.
    """
    folder = volume.folder_of(camera_id)
    with suppress(OSError):
        for each in sorted(folder.iterdir()):
            if each.is_dir():
                with suppress(OSError):
                    each.rmdir()
        left = list(folder.iterdir())
        if all(_is_small_file(each.name) for each in left):
            for each in left:
                each.unlink(missing_ok=True)
            folder.rmdir()
            sync_folder(volume.path)


def _is_small_file(name: str) -> bool:
    # One that was not replaced when its writer died has a name of its own.
    return any(name == each or name.startswith(f".{each}.") for each in _SMALL_FILES)
