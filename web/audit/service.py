"""Writing the trail, in the transaction of what it tells of, and reading it."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from web.access.principal import Principal
from web.audit.models import AuditEntry


def record(
    session: Session,
    who: Principal,
    action: str,
    *,
    on: tuple[str, object] | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Add an entry to the transaction.

    Args:
        session: The one in which the thing itself is done: both stand, or neither.
        who: Somebody who proved it.
        action: In the past tense: ``camera.added``.
        on: The type and the id of what it was done to.
        details: What else is worth knowing; never a secret.
    """
    object_type, object_id = on or (None, None)
    session.add(
        AuditEntry(
            account_id=who.account_id,
            username=who.username,
            address=who.address,
            action=action,
            object_type=object_type,
            object_id=None if object_id is None else str(object_id),
            details=details or {},
        )
    )


def record_stranger(session: Session, *, username: str, address: str, action: str) -> None:
    """Add an entry about somebody who did not prove who they are."""
    session.add(AuditEntry(username=username, address=address, action=action, details={}))


def entries(session: Session, *, limit: int, before_id: int | None) -> Sequence[AuditEntry]:
    """Return the newest entries first, at most limit, older than before_id."""
    query = sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(AuditEntry.id < before_id)
    return session.scalars(query).all()
