"""How recorders learn what users deleted: orders on the queue Redis, until they are done."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session, sessionmaker

from vigil.bus.footage.base import FootageStore
from vigil.errors import SetupInvalid, Unavailable
from web.database import CHANGED_AT_ONCE
from web.deletions.models import SegmentDeletion

log = structlog.get_logger(__name__)

#: After so long without a word an order is given once more: Redis may have been away, or emptied.
REPEAT_AFTER: Final = timedelta(minutes=10)


class DeletionOrders:
    """Has recorders delete files.

    Args:
        store: The queue Redis.
        sessions: Opens a session of its own, in any thread, with or without a request.
    """

    def __init__(self, store: FootageStore, sessions: sessionmaker[Session]) -> None:
        self._store = store
        self._sessions = sessions

    def announce(self, paths: Mapping[UUID, Sequence[str]]) -> bool:
        """Order what a committed transaction deleted; return False where Redis is away.

        Args:
            paths: By volume.
        """
        try:
            for volume, of_volume in paths.items():
                self._store.order_deletions(volume, of_volume)
        except (Unavailable, SetupInvalid) as error:
            log.warning("deletions_not_ordered", error=str(error))
            return False
        return True

    def reconcile(self) -> None:
        """Order once more what should be gone and is not.

        Raises:
            BusUnavailable: Redis does not answer.
            DatabaseUnavailable: PostgreSQL does not.
        """
        overdue = SegmentDeletion.ordered_at < sa.func.clock_timestamp() - REPEAT_AFTER
        some = (
            sa.select(SegmentDeletion.volume, SegmentDeletion.path)
            .where(overdue)
            .order_by(SegmentDeletion.ordered_at)
            .limit(CHANGED_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        named = sa.tuple_(SegmentDeletion.volume, SegmentDeletion.path)
        paths: dict[UUID, list[str]] = defaultdict(list)
        with self._sessions.begin() as session:
            for volume, path in session.execute(some):
                paths[volume].append(path)
            for volume, of_volume in paths.items():
                log.info("deletions_ordered_again", volume=str(volume), number=len(of_volume))
                self._store.order_deletions(volume, of_volume)
                session.execute(
                    sa.update(SegmentDeletion)
                    .where(named.in_([(volume, path) for path in of_volume]))
                    .values(ordered_at=sa.func.clock_timestamp())
                )
