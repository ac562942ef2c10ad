"""What a shard's threads are at, in memory that outlives it: who was it, when it crashed?"""

import multiprocessing
import threading
from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager

from vigil.domain.camera import CameraId
from vigil.errors import VigilError

# The shards' own context: such memory goes to no other kind of process.
_SPAWN = multiprocessing.get_context("spawn")


class Notes:
    """Places, one for each thread that is at some camera: at which, and until when.

    The shard writes, its supervisor reads, without a lock: a place is one thread's alone.

    Args:
        count: Places. A thread that finds none free works without a note.
    """

    def __init__(self, count: int) -> None:
        # The last is for those who found none; nobody reads it.
        self._cameras = _SPAWN.RawArray("q", count + 1)
        self._threads = _SPAWN.RawArray("Q", count + 1)
        self._due_s: MutableSequence[float] = _SPAWN.RawArray("d", count + 1)
        self._failed_thread = _SPAWN.RawValue("Q")
        self._places = range(count)
        self._free = list(self._places)

    def __len__(self) -> int:
        """Return how many places there are."""
        return len(self._places)

    @contextmanager
    def at(self, camera_id: CameraId, *, due_s: float) -> Iterator["Note"]:
        """Note that this thread is at a camera, for as long as it is.

        An error that is a bug ends the shard: the note then stays, and so does who failed.

        Args:
            camera_id: Whose bytes may crash it, or hold it up.
            due_s: Until when it must have come back, by the clock's monotonic face.
        """
        place = self._take()
        note = Note(self._due_s, place)
        note.come_back(due_s)
        self._threads[place] = threading.get_ident()
        self._cameras[place] = camera_id
        is_bug = True
        try:
            yield note
            is_bug = False
        except VigilError:
            is_bug = False
            raise
        finally:
            if is_bug:
                self._failed_thread.value = threading.get_ident()
            else:
                self._leave(place)

    def cameras(self) -> frozenset[CameraId]:
        """Return the cameras that threads are at."""
        return frozenset(CameraId(each) for each, _, _ in self._written())

    def overdue(self, now_s: float, *, by_s: float) -> frozenset[CameraId]:
        """Return the cameras at which a thread is longer than it may, by more than by_s."""
        return frozenset(
            CameraId(each) for each, _, due_s in self._written() if now_s > due_s + by_s
        )

    def suspects(self, crashed_thread: int | None, *, is_fault: bool) -> frozenset[CameraId]:
        """Return the cameras that may have ended the shard.

        That of the thread that crashed, where one did. Else it is one of those at work: all of them
        after a fault of which nothing is known. After any other end, such as by the kernel for want
        of memory, only one that was there alone: who suspects all isolates all, for nothing.

        Args:
            crashed_thread: As Python numbers it, where the crash told.
            is_fault: Whether a fault in native code ended it.
        """
        thread = crashed_thread or self._failed_thread.value
        crashed = frozenset(CameraId(each) for each, of, _ in self._written() if of == thread)
        at_work = self.cameras()
        if crashed:
            return crashed
        is_unknown_fault = is_fault and crashed_thread is None
        return at_work if is_unknown_fault or len(at_work) == 1 else frozenset()

    def _written(self) -> list[tuple[int, int, float]]:
        rows = zip(self._cameras, self._threads, self._due_s, strict=True)
        return [row for row, _ in zip(rows, self._places, strict=False) if row[0]]

    def _take(self) -> int:
        # In one step: who looks first whether one is free may find that another has taken it.
        try:
            return self._free.pop()
        except IndexError:
            return len(self._places)

    def _leave(self, place: int) -> None:
        self._cameras[place] = 0
        if place in self._places:
            self._free.append(place)


class Note:
    """One thread's place, while it is at a camera."""

    def __init__(self, due_s: MutableSequence[float], place: int) -> None:
        self._due_s = due_s
        self._place = place

    def come_back(self, due_s: float) -> None:
        """Say that the thread was back, and until when it will be again. Costs one store."""
        self._due_s[self._place] = due_s
