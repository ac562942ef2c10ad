"""Protected spans of cameras."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vigil.clock import us_from_utc
from vigil.footage_document import ProtectedSpan
from web.database import Base


class Protection(Base):
    """A time of a camera of which no footage is deleted.

    Attributes:
        since, until: Of which time; both may lie ahead.
        account_id: No foreign key: it outlives the account.
        username: Who wanted it, as they were called then.
        expires_at: When the footage may go after all; None: it stays for good.
    """

    __tablename__ = "protections"
    __table_args__ = (
        sa.CheckConstraint("until > since", name="until_after_since"),
        sa.CheckConstraint("char_length(reason) BETWEEN 1 AND 500", name="reason_length"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    camera_id: Mapped[int] = mapped_column(
        sa.ForeignKey("cameras.id", ondelete="CASCADE"), index=True
    )
    since: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    until: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    reason: Mapped[str]
    expires_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    account_id: Mapped[UUID]
    username: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))

    def as_published(self) -> ProtectedSpan:
        """Return it as recorders read it."""
        return ProtectedSpan(
            since_us=us_from_utc(self.since),
            until_us=us_from_utc(self.until),
            expires_us=None if self.expires_at is None else us_from_utc(self.expires_at),
        )


class ProtectionRevision(Base):
    """How often a camera's protections were changed; a row once one was made.

    Attributes:
        revision: Grows with each change, and never comes back to a value.
    """

    __tablename__ = "protection_revisions"

    camera_id: Mapped[int] = mapped_column(
        sa.ForeignKey("cameras.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    revision: Mapped[int] = mapped_column(sa.BigInteger)
