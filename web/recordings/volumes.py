"""Where volumes are mounted that web can read."""

from pathlib import Path
from typing import Protocol
from uuid import UUID

from vigil.errors import VolumeUnavailable
from vigil.footage import volume_at


class Placed(Protocol):
    """A row that names a file of a volume, or none."""

    @property
    def volume(self) -> UUID | None:
        """Which volume."""
        ...

    @property
    def path(self) -> str | None:
        """The path within it."""
        ...


class Volumes:
    """Folders of footage, as the recorders mount them.

    Args:
        folders: Where to look.
    """

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders

    def path_of(self, placed: Placed) -> Path | None:
        """Return where a file is; None: it, or its volume, is not here now."""
        if placed.volume is None or placed.path is None:
            return None
        for folder in self._folders:
            try:
                is_there = volume_at(folder) == placed.volume
            except VolumeUnavailable:
                continue
            path = (folder / placed.path).resolve()
            if is_there and path.is_file() and path.is_relative_to(folder.resolve()):
                return path
        return None
