"""Makes room: the oldest footage goes first. It needs no database, and repeats what was cut off.

A file is renamed before anything else, so that nobody is given it any more; then it is told that
it is gone, then it goes. Whenever that is cut off, it is done again from what the name says.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from heapq import merge
from pathlib import Path

import structlog

from recorder.footage.locks import GROWS_S
from recorder.footage.volume import Volume, begun_at
from vigil.clock import Clock, utc_from_us
from vigil.domain.camera import CameraId
from vigil.durable_file import sync_folder
from vigil.errors import VolumeUnavailable
from vigil.facts import Fact, SegmentDeleted
from vigil.footage import SUFFIX

log = structlog.get_logger(__name__)

#: A file that waits for its end.
_CONDEMNED = ".condemned"
#: Seconds between two looks at how much room there is.
LOOK_EVERY_S = 5.0
#: ... and at how old footage is, for which folders are read.
AGE_EVERY_S = 60.0
#: Files that go in one turn; recording goes on between turns.
_AT_ONCE = 50


class Retention:
    """Deletes the oldest footage of a volume.

    Args:
        volume: It.
        reserve_bytes: So much is left free.
        kept_days: Older footage goes in any case.
        say: To whom it is told.
        clock: Judges age.
    """

    def __init__(
        self,
        volume: Volume,
        *,
        reserve_bytes: int,
        kept_days: float,
        say: Callable[[Fact], None],
        clock: Clock,
    ) -> None:
        self._volume = volume
        self._reserve_bytes = reserve_bytes
        self._kept = timedelta(days=kept_days)
        self._say = say
        self._clock = clock
        self._due_s = self._age_due_s = 0.0
        self._has_begun = False

    def run_once(self) -> None:
        """Delete what must go, at most some files. It does nothing until a look is due."""
        now_s = self._clock.monotonic_s()
        if now_s < self._due_s:
            return
        self._due_s = now_s + LOOK_EVERY_S
        try:
            self._volume.require_mounted()
            if not self._has_begun:
                self._repeat()
                self._has_begun = True
            if self._make_room() == _AT_ONCE:
                self._due_s = self._age_due_s = now_s
        except (VolumeUnavailable, OSError) as error:
            log.error("no_room_made", reason=str(error))

    def _make_room(self) -> int:
        """Return how many files went."""
        now_s, count = self._clock.monotonic_s(), 0
        if self._has_room() and now_s < self._age_due_s:
            return 0
        self._age_due_s = now_s + AGE_EVERY_S
        oldest_kept = utc_from_us(self._clock.utc_us()) - self._kept
        for begun, path in merge(*map(_segments_of, _folders_in(self._volume.path))):
            if begun >= oldest_kept and self._has_room():
                break
            if count == _AT_ONCE or self._may_grow(path):
                break
            self._delete(path)
            count += 1
        return count

    def _has_room(self) -> bool:
        return self._volume.free_bytes() >= self._reserve_bytes

    def _may_grow(self, path: Path) -> bool:
        age_s = self._clock.utc_us() / 1e6 - path.stat().st_mtime
        # A clock that was set back makes it younger than now.
        return age_s < GROWS_S

    def _delete(self, path: Path) -> None:
        condemned = path.with_name(path.name + _CONDEMNED)
        path.rename(condemned)
        self._end(condemned)

    def _repeat(self) -> None:
        """Go on with what was cut off."""
        for condemned in sorted(self._volume.path.glob(f"*/*/*{SUFFIX}{_CONDEMNED}")):
            self._end(condemned)

    def _end(self, condemned: Path) -> None:
        path = condemned.with_name(condemned.name.removesuffix(_CONDEMNED))
        relative = path.relative_to(self._volume.path)
        self._say(
            SegmentDeleted(
                camera_id=CameraId(int(relative.parts[0])),
                volume=self._volume.volume_id,
                path=str(relative),
            )
        )
        condemned.unlink()
        sync_folder(condemned.parent)
        log.info("footage_deleted", path=str(relative))
        if not any(condemned.parent.iterdir()):
            condemned.parent.rmdir()


def _folders_in(volume: Path) -> Iterator[Path]:
    """Yield the folders of cameras."""
    return (each for each in volume.iterdir() if each.name.isdigit())


def _segments_of(folder: Path) -> Iterator[tuple[datetime, Path]]:
    """Yield when each segment of a camera began, and where it is, the oldest first."""
    for day in sorted(each for each in folder.iterdir() if each.is_dir()):
        for path in sorted(day.glob(f"*{SUFFIX}")):
            begun = begun_at(path)
            if begun is not None:
                yield begun, path
