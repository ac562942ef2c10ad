"""Where volumes are mounted that web can read."""

import os
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


class Mounted:
    """The volumes that are here at one time.

    Args:
        folders: Where each is.
    """

    def __init__(self, folders: Mapping[UUID, Path]) -> None:
        # By os and not by Path: a day of files is asked for at once.
        self._folders = {volume: os.path.realpath(folder) for volume, folder in folders.items()}
        #: Of folders within, whether no link leads out of the volume.
        self._is_within: dict[str, bool] = {}

    def __contains__(self, volume: UUID) -> bool:
        """Return whether a volume is here."""
        return volume in self._folders

    def path_of(self, volume: UUID, path: str) -> str | None:
        """Return where a file of footage is, or was; None: that is outside of its volume.

        Args:
            volume: Which is here.
            path: Within it.
        """
        root = self._folders[volume]
        found = f"{root}/{path}"
        folder = os.path.dirname(found)  # noqa: PTH120
        is_within = self._is_within.get(folder)
        if is_within is None:
            is_within = os.path.realpath(folder).startswith(f"{root}/")
            self._is_within[folder] = is_within
        return found if is_within and not os.path.islink(found) else None  # noqa: PTH114


class Volumes:
    """Folders of footage, as the recorders mount them.

    Args:
        folders: Where to look.
    """

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders

    def mounted(self) -> Mounted:
        """Return the volumes that are here now."""
        found: dict[UUID, Path] = {}
        for folder in self._folders:
            try:
                volume = volume_at(folder)
            except VolumeUnavailable:
                continue
            if volume is not None:
                found.setdefault(volume, folder)
        return Mounted(found)

    def path_of(self, placed: Placed) -> Path | None:
        """Return where a file is; None: it is gone, or the row names none.

        Raises:
            VolumeElsewhere: Its volume is not here now.
        """
        if placed.volume is None or placed.path is None:
            return None
        mounted = self.mounted()
        if placed.volume not in mounted:
            raise VolumeElsewhere(placed.volume)
        path = mounted.path_of(placed.volume, placed.path)
        return Path(path) if path is not None and Path(path).is_file() else None
