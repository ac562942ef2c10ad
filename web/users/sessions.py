"""Log-ins: a family of refresh tokens each, of which one is good at a time."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Session

from web.access.principal import Principal
from web.access.rights import Role
from web.access.tokens import Purpose, TokenSigner
from web.audit import service as audit
from web.errors import Forbidden, Unauthenticated
from web.users.models import Account, LoginSession
from web.users.passwords import Passwords


class PasswordWrong(Forbidden):
    """Who is logged in does not know the password."""


@dataclass(frozen=True, slots=True)
class Login:
    """A log-in as its owner needs it.

    Attributes:
        refresh_token: Good once; the next one comes with its use.
    """

    account_id: UUID
    session_id: UUID
    refresh_token: str


def log_in(
    session: Session,
    *,
    username: str,
    password: str,
    passwords: Passwords,
    address: str,
    signer: TokenSigner,
    now: datetime,
    lifetime_s: int,
) -> Login:
    """Begin a session for who knows the password.

    Raises:
        Unauthenticated: The two do not belong together; which of them is wrong is not said.
    """
    query = sa.select(Account.id, Account.password_hash, Account.role).where(
        sa.func.lower(Account.username) == sa.func.lower(username), Account.is_active
    )
    found = session.execute(query).one_or_none()
    # Hashing is slow: no connection is held meanwhile.
    session.rollback()
    is_right = passwords.match(None if found is None else found.password_hash, password)
    if found is None or not is_right:
        audit.record_stranger(session, username=username, address=address, action="login.failed")
        session.commit()
        raise Unauthenticated("The user name or the password is wrong.")
    _forget_old(session, found.id, now=now)
    login = _begin(session, found.id, signer=signer, now=now, lifetime_s=lifetime_s)
    who = Principal(found.id, username, Role(found.role), address, login.session_id)
    audit.record(session, who, "login.succeeded", on=("session", login.session_id))
    session.commit()
    return login


def refresh(
    session: Session,
    refresh_token: str,
    *,
    signer: TokenSigner,
    address: str,
    now: datetime,
    lifetime_s: int,
) -> Login:
    """Exchange a refresh token for the next one of its family.

    Raises:
        Unauthenticated: It is not good. When it was used before, somebody else may hold its
            successor, so its whole family is revoked. One that we never made ends nothing: a
            family's number is no secret.
    """
    session_id, secret = _parted(refresh_token)
    query = (
        sa.select(LoginSession, Account)
        .join(Account, Account.id == LoginSession.account_id)
        .where(LoginSession.id == session_id, Account.is_active)
        .with_for_update(of=LoginSession)
    )
    row = session.execute(query).one_or_none()
    if row is None or row[0].revoked_at is not None or row[0].expires_at <= now:
        raise Unauthenticated("This log-in has ended. Log in again.")
    family, account = row
    if not hmac.compare_digest(family.refresh_sha256, _sha256(secret)):
        if not _is_ours(session_id, secret, signer):
            raise Unauthenticated("The token is not valid.")
        family.revoked_at = now
        who = Principal(account.id, account.username, Role(account.role), address, family.id)
        audit.record(session, who, "session.token_reused", on=("session", family.id))
        session.commit()
        raise Unauthenticated("This token was used before: its log-in was ended. Log in again.")
    next_secret = _new_secret(family.id, signer)
    family.refresh_sha256 = _sha256(next_secret)
    family.expires_at = now + timedelta(seconds=lifetime_s)
    login = Login(account.id, family.id, _joined(family.id, next_secret))
    session.commit()
    return login


def log_out(session: Session, who: Principal, *, now: datetime) -> None:
    """End the caller's session: none of its tokens is good any more."""
    if who.session_id is None:
        return  # The local admin of AUTH_MODE=open never logged in.
    session.execute(
        sa.update(LoginSession).where(LoginSession.id == who.session_id).values(revoked_at=now)
    )
    audit.record(session, who, "logout", on=("session", who.session_id))
    session.commit()


def change_password(
    session: Session, who: Principal, *, old: str, new: str, passwords: Passwords, now: datetime
) -> None:
    """Give the caller another password, and end all their other log-ins.

    Raises:
        PasswordWrong: The present one is another.
    """
    query = sa.select(Account.password_hash).where(Account.id == who.account_id)
    stored = session.scalar(query)
    # Hashing is slow: no connection is held meanwhile.
    session.rollback()
    if not passwords.match(stored, old):
        raise PasswordWrong("The present password is wrong.")
    new_hash = passwords.hash(new)
    changed = sa.update(Account).where(Account.id == who.account_id)
    session.execute(changed.values(password_hash=new_hash))
    session.execute(
        sa.update(LoginSession)
        .where(LoginSession.account_id == who.account_id, LoginSession.id != who.session_id)
        .values(revoked_at=now)
    )
    audit.record(session, who, "account.password_changed", on=("account", who.account_id))
    session.commit()


def session_of(refresh_token: str) -> UUID:
    """Return the session that a refresh token names, good or not.

    Raises:
        Unauthenticated: It is no refresh token.
    """
    return _parted(refresh_token)[0]


def _begin(
    session: Session, account_id: UUID, *, signer: TokenSigner, now: datetime, lifetime_s: int
) -> Login:
    session_id = uuid4()
    secret = _new_secret(session_id, signer)
    family = LoginSession(
        id=session_id,
        account_id=account_id,
        refresh_sha256=_sha256(secret),
        created_at=now,
        expires_at=now + timedelta(seconds=lifetime_s),
    )
    session.add(family)
    return Login(account_id, session_id, _joined(session_id, secret))


def _forget_old(session: Session, account_id: UUID, *, now: datetime) -> None:
    session.execute(
        sa.delete(LoginSession).where(
            LoginSession.account_id == account_id, LoginSession.expires_at <= now
        )
    )


def _new_secret(session_id: UUID, signer: TokenSigner) -> str:
    """Return what nobody can guess, and what tells us later that we made it for this session."""
    random = secrets.token_urlsafe(32)
    return f"{random}.{signer.fingerprint(Purpose.REFRESH, _joined(session_id, random))}"


def _is_ours(session_id: UUID, secret: str, signer: TokenSigner) -> bool:
    random, _, given = secret.partition(".")
    fitting = signer.fingerprints(Purpose.REFRESH, _joined(session_id, random))
    return any(hmac.compare_digest(given.encode(), one.encode()) for one in fitting)


def _joined(session_id: UUID, secret: str) -> str:
    return f"{session_id.hex}.{secret}"


def _parted(refresh_token: str) -> tuple[UUID, str]:
    session_hex, _, secret = refresh_token.partition(".")
    try:
        return UUID(hex=session_hex), secret
    except ValueError:
        raise Unauthenticated("The token is not valid.") from None


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
