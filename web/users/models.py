"""Accounts, their log-ins, and invitations to make one."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from web.access.rights import Role
from web.database import Base

_ROLES = ", ".join(f"'{role}'" for role in Role)

#: Who calls without a token are, in ``AUTH_MODE=open``. No user name holds a blank, so nobody
#: can register as this one; the migration makes its row.
LOCAL_ADMIN_ID = UUID("00000000-0000-4000-8000-000000000001")
LOCAL_ADMIN = "local admin"


class Account(Base):
    """Somebody who may log in.

    Attributes:
        password_hash: argon2; None: nobody can log in with a password.
        is_active: False: kept for the records, and shut out.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        sa.CheckConstraint("char_length(username) BETWEEN 1 AND 64", name="username_length"),
        sa.CheckConstraint("char_length(email) <= 254", name="email_length"),
        sa.CheckConstraint(f"role IN ({_ROLES})", name="role_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    username: Mapped[str]
    email: Mapped[str | None]
    password_hash: Mapped[str | None]
    role: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)
    created_at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now()
    )


# Anna and anna are one person, to people.
sa.Index("uq_accounts_username", sa.func.lower(Account.username), unique=True)
sa.Index("uq_accounts_email", sa.func.lower(Account.email), unique=True)


class LoginSession(Base):
    """One log-in: the family of all refresh tokens that descend from it.

    Attributes:
        refresh_sha256: Of the one refresh token that is good now; any other that we made for the
            family was used before, and its return means that it was stolen.
        revoked_at: When it ended before its time, or None.
    """

    __tablename__ = "login_sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    refresh_sha256: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class Invitation(Base):
    """Leave to make one account, with a role, until a day.

    Attributes:
        code_sha256: The code itself is shown once, to the admin who made it.
    """

    __tablename__ = "invitations"
    __table_args__ = (sa.CheckConstraint(f"role IN ({_ROLES})", name="role_known"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    code_sha256: Mapped[bytes] = mapped_column(unique=True)
    role: Mapped[str]
    created_by: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("accounts.id", ondelete="SET NULL")
    )
    created_at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now()
    )
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    used_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id", ondelete="SET NULL"))
    used_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
