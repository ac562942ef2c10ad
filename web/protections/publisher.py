"""How recorders learn what is protected: a document of each camera, on the queue Redis."""

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session, sessionmaker

from vigil.bus.footage.base import FootageStore
from vigil.domain.camera import CameraId
from vigil.errors import SetupInvalid, Unavailable
from vigil.footage_document import CameraProtections, ProtectedSpan
from web.protections.models import Protection, ProtectionRevision

log = structlog.get_logger(__name__)


class ProtectionPublisher:
    """Brings protections from PostgreSQL to the queue Redis.

    Args:
        store: The queue Redis.
        sessions: Opens a session of its own, in any thread, with or without a request.
    """

    def __init__(self, store: FootageStore, sessions: sessionmaker[Session]) -> None:
        self._store = store
        self._sessions = sessions

    def announce(self, camera_id: int) -> bool:
        """Publish what a committed transaction changed; return False where Redis is away."""
        try:
            self._store.protect(self._read([camera_id]))
        except (Unavailable, SetupInvalid) as error:
            log.warning("protections_not_published", error=str(error), camera_id=camera_id)
            return False
        return True

    def reconcile(self) -> None:
        """Publish what Redis lacks.

        Raises:
            BusUnavailable: Redis does not answer.
            DatabaseUnavailable: PostgreSQL does not.
        """
        current = self._read(None)
        published = self._store.protections([each.camera_id for each in current])
        lacking = [each for each in current if published.get(each.camera_id) != each]
        newer = {
            each.camera_id: published[each.camera_id].revision
            for each in lacking
            if each.camera_id in published and published[each.camera_id].revision >= each.revision
        }
        if newer:
            # A database that was restored: what it says now must outgrow what it said then.
            self._outgrow(newer)
            lacking = [
                *(each for each in lacking if each.camera_id not in newer),
                *self._read(newer.keys()),
            ]
        if lacking:
            log.info("protections_reconciled", lacking=len(lacking))
            self._store.protect(lacking)

    def _outgrow(self, revisions: dict[CameraId, int]) -> None:
        with self._sessions.begin() as session:
            for camera_id, revision in sorted(revisions.items()):
                grown = sa.func.greatest(ProtectionRevision.revision, revision) + 1
                session.execute(
                    sa.update(ProtectionRevision)
                    .where(ProtectionRevision.camera_id == camera_id)
                    .values(revision=grown)
                )

    def _read(self, camera_ids: Collection[int] | None) -> list[CameraProtections]:
        """Return the documents of some cameras, or of all that have ever had one."""
        revisions = sa.select(ProtectionRevision).order_by(ProtectionRevision.camera_id)
        rows = sa.select(Protection).order_by(Protection.camera_id, Protection.id)
        if camera_ids is not None:
            revisions = revisions.where(ProtectionRevision.camera_id.in_(camera_ids))
            rows = rows.where(Protection.camera_id.in_(camera_ids))
        with self._sessions() as session:
            # As of one instant.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            known = session.scalars(revisions).all()
            protections = session.scalars(rows).all()
        spans: dict[int, list[ProtectedSpan]] = defaultdict(list)
        for protection in protections:
            spans[protection.camera_id].append(protection.as_published())
        return [
            CameraProtections(
                camera_id=CameraId(each.camera_id),
                revision=each.revision,
                spans=tuple(spans[each.camera_id]),
            )
            for each in known
        ]
