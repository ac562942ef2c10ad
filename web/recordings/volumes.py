"""Where volumes are mounted that web can read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from uuid import UUID

from vigil.errors import VolumeUnavailable
from vigil.footage import volume_at
from web.errors import NotNow


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


class VolumeElsewhere(NotNow):
    """Footage lies on a volume that is not mounted here."""

    def __init__(self, volume: UUID) -> None:
        super().__init__(
            f"This footage is on the volume {volume}, which is not mounted here: its disk is away, "
            "or it is another machine's. Mount it at FOOTAGE_PATH, or ask that machine."
        )


class Volumes:
    """Folders of footage, as the recorders mount them.

    Args:
        folders: Where to look.
    """

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders

    def mounted(self) -> Mapping[UUID, Path]:
        """Return the volumes that are here now, and where."""
        found: dict[UUID, Path] = {}
        for folder in self._folders:
            try:
                volume = volume_at(folder)
            except VolumeUnavailable:
                continue
            if volume is not None:
                found.setdefault(volume, folder)
        return found

    def path_of(self, placed: Placed) -> Path | None:
        """Return where a file is; None: it is gone, or the row names none.

        Raises:
            VolumeElsewhere: Its volume is not here now.
        """
        if placed.volume is None or placed.path is None:
            return None
        folder = self.mounted().get(placed.volume)
        if folder is None:
            raise VolumeElsewhere(placed.volume)
        path = (folder / placed.path).resolve()
        return path if path.is_file() and path.is_relative_to(folder.resolve()) else None
