"""Volumes of footage, as far as who writes them and who reads them must agree."""

from pathlib import Path
from typing import Final
from uuid import UUID

from vigil.errors import VolumeUnavailable

#: The file that says which volume a folder is.
MARKER: Final = ".vigil-volume"
#: What files of footage end in.
SUFFIX: Final = ".mp4"


def volume_at(folder: Path) -> UUID | None:
    """Return which volume a folder is; None: it is none.

    Raises:
        VolumeUnavailable: It cannot be read, or its marker is none.
    """
    try:
        return UUID((folder / MARKER).read_text().strip())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise VolumeUnavailable(f"{folder / MARKER} cannot be read: {error}") from error
