"""The audit trail. A trigger refuses every change to it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class AuditEntry(Base):
    """One thing that somebody did, or tried.

    Attributes:
        account_id: No foreign key: the entry outlives the account.
        username: As it was then; of a failed log-in, what was typed.
        action: Such as ``camera.added``.
        object_type, object_id: What it was done to, such as ``camera`` and ``7``.
        details: What else is worth knowing; never a secret.
    """

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), index=True
    )
    account_id: Mapped[UUID | None] = mapped_column(index=True)
    username: Mapped[str | None]
    address: Mapped[str]
    action: Mapped[str]
    object_type: Mapped[str | None]
    object_id: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sa.text("'{}'::jsonb"))


#: What makes the table append-only, for every user of the database.
APPEND_ONLY = (
    """
    CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit trail is append-only';
    END $$
    """,
    """
    CREATE TRIGGER audit_entries_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit()
    """,
)

for _statement in APPEND_ONLY:
    event.listen(AuditEntry.__table__, "after_create", sa.DDL(_statement))  # type: ignore[no-untyped-call]
