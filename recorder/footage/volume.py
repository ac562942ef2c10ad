"""A volume: a folder that holds footage, and says who it is.

Its marker holds a UUID, which rows name instead of a path. A folder that had a marker and has none
now is a disk that is not mounted: nothing is written beneath it.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import structlog

from recorder.footage.locks import share
from recorder.footage.names import segment_path
from vigil.clock import utc_from_us
from vigil.domain.camera import CameraId
from vigil.durable_file import sync_folder, write_atomically
from vigil.errors import SetupInvalid, VolumeUnavailable
from vigil.footage import MARKER, volume_at

log = structlog.get_logger(__name__)

#: How often another name is tried for a segment before its folder is given up.
_NAMES = 100
#: The file in a camera's folder that says how far its footage is safe.
MARK: Final = "mark"
#: ... and the one that says what is protected of it.
PROTECTED: Final = "protected.json"
#: Read too: some network file systems lock nothing else.
_MADE = os.O_RDWR | os.O_CREAT | os.O_EXCL


@dataclass(frozen=True, slots=True)
class Volume:
    """A folder for footage, found to be the one that it should be.

    Attributes:
        volume_id: What rows name it by.
        path: Where it is mounted, here.
    """

    volume_id: UUID
    path: Path

    def free_bytes(self) -> int:
        """Return how much more it takes.

        Raises:
            VolumeUnavailable: It cannot be asked.
        """
        try:
            return shutil.disk_usage(self.path).free
        except OSError as error:
            raise VolumeUnavailable(f"{self.path}: {error.strerror}") from error

    def total_bytes(self) -> int:
        """Return how large its file system is.

        Raises:
            VolumeUnavailable: It cannot be asked.
        """
        try:
            return shutil.disk_usage(self.path).total
        except OSError as error:
            raise VolumeUnavailable(f"{self.path}: {error.strerror}") from error

    def require_mounted(self) -> None:
        """Refuse a folder that is not this volume any more.

        Raises:
            VolumeUnavailable: Its marker is gone, or another's.
        """
        if volume_at(self.path) != self.volume_id:
            raise VolumeUnavailable(
                f"{self.path} is not the volume {self.volume_id} any more: is it mounted?"
            )

    def folder_of(self, camera_id: CameraId) -> Path:
        """Return where a camera's footage lies."""
        return self.path / str(camera_id)

    def create_segment(self, camera_id: CameraId, begun_us: int) -> tuple[int, Path]:
        """Make the file of a segment; return it, open, and its path within the volume.

        Args:
            camera_id: Whose.
            begun_us: When its first picture was captured.

        Raises:
            VolumeUnavailable: The volume is not there, or takes no more.
        """
        self.require_mounted()
        relative = segment_path(camera_id, utc_from_us(begun_us))
        folder = (self.path / relative).parent
        try:
            is_new = not folder.exists()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for number in range(_NAMES):
                named = relative.with_stem(relative.stem + (f"-{number}" if number else ""))
                try:
                    opened = os.open(self.path / named, _MADE, 0o600)
                except FileExistsError:
                    continue
                # Until it is closed, or we are dead, nobody finishes it for us.
                share(opened)
                # Or the file's name would not survive a power cut.
                sync_folder(folder)
                if is_new:
                    sync_folder(folder.parent)
                    sync_folder(self.path)
                return opened, named
        except OSError as error:
            raise VolumeUnavailable(f"{folder}: {error.strerror}") from error
        raise VolumeUnavailable(f"{folder}: {_NAMES} segments begin at the same moment")


def remembered_volume(path: Path, *, memory: Path) -> Volume:
    """Return the volume at path, which must be the one that was there the last time.

    Args:
        path: A folder.
        memory: A file that remembers which volume was at which path.

    Raises:
        SetupInvalid: See ``open_volume``; or the memory cannot be kept.
        VolumeUnavailable: It is not mounted.
    """
    place = str(path.resolve())
    try:
        known = json.loads(memory.read_text()) if memory.exists() else {}
        volume = open_volume(path, known=UUID(known[place]) if place in known else None)
        if place not in known:
            write_atomically(memory, json.dumps({**known, place: str(volume.volume_id)}).encode())
    except (OSError, ValueError, TypeError) as error:
        raise SetupInvalid(
            f"{memory}: {error}. Delete it if the footage is where it was."
        ) from error
    return volume


def open_volume(path: Path, *, known: UUID | None) -> Volume:
    """Return the volume at path; an empty folder is made one.

    Args:
        path: A folder.
        known: Which volume it was before; None: nobody knows.

    Raises:
        SetupInvalid: It is no folder that we may write to, or holds something else.
        VolumeUnavailable: It is not the one that it was: it is not mounted.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = volume_at(path)
        if known is not None and found != known:
            raise VolumeUnavailable(
                f"{path} was the volume {known} and is not any more: is it mounted?"
            )
        if found is not None:
            return Volume(found, path)
        # What a fresh file system begins with.
        if any(each.name != "lost+found" for each in path.iterdir()):
            raise SetupInvalid(
                f"FOOTAGE_PATH: {path} holds something else. Name an empty folder, or one that "
                f"held footage before."
            )
        made = uuid4()
        write_atomically(path / MARKER, str(made).encode())
    except OSError as error:
        raise SetupInvalid(f"FOOTAGE_PATH: {path}: {error.strerror}") from error
    log.info("volume_made", path=str(path), volume_id=str(made))
    return Volume(made, path)
