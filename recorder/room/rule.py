"""Which footage must go: pure. The oldest goes first, of what nobody protects and nobody writes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import chain

from vigil.domain.camera import CameraId


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of footage on a volume.

    Attributes:
        begun_us: When its first picture was captured: UTC in microseconds since 1970.
        path: Within the volume.
        is_protected: Whether somebody wants it to stay, whatever the limits are.
        is_growing: Whether it is being written. It stays; its room can be had when it is done.
    """

    camera_id: CameraId
    begun_us: int
    size_bytes: int
    path: str
    is_protected: bool = False
    is_growing: bool = False


@dataclass(frozen=True, slots=True)
class CameraLimits:
    """What one camera's footage may take.

    Attributes:
        kept_us: What began longer ago goes.
        max_bytes: None: as much as all may.
    """

    kept_us: int
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """What all footage of a volume may take, and takes.

    Attributes:
        free_bytes: What its file system has left.
        reserve_bytes: So much of that is to be left.
        max_bytes: Of all footage together; None: any.
        used_bytes: Of each camera's, as far as it was counted.
    """

    free_bytes: int
    reserve_bytes: int
    max_bytes: int | None
    used_bytes: Mapping[CameraId, int]


@dataclass(frozen=True, slots=True)
class Purge:
    """What is to be done.

    Attributes:
        goes: Which files, in this order.
        is_full: Whether there is too little room for all, and nothing more that may go.
        full_cameras: Those that take more than their own limit, with nothing more that may go.
        is_whole: Whether that is all; False: there may be more to do.
    """

    goes: tuple[StoredFile, ...]
    is_full: bool = False
    full_cameras: frozenset[CameraId] = frozenset()
    is_whole: bool = True


class _Balance:
    """What room there is, while files go."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._free_bytes = room.free_bytes
        self._used_bytes = dict(room.used_bytes)
        self._in_all_bytes = sum(self._used_bytes.values())

    def give_back(self, file: StoredFile) -> None:
        self._free_bytes += file.size_bytes
        if file.is_growing:
            # Of it nothing was counted yet.
            return
        self._in_all_bytes -= file.size_bytes
        self._used_bytes[file.camera_id] = self.of(file.camera_id) - file.size_bytes

    def of(self, camera_id: CameraId) -> int:
        return self._used_bytes.get(camera_id, 0)

    def has_room(self) -> bool:
        max_bytes = self._room.max_bytes
        is_within = max_bytes is None or self._in_all_bytes <= max_bytes
        return is_within and self._free_bytes >= self._room.reserve_bytes


def to_purge(
    files: Mapping[CameraId, Iterable[StoredFile]],
    room: Room,
    *,
    limits_of: Callable[[CameraId], CameraLimits],
    now_us: int,
    at_most: int,
) -> Purge:
    """Return which files must go: by each camera's limits first, then for the room of all.

    Args:
        files: Of each camera, the oldest first. No more of them are asked for than are needed.
        room: What there is.
        limits_of: What each camera may take.
        now_us: Judges age.
        at_most: So many files.
    """
    balance = _Balance(room)
    goes: list[StoredFile] = []
    full: set[CameraId] = set()
    rest: list[Iterator[StoredFile]] = []
    for camera_id, own in files.items():
        limits, left = limits_of(camera_id), iter(own)
        for file in left:
            is_old = file.begun_us < now_us - limits.kept_us
            if not is_old and not _is_over(balance, camera_id, limits):
                rest.append(chain((file,), left))
                break
            if not _goes(file, goes, balance, at_most):
                return Purge(tuple(goes), is_whole=False)
        else:
            if _is_over(balance, camera_id, limits):
                full.add(camera_id)
    for file in merge(*rest, key=lambda file: (file.begun_us, file.path)):
        if balance.has_room():
            break
        if not _goes(file, goes, balance, at_most):
            return Purge(tuple(goes), is_whole=False)
    return Purge(tuple(goes), is_full=not balance.has_room(), full_cameras=frozenset(full))


def _is_over(balance: _Balance, camera_id: CameraId, limits: CameraLimits) -> bool:
    return limits.max_bytes is not None and balance.of(camera_id) > limits.max_bytes


def _goes(file: StoredFile, goes: list[StoredFile], balance: _Balance, at_most: int) -> bool:
    """Add a file to what goes, if it may; return False when there are as many as may be."""
    if file.is_protected:
        return True
    if not file.is_growing:
        if len(goes) == at_most:
            return False
        goes.append(file)
    balance.give_back(file)
    return True
