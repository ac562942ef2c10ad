"""The check of a volume, question by question. It may be cut off anywhere, and done again.

web says which files are filed, some thousands at once, and each day of a camera is compared with
them. Nothing is concluded from what web did not say, nor from what could not be read.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple
from uuid import uuid4

import structlog

from recorder.check.adoption import judge
from recorder.check.comparison import Differences, compared
from recorder.footage.folders import remove_empty_folders
from recorder.footage.listing import cameras_on, day_us, days_of, names_in, place_of
from recorder.footage.volume import Volume
from recorder.room.coverage import Coverage
from vigil.bus.known_footage.base import KnownFootageBoard
from vigil.clock import Clock, utc_from_us
from vigil.domain.camera import CameraId
from vigil.errors import SetupInvalid, VolumeUnavailable
from vigil.facts import MAX_ASKED_CAMERAS, Fact, FootageCheckAsked, SegmentDeleted, SegmentFact
from vigil.known_footage import FIRST_PLACE, CameraOfFootage, KnownFootage, Place
from vigil.runtime import Backoff, FileHeartbeat, StopSignal, run_until_stopped

log = structlog.get_logger(__name__)

#: Seconds after which a question without an answer is asked again; web may be away for days.
ASKED_AGAIN_S, ASKED_AGAIN_AT_MOST_S = 10.0, 120.0
#: Seconds between two looks for an answer: at first, and when web seems to be away.
LOOK_EVERY_S, LOOK_LATER_EVERY_S = 0.1, 2.0
#: Seconds between two looks whether a camera was deleted.
LOOK_AT_CAMERAS_EVERY_S = 5.0
#: Seconds after which a Redis that refuses us is tried again.
REFUSED_S = 60.0
#: About so many facts are told between two questions: their way is bounded, and others go it too.
TOLD_AT_ONCE = 20_000
#: Facts that are kept in one go.
_SAID_AT_ONCE = 100
#: Files that stay as they are and are named in the log; more are counted.
_NAMED = 20


class _Day(NamedTuple):
    camera_id: int
    name: str


class VolumeCheck:
    """Compares what lies on a volume with what is filed.

    Args:
        volume: It.
        known: Where web answers.
        protected: Gives what is protected of a camera, as the volume says, or web if that is newer.
        say: To whom it is told what was asked, and found.
        stop: Ends it between two files.
        clock: For the pace of questions.

    Attributes:
        is_done: Whether all was compared, since it was begun the last time.
        counts: What became of files, by `recorder.check.adoption.Outcome`; ``missing`` are those
            that were filed and had no file.
    """

    def __init__(
        self,
        volume: Volume,
        *,
        known: KnownFootageBoard,
        protected: Callable[[CameraId], Coverage],
        say: Callable[..., None],
        stop: StopSignal,
        clock: Clock,
    ) -> None:
        self._volume, self._known, self._say = volume, known, say
        self._protected = protected
        self._stop, self._clock = stop, clock
        self.begin()

    def begin(self) -> None:
        """Begin anew, under another name: answers to what was asked before count no more."""
        self.is_done, self.counts = False, Counter[str]()
        self._check, self._number, self._from = uuid4(), 0, FIRST_PLACE
        self._begun_s = self._clock.monotonic_s()
        self._go_on_from(FIRST_PLACE)

    @property
    def look_every_s(self) -> float:
        """How long to wait for an answer before the next look."""
        return LOOK_EVERY_S if self._tries < 2 else LOOK_LATER_EVERY_S

    def run_once(self) -> bool:
        """Ask, or compare what was answered; return whether there is more to do at once.

        Raises:
            BusUnavailable: Redis does not answer.
            VolumeUnavailable: The volume is not there, or cannot be read.
        """
        if self.is_done:
            return False
        if self._clock.monotonic_s() >= self._ask_due_s:
            self._ask()
        known = self._known.read(self._check, self._number)
        if known is None:
            return False
        before = self.counts.copy()
        try:
            reached = self._compare(known)
        except VolumeUnavailable:
            # It will be compared again.
            self.counts = before
            raise
        if self._stop.is_set():
            return False
        if reached is not None:
            self._go_on_from(reached)
            return True
        self.is_done = True
        took_s = self._clock.monotonic_s() - self._begun_s
        log.info("footage_checked", took_s=round(took_s, 1), **self.counts)
        return False

    def _go_on_from(self, place: Place) -> None:
        self._from, self._number = place, self._number + 1
        self._asked_again = Backoff(first_s=ASKED_AGAIN_S, max_s=ASKED_AGAIN_AT_MOST_S)
        self._ask_due_s, self._tries = 0.0, 0

    def _ask(self) -> None:
        cameras = [each for each in cameras_on(self._volume) if each >= self._from.camera_id]
        self._say(
            FootageCheckAsked(
                volume=self._volume.volume_id,
                check=self._check,
                number=self._number,
                from_camera=self._from.camera_id,
                from_us=self._from.begun_us,
                camera_ids=tuple(cameras[:MAX_ASKED_CAMERAS]),
            )
        )
        if self._tries == 1:
            log.warning("footage_check_waits", what="web's writer has not answered yet")
        self._tries += 1
        # What was asked lies in a spool or in Redis, and is answered when web is back. But Redis
        # may have been emptied.
        self._ask_due_s = self._clock.monotonic_s() + self._asked_again.next_s()

    def _compare(self, known: KnownFootage) -> Place | None:
        """Compare the days that were told of; return where to go on, or None: that was all."""
        filed = _by_day(known)
        cameras: dict[int, CameraOfFootage] = {each.camera_id: each for each in known.cameras}
        told = 0
        for day in self._days(filed, known.until):
            if told >= TOLD_AT_ONCE:
                return Place(day.camera_id, day_us(day.name) or 0)
            done, growing = filed.get(day, ((), ()))
            names, found = names_in(self._volume.path, *day), None
            if names is None:
                self.counts["unreadable_folders"] += 1
            else:
                paths = frozenset(f"{day.camera_id}/{day.name}/{name}" for name in names)
                found = self._within(day, paths, known.until)
                self.counts["files"] += len(found)
            # Behind the look: what is not mounted any more looks empty.
            self._volume.require_mounted()
            differences = compared(found, done=done, growing=growing)
            told += self._settle(differences, cameras.get(day.camera_id))
            if self._stop.is_set():
                break
        return known.until

    def _days(self, filed: Collection[_Day], until: Place | None) -> list[_Day]:
        """Return the days of which there are files or rows, from where we are to a place."""
        first, last = _day_of(self._from), None if until is None else _day_of(until)
        there = {
            _Day(camera_id, day)
            for camera_id in cameras_on(self._volume)
            if camera_id >= first.camera_id and (last is None or camera_id <= last.camera_id)
            for day in days_of(self._volume.path, camera_id)
        }
        in_span = {day for day in there if first <= day and (last is None or day <= last)}
        return sorted(in_span | set(filed))

    def _within(self, day: _Day, found: frozenset[str], until: Place | None) -> frozenset[str]:
        """Leave out what lies before where we are, or behind what was told of."""
        if day != _day_of(self._from) and (until is None or day != _day_of(until)):
            return found
        places = {path: place_of(path) for path in found}
        return frozenset(
            path
            for path, place in places.items()
            if place and self._from <= place and (until is None or place < until)
        )

    def _settle(self, found: Differences, camera: CameraOfFootage | None) -> int:
        """Tell what differs, and do what is to be done; return how many facts that were."""
        gone = [path for path in found.missing if _is_gone(self._volume, path)]
        if gone:
            self._volume.require_mounted()
        self.counts["missing"] += len(gone)
        count = self._tell(map(self._deleted, gone))
        count += self._tell(self._judged((*found.unfiled, *found.unended), camera))
        if camera is not None and camera.is_deleted:
            remove_empty_folders(self._volume, camera.camera_id)
        return count

    def _judged(self, paths: Sequence[str], camera: CameraOfFootage | None) -> Iterator[Fact]:
        """Yield what is to be told of files of which nothing, or no end, is filed."""
        for path in paths:
            if self._stop.is_set():
                return
            protected = self._protected(_camera_of(path))
            judged = judge(self._volume, path, camera, protected=protected)
            self.counts[judged.outcome] += 1
            if judged.reason and self.counts[judged.outcome] <= _NAMED:
                log.warning("file_left_alone", path=path, reason=judged.reason)
            if judged.fact is not None:
                yield judged.fact

    def _tell(self, facts: Iterator[Fact]) -> int:
        """Tell facts as they come, some at once; return how many that were."""
        count = 0
        while some := list(islice(facts, _SAID_AT_ONCE)):
            self._say(*some)
            count += len(some)
            told_of = [fact.path for fact in some if isinstance(fact, SegmentFact)]
            # Somebody may have deleted one right before it was told of.
            late = [path for path in told_of if _is_gone(self._volume, path)]
            self._say(*map(self._deleted, late))
        return count

    def _deleted(self, path: str) -> SegmentDeleted:
        return SegmentDeleted(camera_id=_camera_of(path), volume=self._volume.volume_id, path=path)


def check_until_stopped(
    check: VolumeCheck, *, camera_ids: Callable[[], Collection[int]], stop: StopSignal
) -> None:
    """Check a volume, and again when a camera was deleted. The work of a thread.

    Args:
        check: It.
        camera_ids: Which cameras there are, as far as we know.
        stop: Ends it.
    """
    known = set(camera_ids())

    def step() -> None:
        nonlocal known
        try:
            if check.run_once():
                return
        except SetupInvalid as error:
            # Redis lets us record, and not read what web answers: that is no reason to end.
            log.error("footage_check_refused", reason=str(error))
            stop.wait(REFUSED_S)
            return
        if not check.is_done:
            stop.wait(check.look_every_s)
            return
        before, known = known, set(camera_ids())
        if before - known:
            check.begin()
        # Whoever records a camera that was deleted hears of it, and completes its file.
        stop.wait(LOOK_AT_CAMERAS_EVERY_S)

    backoff = Backoff(first_s=1.0, max_s=30.0)
    run_until_stopped(step, stop=stop, heartbeat=FileHeartbeat(None), backoff=backoff)


def _by_day(known: KnownFootage) -> Mapping[_Day, tuple[list[str], list[str]]]:
    """Return what is filed of each day: with an end, and without."""
    filed: dict[_Day, tuple[list[str], list[str]]] = {}
    for which, paths in enumerate((known.done, known.growing)):
        for path in paths:
            camera_id, name, _ = path.split("/")
            # Of a day that is none, no recorder of ours has a file.
            if day_us(name) is not None:
                filed.setdefault(_Day(int(camera_id), name), ([], []))[which].append(path)
    return filed


def _day_of(place: Place) -> _Day:
    return _Day(place.camera_id, f"{utc_from_us(place.begun_us):%Y-%m-%d}")


def _camera_of(path: str) -> CameraId:
    return CameraId(int(path.partition("/")[0]))


def _is_gone(volume: Volume, path: str) -> bool:
    """Return whether a file is not there; of one that cannot be looked for nobody knows."""
    try:
        (volume.path / path).lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False
