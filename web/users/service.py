"""Making accounts, and changing what they are."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from web.access.principal import Principal
from web.access.rights import Role
from web.audit import service as audit
from web.database import refused_as
from web.errors import Conflict, Forbidden, NotFound
from web.settings import Registration
from web.users.models import Account, Invitation, LoginSession
from web.users.passwords import Passwords

#: Any number, the same in every process: who makes accounts holds this lock.
_ACCOUNTS_LOCK = 7_001


class NameTaken(Conflict):
    """Somebody has this user name or e-mail address."""


class RegistrationClosed(Forbidden):
    """Nobody, or not just anybody, may make an account here."""


class AccountNotFound(NotFound):
    """No such account."""


class NotYourAccount(Forbidden):
    """The account is somebody else's."""


class InvitationNotFound(NotFound):
    """No such invitation."""


class LastAdmin(Conflict):
    """Nobody would be left to look after the installation."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody who registers says.

    Attributes:
        setup_code: From the log; for the first account.
        invitation: A code that an admin made.
    """

    username: str
    email: str
    password: str
    setup_code: str | None = None
    invitation: str | None = None


@dataclass(frozen=True, slots=True)
class RegistrationPolicy:
    """Who may make an account.

    Attributes:
        setup_code: What proves that one may make the first; None: no proof is asked for.
        registration: Who may make any other.
    """

    setup_code: str | None
    registration: Registration


def has_accounts(session: Session) -> bool:
    """Return whether anybody can log in."""
    return bool(session.scalar(sa.select(sa.exists().where(Account.password_hash.is_not(None)))))


def register(
    session: Session,
    new: NewAccount,
    *,
    policy: RegistrationPolicy,
    passwords: Passwords,
    address: str,
    now: datetime,
) -> Account:
    """Make an account; the first is an admin's.

    Raises:
        RegistrationClosed: The policy does not let this caller in.
        NameTaken: The user name or the e-mail address is.
    """
    # First, since it is slow: no connection and no lock is held meanwhile.
    password_hash = passwords.hash(new.password)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ACCOUNTS_LOCK)))
    invitation = _open_invitation(session, new.invitation, now=now)
    role = _role_of_new(session, new, policy=policy, invitation=invitation)
    account = Account(
        username=new.username, email=new.email, password_hash=password_hash, role=role
    )
    _add(session, account)
    if invitation is not None:
        invitation.used_by, invitation.used_at = account.id, now
    _record_made(session, account, address=address)
    session.commit()
    return account


def make_first_admin(
    session: Session, *, username: str, password: str, passwords: Passwords
) -> bool:
    """Make the admin that the environment names, unless there is an account already."""
    if has_accounts(session):
        return False
    password_hash = passwords.hash(password)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ACCOUNTS_LOCK)))
    if has_accounts(session):
        return False
    account = Account(username=username, password_hash=password_hash, role=Role.ADMIN)
    _add(session, account)
    _record_made(session, account, address="environment")
    session.commit()
    return True


def accounts(session: Session) -> Sequence[Account]:
    """Return all accounts, by name."""
    return session.scalars(sa.select(Account).order_by(sa.func.lower(Account.username))).all()


def change(
    session: Session,
    account_id: UUID,
    *,
    who: Principal,
    role: Role | None,
    is_active: bool | None,
    now: datetime,
) -> Account:
    """Give an account another role, or shut it out, or let it in again.

    Raises:
        AccountNotFound: There is none.
        LastAdmin: It is the last one that may do this.
    """
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ACCOUNTS_LOCK)))
    account = find(session, account_id)
    account.role = account.role if role is None else role
    account.is_active = account.is_active if is_active is None else is_active
    session.flush()
    if not session.scalar(_any_admin()):
        raise LastAdmin("This is the last admin. Make another one first.")
    if not account.is_active:
        _end_sessions(session, account_id, now=now)
    details = {"role": account.role, "is_active": account.is_active}
    audit.record(session, who, "account.changed", on=("account", account_id), details=details)
    session.commit()
    return account


