"""The folder of saved pictures: naming, writing, forgetting."""

import re
import shutil
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import structlog

from vigil.durable_file import write_atomically

log = structlog.get_logger(__name__)

_PLAIN = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+)*\.jpg")


class PictureFolder:
    """Pictures as files, one folder a camera and day.

    Args:
        root: Made when the first picture is saved.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, camera_id: int, jpeg: bytes, *, captured_at: datetime) -> str:
        """Write a picture under a name of its own; return its path below the folder."""
        name = f"{captured_at:%H%M%S}_{uuid4().hex}.jpg"
        path = f"camera_{camera_id}/{captured_at:%Y-%m-%d}/{name}"
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, jpeg)
        return path

    def file(self, path: str) -> Path | None:
        """Return the file of a saved path, or None when it is not there any more."""
        if not is_plain(path):
            return None
        file = (self._root / path).resolve()
        # A link that somebody laid inside must not lead out.
        is_inside = file.is_relative_to(self._root.resolve())
        return file if is_inside and file.is_file() else None

    def forget(self, camera_id: int) -> None:
        """Delete all pictures of a camera."""
        folder = self._root / f"camera_{camera_id}"
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            # Nobody can be shown them any more; only the space is not given back.
            log.error("pictures_not_deleted", folder=str(folder), error=str(error))


def is_plain(path: str) -> bool:
    """Return whether a path can be one of ours: no way up, no other kind of file."""
    return len(path) <= 200 and _PLAIN.fullmatch(path) is not None
