"""Keeps the results of exports within their bounds: of age, of size, and of who wants them."""

import structlog

from recorder.exports.shelf import Kept, Shelf
from recorder.footage.volume import Volume
from vigil.bus.exports.base import ExportQueue
from vigil.bus.facts.base import FactLog
from vigil.clock import Clock
from vigil.errors import FootageInvalid
from vigil.exports import ExportState
from vigil.facts import ExportFact

log = structlog.get_logger(__name__)

#: What an export takes beside its footage: an index.
_BESIDE_BYTES = 2**20


class Clearing:
    """Deletes results that are old, too many, or cancelled; and what killed processes left.

    It is told first that a file goes, then it goes: whatever is cut off is done again.

    Args:
        shelf: Where they lie.
        volume: Of the shelf.
        queue: Says what was cancelled.
        facts: Where it is told.
        clock: Judges age.
        max_bytes: What all results take at most.
    """

    def __init__(
        self,
        shelf: Shelf,
        volume: Volume,
        *,
        queue: ExportQueue,
        facts: FactLog,
        clock: Clock,
        max_bytes: int,
    ) -> None:
        self._shelf, self._volume = shelf, volume
        self._queue, self._facts, self._clock = queue, facts, clock
        self._max_bytes = max_bytes

    def run_once(self) -> None:
        """Delete what must go.

        Raises:
            BusUnavailable, VolumeUnavailable: Something stays until the next time.
        """
        now_us = self._clock.utc_us()
        for kept in self._shelf.results():
            is_over = kept.result.expires_us <= now_us
            if is_over or self._queue.is_cancelled(kept.export):
                self._delete(kept)
        for export in self._shelf.unfinished():
            if self._queue.is_cancelled(export) or self._shelf.is_abandoned(export):
                self._shelf.remove(export)
                log.info("export_left_by_the_dead_removed", export=str(export))
        self._shrink_to(self._max_bytes)

    def make_room(self, footage_bytes: int, *, is_made_twice: bool = False) -> None:
        """Delete the oldest results until another one fits.

        Args:
            footage_bytes: Of how much footage it is made.
            is_made_twice: Whether a first form of it lies beside it meanwhile.

        Raises:
            FootageInvalid: It will never fit; or the volume has no room now.
            BusUnavailable, VolumeUnavailable: It is not known, or not done.
        """
        if footage_bytes > self._max_bytes:
            raise FootageInvalid(
                f"it is {_in_words(footage_bytes)} of footage, and exports may take "
                f"{_in_words(self._max_bytes)}: ask for less, or raise EXPORTS_MAX_BYTES"
            )
        self._shrink_to(self._max_bytes - footage_bytes)
        takes = footage_bytes * (2 if is_made_twice else 1) + _BESIDE_BYTES
        free = self._volume.free_bytes()
        if takes > free:
            raise FootageInvalid(
                f"it takes {_in_words(takes)}, and {_in_words(free)} are free on the volume: ask "
                f"for less, or raise FOOTAGE_RESERVE_BYTES"
            )

    def _shrink_to(self, max_bytes: int) -> None:
        results = self._shelf.results()
        total = sum(each.result.size_bytes for each in results)
        for kept in results:
            if total <= max_bytes:
                return
            self._delete(kept)
            total -= kept.result.size_bytes

    def _delete(self, kept: Kept) -> None:
        fact = ExportFact(export=kept.export, state=ExportState.EXPIRED)
        self._facts.append([fact.model_dump_json().encode()])
        self._shelf.remove(kept.export)
        log.info("export_deleted", export=str(kept.export), size_bytes=kept.result.size_bytes)


def _in_words(size_bytes: int) -> str:
    unit, name = (2**30, "GiB") if size_bytes >= 2**30 else (2**20, "MiB")
    return f"{size_bytes / unit:.1f} {name}"
