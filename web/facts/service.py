"""Setting facts aside, and showing them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vigil.bus.facts.base import FactEntry
from web.facts.models import SetAsideFact

#: So much of a fact is kept.
MAX_RAW: Final = 4096
#: So much of why it was set aside.
MAX_REASON: Final = 500


def set_aside(session: Session, entry: FactEntry, reason: str) -> None:
    """Keep a fact that can never be filed where people see it."""
    # A text of PostgreSQL has no NUL, and the reason may quote one.
    said = reason.replace("\0", "�")[:MAX_REASON]
    row = {"entry_id": entry.entry_id, "reason": said, "raw": entry.raw[:MAX_RAW]}
    session.execute(insert(SetAsideFact).values(row).on_conflict_do_nothing())


def set_aside_facts(
    session: Session, *, limit: int, before_id: int | None
) -> Sequence[SetAsideFact]:
    """Return the newest first."""
    query = sa.select(SetAsideFact).order_by(SetAsideFact.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(SetAsideFact.id < before_id)
    return session.scalars(query).all()


def forget_set_aside(session: Session, *, before: datetime) -> None:
    """Delete what was set aside before a time."""
    session.execute(sa.delete(SetAsideFact).where(SetAsideFact.at < before))
