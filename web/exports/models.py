"""Exports that somebody asked for."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from vigil.exports import ExportKind, ExportState
from web.database import Base

_KINDS = ", ".join(f"'{kind}'" for kind in ExportKind)
_STATES = ", ".join(f"'{state}'" for state in ExportState)


class Export(Base):
    """An export; see `vigil.facts.ExportFact` for what is told of it.

    Attributes:
        export: What jobs and files call it.
        is_sent: Whether the queue Redis has it.
        told_at: When it was sent, or something was told of it, last.
        begun_at, covered_until: Of which time the file really is.
        gaps: As of `vigil.facts.ExportGap`, with times as texts.
    """

    __tablename__ = "exports"
    __table_args__ = (
        sa.UniqueConstraint("export"),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name="kind_known"),
        sa.CheckConstraint(f"state IN ({_STATES})", name="state_known"),
        sa.CheckConstraint("until_at > since_at", name="until_after_since"),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name="progress_range"),
        sa.Index("ix_exports_account_id", "account_id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    export: Mapped[UUID]
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    camera_ids: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger))
    since_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    until_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    is_exact: Mapped[bool]
    state: Mapped[str] = mapped_column(server_default=ExportState.QUEUED.value)
    progress: Mapped[float] = mapped_column(server_default="0")
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    is_sent: Mapped[bool] = mapped_column(server_default=sa.false())
    told_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    volume: Mapped[UUID | None]
    path: Mapped[str | None]
    size_bytes: Mapped[int | None] = mapped_column(sa.BigInteger)
    sha256: Mapped[str | None]
    begun_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    covered_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    gaps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=sa.text("'[]'::jsonb"))
    expires_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
