"""Where an account's notifications go."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class LineToken(Base):
    """A channel of the LINE Messaging API, and whom it tells.

    Attributes:
        token: Sealed; never shown again.
        token_end: Its last four characters, by which its owner knows it.
        to: User, group or room id; None: not said yet.
    """

    __tablename__ = "line_tokens"
    __table_args__ = (
        sa.CheckConstraint("char_length(token_end) <= 4", name="token_end_length"),
        sa.CheckConstraint('char_length("to") <= 64', name="to_length"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    token: Mapped[str]
    token_end: Mapped[str]
    to: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now()
    )


class EmailRecipient(Base):
    """An address to which an account's notifications are mailed."""

    __tablename__ = "email_recipients"
    __table_args__ = (sa.CheckConstraint("char_length(email) <= 254", name="email_length"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"))
    email: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now()
    )


sa.Index(
    "uq_email_recipients_account_id_email",
    EmailRecipient.account_id,
    sa.func.lower(EmailRecipient.email),
    unique=True,
)