def find(session: Session, account_id: UUID, *, lock: bool = False) -> Account:
    """Return an account.

    Args:
        session: The request's.
        account_id: Which one.
        lock: Whether others that lock it wait for this transaction's end. Rows that merely name
            it do not.

    Raises:
        AccountNotFound: There is none.
    """
    strength = {"key_share": True} if lock else None
    account = session.get(Account, account_id, with_for_update=strength)
    if account is None:
        raise AccountNotFound("There is no such account.")
    return account


def invitations(session: Session) -> Sequence[Invitation]:
    """Return all invitations, the newest first."""
    return session.scalars(sa.select(Invitation).order_by(Invitation.id.desc())).all()


def invite(
    session: Session, *, who: Principal, role: Role, valid_s: int, now: datetime
) -> tuple[Invitation, str]:
    """Make an invitation; return it and its code, which is known to nobody else."""
    code = secrets.token_urlsafe(16)
    invitation = Invitation(
        code_sha256=_sha256(code),
        role=role,
        created_by=who.account_id,
        expires_at=now + timedelta(seconds=valid_s),
    )
    session.add(invitation)
    session.flush()
    details = {"role": role}
    on = ("invitation", invitation.id)
    audit.record(session, who, "invitation.made", on=on, details=details)
    session.commit()
    return invitation, code


def withdraw_invitation(session: Session, invitation_id: int, *, who: Principal) -> None:
    """Delete an invitation: its code opens nothing any more.

    Raises:
        InvitationNotFound: There is none.
    """
    # Whoever withdraws or uses it at the same time has done so when we look.
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ACCOUNTS_LOCK)))
    invitation = session.get(Invitation, invitation_id)
    if invitation is None:
        raise InvitationNotFound("There is no such invitation.")
    session.delete(invitation)
    audit.record(session, who, "invitation.withdrawn", on=("invitation", invitation_id))
    session.commit()


def _add(session: Session, account: Account) -> None:
    taken = NameTaken("That user name or e-mail address is taken.")
    session.add(account)
    with refused_as({"uq_accounts_username": taken, "uq_accounts_email": taken}):
        session.flush()


def _role_of_new(
    session: Session,
    new: NewAccount,
    *,
    policy: RegistrationPolicy,
    invitation: Invitation | None,
) -> Role:
    if not has_accounts(session):
        if policy.setup_code is not None and not _same(new.setup_code, policy.setup_code):
            raise RegistrationClosed(
                "The first account needs the set-up code that the server wrote to its log: "
                "send it as setup_code."
            )
        return Role.ADMIN
    if invitation is not None:
        return Role(invitation.role)
    if new.invitation is not None:
        raise RegistrationClosed("This invitation is not known, was used, or has expired.")
    if policy.registration is not Registration.OPEN:
        raise RegistrationClosed("Accounts are made by invitation here: ask an admin for one.")
    return Role.VIEWER


def _open_invitation(session: Session, code: str | None, *, now: datetime) -> Invitation | None:
    if code is None:
        return None
    query = sa.select(Invitation).where(
        Invitation.code_sha256 == _sha256(code),
        Invitation.used_at.is_(None),
        Invitation.expires_at > now,
    )
    return session.scalar(query)


def _record_made(session: Session, account: Account, *, address: str) -> None:
    who = Principal(account.id, account.username, Role(account.role), address)
    details = {"role": account.role}
    audit.record(session, who, "account.made", on=("account", account.id), details=details)


def _any_admin() -> sa.Select[bool]:
    return sa.select(
        sa.exists().where(
            Account.role == Role.ADMIN, Account.is_active, Account.password_hash.is_not(None)
        )
    )


def _end_sessions(session: Session, account_id: UUID, *, now: datetime) -> None:
    session.execute(
        sa.update(LoginSession)
        .where(LoginSession.account_id == account_id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _same(given: str | None, expected: str) -> bool:
    return given is not None and hmac.compare_digest(given.strip().encode(), expected.encode())


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
