"""How a file of footage goes: condemned by its name, told, removed. Each step can be done again.

A file is renamed before anything else, so that nobody is given it any more; then it is told that
it is gone, then it goes. Whenever that is cut off, it is done again from what the name says.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import structlog

from recorder.footage.folders import remove_empty_day
from recorder.footage.listing import cameras_on, days_of, names_in
from recorder.footage.locks import taken_alone
from recorder.footage.volume import Volume
from vigil.domain.camera import CameraId
from vigil.durable_file import sync_folder
from vigil.facts import Fact, SegmentDeleted
from vigil.footage import SUFFIX
from vigil.messages import FOOTAGE_PATH_PATTERN

log = structlog.get_logger(__name__)

#: What a file's name ends in while it waits for its end.
CONDEMNED = ".condemned"


class Removal:
    """Removes files of a volume.

    Args:
        volume: It.
        say: To whom it is told.
    """

    def __init__(self, volume: Volume, *, say: Callable[[Fact], None]) -> None:
        self._volume, self._say = volume, say

    def remove(self, path: str, *, reason: str) -> bool:
        """Remove a file; return whether it is gone, and False where somebody is at work on it.

        One that is not there is told to be gone all the same.

        Args:
            path: Within the volume.
            reason: For the log.

        Raises:
            OSError: The volume does not let go of it. Begin again: nothing was lost.
        """
        whole = self._volume.path / path
        condemned = whole.with_name(whole.name + CONDEMNED)
        try:
            with taken_alone(whole) as descriptor:
                if descriptor is None:
                    return False
                whole.rename(condemned)
        except FileNotFoundError:
            if not condemned.exists():
                self._tell(path)
                return True
        self._end(condemned, reason=reason)
        return True

    def repeat(self) -> None:
        """Go on with what was cut off. What the volume does not let go of stays until a restart.

        Raises:
            VolumeUnavailable: It is not there, or cannot be read.
        """
        stuck = 0
        for condemned in self._cut_off():
            try:
                self._end(condemned, reason="cut_off")
            except OSError as error:
                stuck += 1
                log.error("footage_not_deleted", path=str(condemned), reason=error.strerror)
        if stuck:
            log.error("deletions_not_repeated", files=stuck)

    def _cut_off(self) -> Iterator[Path]:
        for camera_id in cameras_on(self._volume):
            for day in days_of(self._volume.path, camera_id):
                names = names_in(self._volume.path, camera_id, day, suffix=SUFFIX + CONDEMNED)
                for name in sorted(names or ()):
                    condemned = self._volume.folder_of(camera_id) / day / name
                    if is_footage(_path_of(condemned, self._volume)):
                        yield condemned

    def _end(self, condemned: Path, *, reason: str) -> None:
        path = _path_of(condemned, self._volume)
        self._tell(path)
        # Another process of this volume may have been quicker.
        condemned.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            # ... and has removed the folder as well.
            sync_folder(condemned.parent)
        log.info("footage_deleted", path=path, reason=reason)
        remove_empty_day(condemned.parent)

    def _tell(self, path: str) -> None:
        camera_id = CameraId(int(path.split("/", maxsplit=1)[0]))
        self._say(SegmentDeleted(camera_id=camera_id, volume=self._volume.volume_id, path=path))


def is_footage(path: str) -> bool:
    """Return whether a path within a volume can be a file of footage."""
    return re.fullmatch(FOOTAGE_PATH_PATTERN, path) is not None


def _path_of(condemned: Path, volume: Volume) -> str:
    path = condemned.with_name(condemned.name.removesuffix(CONDEMNED))
    return str(path.relative_to(volume.path))
