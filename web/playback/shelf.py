"""What is known of files of footage, so that none is read again for each who asks."""

import os
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from vigil.mp4.index import GopIndex, read_gops

#: GOPs that are known at most, of all files; a GOP takes 16 bytes. A day of one camera with one
#: a second has 86,400.
MOST_GOPS = 1_000_000
#: What a file counts beside its GOPs.
_FILE_COUNTS = 32


class GopShelf:
    """The indexes of files that were asked for last.

    Args:
        most: GOPs that are kept at most.
    """

    def __init__(self, most: int = MOST_GOPS) -> None:
        self._most, self._kept = most, 0
        #: By path: when the file was changed last and how large it was, and its index.
        self._indexes: OrderedDict[str, tuple[tuple[int, int], GopIndex]] = OrderedDict()
        self._lock = Lock()

    def gops_of(self, path: str | Path) -> GopIndex | None:
        """Return where a file's GOPs lie; None: it is not there, or nothing in it can be played.

        Args:
            path: Of a file, which may grow, and may be deleted at any time.
        """
        path = str(path)
        try:
            # By os and not by Path: a day of files is asked for at once.
            found = os.stat(path)  # noqa: PTH116
            state = (found.st_mtime_ns, found.st_size)
            with self._lock:
                known = self._indexes.get(path)
                if known is not None and known[0] == state:
                    self._indexes.move_to_end(path)
                    return known[1]
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                gops = read_gops(file)
            finally:
                os.close(file)
        except OSError:
            return None
        if gops is not None:
            self._keep(path, state, gops)
        return gops

    def _keep(self, path: str, state: tuple[int, int], gops: GopIndex) -> None:
        with self._lock:
            replaced = self._indexes.pop(path, None)
            if replaced is not None:
                self._kept -= _counts(replaced[1])
            self._indexes[path] = (state, gops)
            self._kept += _counts(gops)
            while self._kept > self._most and len(self._indexes) > 1:
                _, (_, oldest) = self._indexes.popitem(last=False)
                self._kept -= _counts(oldest)


def _counts(gops: GopIndex) -> int:
    return len(gops.places) + _FILE_COUNTS
