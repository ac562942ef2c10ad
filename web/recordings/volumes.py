"""Where volumes are mounted that web can read."""

from pathlib import Path

from vigil.errors import VolumeUnavailable
from vigil.footage import volume_at
from web.recordings.models import Segment


class Volumes:
    """Folders of footage, as the recorders mount them.

    Args:
        folders: Where to look.
    """

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders

    def path_of(self, segment: Segment) -> Path | None:
        """Return where a file is; None: it, or its volume, is not here now."""
        for folder in self._folders:
            try:
                is_there = volume_at(folder) == segment.volume
            except VolumeUnavailable:
                continue
            path = (folder / segment.path).resolve()
            if is_there and path.is_file() and path.is_relative_to(folder.resolve()):
                return path
        return None
