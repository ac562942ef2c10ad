"""What users deleted: orders of web, carried out and crossed off. Each can be carried out again."""

from collections.abc import Callable
from typing import Final

import structlog

from recorder.footage.volume import Volume
from recorder.room.protections import REFUSED_S
from recorder.room.removal import Removal, is_footage
from vigil.bus.footage.base import FootageStore
from vigil.clock import Clock
from vigil.errors import BusUnavailable, SetupInvalid

log = structlog.get_logger(__name__)

#: Seconds between two questions to Redis.
ASK_EVERY_S = 2.0
#: Orders of one turn.
AT_ONCE: Final = 50


class Orders:
    """Carries out what web orders of a volume.

    Args:
        volume: It.
        store: Where web orders.
        removal: Removes files.
        is_protected: Whether somebody wants a file to stay, as far as its volume knows. web asks
            that as well, but one that was restored may have forgotten.
        clock: For the pace of questions.

    Attributes:
        is_more: Whether more orders wait.
    """

    def __init__(
        self,
        volume: Volume,
        *,
        store: FootageStore,
        removal: Removal,
        is_protected: Callable[[str], bool],
        clock: Clock,
    ) -> None:
        self._volume, self._store, self._removal = volume, store, removal
        self._is_protected = is_protected
        self._clock = clock
        self.is_more = False
        self._due_s = 0.0

    def carry_out(self) -> list[str]:
        """Remove some files, if it is time to; return the paths of those that are gone now.

        While Redis is away, or refuses us, orders wait there.
        """
        now_s = self._clock.monotonic_s()
        if now_s < self._due_s and not self.is_more:
            return []
        self._due_s, self.is_more = now_s + ASK_EVERY_S, False
        try:
            paths = self._store.deletions(self._volume.volume_id, limit=AT_ONCE)
        except BusUnavailable as error:
            log.warning("deletions_unread", reason=str(error))
            return []
        except SetupInvalid as error:
            log.error("deletions_refused", reason=str(error))
            self._due_s = now_s + REFUSED_S
            return []
        gone, refused = self._remove(paths)
        done = [*gone, *refused]
        try:
            # Last: who dies before does it once more.
            self._store.deletions_done(self._volume.volume_id, done)
        except BusUnavailable as error:
            log.warning("deletions_not_crossed_off", reason=str(error))
            return gone
        except SetupInvalid as error:
            log.error("deletions_not_crossed_off", reason=str(error))
            self._due_s = now_s + REFUSED_S
            return gone
        self.is_more = len(done) == AT_ONCE
        return gone

    def _remove(self, paths: list[str]) -> tuple[list[str], list[str]]:
        gone, refused = [], []
        for path in paths:
            if reason := self._why_not(path):
                # web orders once more what it still wants to be gone, in some minutes.
                log.error("deletion_refused", path=path, reason=reason)
                refused.append(path)
                continue
            try:
                is_gone = self._removal.remove(path, reason="user")
            except OSError as error:
                # It waits, and is tried again.
                log.error("footage_not_deleted", path=path, reason=error.strerror)
                continue
            if is_gone:
                gone.append(path)
            else:
                log.info("deletion_waits", path=path, reason="it is being written")
        return gone, refused

    def _why_not(self, path: str) -> str | None:
        """Return why a path is not to be deleted; None: it is."""
        if not is_footage(path):
            return "no file of footage has this name"
        return "it is protected" if self._is_protected(path) else None
