"""What footage a volume holds: counted folder by folder, kept up as files are done and go."""

from collections.abc import Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue

import structlog

from recorder.footage.listing import (
    DAY_US,
    Listed,
    cameras_on,
    day_us,
    days_of,
    files_of,
    with_ends,
)
from recorder.footage.locks import is_worked_on
from recorder.footage.marks import MarkFile
from recorder.footage.names import begun_us_named
from recorder.footage.volume import Volume
from recorder.room.coverage import Coverage
from recorder.room.protections import Protections
from recorder.room.rule import StoredFile
from recorder.room.tally import DayTally, Tally
from recorder.segment import FOUND
from vigil.clock import MICROSECONDS, Clock
from vigil.domain.camera import CameraId
from vigil.facts import Fact, SegmentDeleted, SegmentFact
from vigil.messages import RecordingMark

log = structlog.get_logger(__name__)

#: Seconds between two counts of each camera's newest day: other recorders write there, too.
NEWEST_EVERY_S = 600.0
#: ... and of everything: people delete files by hand.
ALL_EVERY_S = 86_400.0
#: So far the clocks of who captured and of who wrote may be apart.
_CLOCKS_APART_US = 3600 * MICROSECONDS


class Inventory:
    """Knows what footage there is without looking through all of it each time.

    Args:
        volume: Where it lies.
        protections: What is protected of it.
        clock: For the pace of counting.

    Attributes:
        tally: What was counted so far.
        is_counted: Whether that is everything.
    """

    def __init__(self, volume: Volume, *, protections: Protections, clock: Clock) -> None:
        self._volume, self._protections, self._clock = volume, protections, clock
        self.tally = Tally()
        self.is_counted = False
        self._told: SimpleQueue[SegmentFact | SegmentDeleted] = SimpleQueue()
        #: The newest file of each camera that is done, and how large it was counted.
        self._newest: dict[CameraId, tuple[str, int]] = {}
        #: Folders that are due, in this order.
        self._to_count: dict[tuple[CameraId, str], None] = {}
        self._newest_due_s = self._all_due_s = 0.0

    def heard(self, fact: Fact) -> None:
        """Take note of a file that is done, or that others removed. From any thread; at once."""
        if isinstance(fact, SegmentDeleted) or (
            isinstance(fact, SegmentFact) and fact.ended_us is not None
        ):
            self._told.put(fact)

    def keep_up(self) -> bool:
        """Count what was told, and one folder that is due; return whether more are.

        Raises:
            VolumeUnavailable: It is not there, or cannot be read.
        """
        self._hear()
        now_s = self._clock.monotonic_s()
        if now_s >= self._all_due_s:
            self._all_due_s = now_s + ALL_EVERY_S
            self._newest_due_s = now_s + NEWEST_EVERY_S
            self._count_again()
        elif now_s >= self._newest_due_s:
            self._newest_due_s = now_s + NEWEST_EVERY_S
            for camera_id in cameras_on(self._volume):
                self._count_later(camera_id, *days_of(self._volume.path, camera_id)[-1:])
        if not self._to_count:
            return False
        self._count_next()
        if not self._to_count and not self.is_counted:
            self.is_counted = True
            log.info("footage_counted", bytes=sum(self.tally.used_bytes().values()))
        return bool(self._to_count)

    def count_again(self, camera_id: CameraId) -> None:
        """Count a camera's footage once more: other parts of it are protected."""
        self._count_later(camera_id, *days_of(self._volume.path, camera_id))

    def changed(self, path: str) -> None:
        """Count the folder of a file once more: it went, or others did something to it."""
        folder, day, _ = path.split("/")
        self._count_later(CameraId(int(folder)), day)

    def count_changed(self) -> None:
        """Count what others may have removed, which nobody told us: folders that have changed.

        The newest day of a camera changes with each file and is counted now and then anyway; it is
        left out where there are older ones, which go first, whoever deletes.

        Raises:
            VolumeUnavailable: It is not there, or cannot be read.
        """
        self._hear()
        for camera_id in self.tally.cameras():
            days = self.tally.days(camera_id)
            for day in days:
                counted, changed_ns = (
                    self.tally.day(camera_id, day),
                    self._changed_ns(camera_id, day),
                )
                is_due = (camera_id, day) in self._to_count or not changed_ns
                if counted is None or counted.changed_ns == changed_ns:
                    continue
                if is_due or day != days[-1] or len(days) == 1:
                    self._count(camera_id, day)

    def stored(self) -> dict[CameraId, Iterator[StoredFile]]:
        """Return the files of each camera, the oldest first. Folders are read when they are needed.

        Raises:
            VolumeUnavailable: It is not there, or cannot be read.
        """
        return {each: self._stored_of(each) for each in cameras_on(self._volume)}

    def is_protected(self, path: str) -> bool:
        """Return whether some of a file is protected; of one that is not there nothing is."""
        folder, day, name = path.split("/")
        camera_id, begun_us = CameraId(int(folder)), begun_us_named(day, name)
        protected = self._protections.of(camera_id)
        if begun_us is None or not protected.touches(begun_us, None):
            return False
        files = files_of(self._volume.path, camera_id, day) or []
        judged = self._judged(camera_id, day, files, protected)
        return any(file.path == path and is_protected for file, is_protected in judged)

    def gone(self, camera_id: CameraId, begun_us: int, path: str, size_bytes: int) -> None:
        """Take note that a file is no more."""
        day = path.split("/")[1]
        counted = self.tally.day(camera_id, day)
        if self._newest.get(camera_id, ("",))[0] == path:
            del self._newest[camera_id]
        if counted is not None:
            counted.remove(begun_us, size_bytes, is_protected=False)
            if not counted.files:
                self.tally.drop(camera_id, day)
            elif begun_us == counted.oldest_us:
                # Which is the oldest now its folder knows.
                self._count_later(camera_id, day)

    def _hear(self, already: Mapping[str, int] | None = None) -> None:
        """Count files in that are done; of some it was counted already how large they were.

        Of what others did a folder knows more than we: it is due.
        """
        while True:
            try:
                fact = self._told.get_nowait()
            except Empty:
                return
            path, size_bytes = self._newest.get(fact.camera_id, ("", 0))
            if isinstance(fact, SegmentDeleted) or fact.revision == FOUND:
                self.changed(fact.path)
                continue
            # Who goes on finishes the file once more.
            before = {path: size_bytes, **(already or {})}.get(fact.path)
            self._count_in(fact, before=before)
            self._newest[fact.camera_id] = (fact.path, fact.size_bytes)

    def _count_in(self, fact: SegmentFact, *, before: int | None) -> None:
        day, protected = fact.path.split("/")[1], self._protections.of(fact.camera_id)
        counted = self.tally.day(fact.camera_id, day) or DayTally()
        is_protected = protected.touches(fact.begun_us, fact.ended_us)
        if before is not None:
            counted.remove(fact.begun_us, before, is_protected=is_protected)
        counted.add(fact.begun_us, fact.size_bytes, is_protected=is_protected)
        self.tally.put(fact.camera_id, day, counted)

    def _count_again(self) -> None:
        cameras = cameras_on(self._volume)
        self.tally.keep_only(set(cameras))
        self._to_count.clear()
        for camera_id in cameras:
            days = days_of(self._volume.path, camera_id)
            for gone in set(self.tally.days(camera_id)).difference(days):
                self.tally.drop(camera_id, gone)
            self._count_later(camera_id, *days)
        self.is_counted = self.is_counted or not self._to_count

    def _count_later(self, camera_id: CameraId, *days: str) -> None:
        self._to_count.update(dict.fromkeys((camera_id, day) for day in days))

    def _count_next(self) -> None:
        due = next(iter(self._to_count))
        # First: one that cannot be read does not keep the others.
        del self._to_count[due]
        self._count(*due)

    def _changed_ns(self, camera_id: CameraId, day: str) -> int:
        """Return when something was put into a day's folder last, or taken out; 0: nobody knows."""
        try:
            return (self._volume.folder_of(camera_id) / day).stat().st_mtime_ns
        except OSError:
            return 0

    def _count(self, camera_id: CameraId, day: str) -> None:
        # Before the look: what changes meanwhile is counted again.
        counted = DayTally(changed_ns=self._changed_ns(camera_id, day))
        before = self._newest_of(camera_id)
        files = files_of(self._volume.path, camera_id, day)
        if files is None:
            # What was known of it stays.
            return
        # What was begun while we looked grows as well.
        after = self._newest_of(camera_id)
        growing = {each.path for each in (before, after) if each and self._grows(camera_id, each)}
        sizes = dict[str, int]()
        protected = self._protections.of(camera_id)
        for file, is_protected in self._judged(camera_id, day, files, protected):
            if file.path in growing or not file.size_bytes:
                # One that no mark names yet is empty.
                continue
            counted.add(file.begun_us, file.size_bytes, is_protected=is_protected)
            sizes[file.path] = file.size_bytes
            if after is not None and file.path == after.path:
                self._newest[camera_id] = (file.path, file.size_bytes)
        self.tally.put(camera_id, day, counted)
        # A file that was done while we looked was told before the next one had a mark.
        self._hear(already=sizes)

    def _stored_of(self, camera_id: CameraId) -> Iterator[StoredFile]:
        protected = self._protections.of(camera_id)
        for day in days_of(self._volume.path, camera_id):
            begun_us = day_us(day)
            if begun_us is None or protected.holds(begun_us, begun_us + DAY_US):
                # Nothing of it may go: it need not be looked through each time.
                continue
            files = files_of(self._volume.path, camera_id, day) or []
            for file, is_protected in self._judged(camera_id, day, files, protected):
                yield StoredFile(
                    camera_id,
                    file.begun_us,
                    file.size_bytes,
                    file.path,
                    is_protected=is_protected,
                    is_growing=not is_protected and is_worked_on(self._volume.path / file.path),
                )

    def _judged(
        self, camera_id: CameraId, day: str, files: Sequence[Listed], protected: Coverage
    ) -> Iterator[tuple[Listed, bool]]:
        """Yield files of a day, each with whether it is protected."""
        ended_us = None
        if files and protected.begins_behind(files[-1].begun_us):
            ended_us = self._end_us(camera_id, day, files[-1])
        for file, end_us in with_ends(files, ended_us=ended_us):
            yield file, protected.touches(file.begun_us, end_us)

    def _end_us(self, camera_id: CameraId, day: str, last: Listed) -> int | None:
        """Return the end of the last file of a day; None: nobody knows."""
        for later in days_of(self._volume.path, camera_id):
            files = files_of(self._volume.path, camera_id, later) if later > day else None
            if files:
                return files[0].begun_us
        # Copies are written later, and a clock may be off: too late an end does no harm.
        return None if last.written_us < last.begun_us else last.written_us + _CLOCKS_APART_US

    def _newest_of(self, camera_id: CameraId) -> RecordingMark | None:
        return MarkFile(self._volume.folder_of(camera_id)).read()

    def _grows(self, camera_id: CameraId, mark: RecordingMark) -> bool:
        """Return whether the file that a mark names is being written, or was not finished."""
        is_done = self._newest.get(camera_id, ("",))[0] == mark.path
        return mark.broken_off is None and not is_done
