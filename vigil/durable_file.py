"""Files that are whole or absent, whatever moment the process or the power died."""

import os
import tempfile
import time
from pathlib import Path

#: Only the owner may read what a service keeps.
_PRIVATE = 0o600
_SUFFIX = ".tmp"
#: So old an unfinished file is no other process's work, but what a kill left.
_ABANDONED_S = 3600.0


def write_atomically(path: Path, content: bytes) -> None:
    """Replace path by content, private to its owner; a reader sees the old or the new, never half.

    Raises:
        OSError: The disk is full or not writable; path is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_abandoned(path)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_SUFFIX, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), _PRIVATE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear_abandoned(path: Path) -> None:
    oldest_s = time.time() - _ABANDONED_S
    for unfinished in path.parent.iterdir():
        if not unfinished.name.startswith(f".{path.name}.") or unfinished.suffix != _SUFFIX:
            continue
        try:
            if unfinished.stat().st_mtime < oldest_s:
                unfinished.unlink()
        except FileNotFoundError:
            continue  # Its writer has just finished.
