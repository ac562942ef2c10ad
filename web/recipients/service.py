"""Adding, listing and removing recipients: one's own, or as admin anybody's."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from vigil.sealing import Sealer
from web.access.principal import Principal
from web.access.rights import Right
from web.audit import service as audit
from web.database import refused_as
from web.errors import Conflict, NotFound
from web.recipients.models import EmailRecipient, LineToken
from web.users.service import AccountNotFound, NotYourAccount
from web.users.service import find as find_account

RecipientT = TypeVar("RecipientT", LineToken, EmailRecipient)

#: How many of a kind an account takes.
MAX_RECIPIENTS = 100


class RecipientNotFound(NotFound):
    """No such recipient, or somebody else's."""


class RecipientRefused(Conflict):
    """It is there already, or there are too many."""


def of_account(
    session: Session, kind: type[RecipientT], who: Principal, *, account_id: UUID | None
) -> Sequence[RecipientT]:
    """Return an account's recipients of a kind, in the order added.

    Raises:
        NotYourAccount: It is somebody else's, and the caller is no admin.
    """
    owner = _owner(who, account_id)
    return session.scalars(sa.select(kind).where(kind.account_id == owner).order_by(kind.id)).all()


def add_line_token(
    session: Session,
    who: Principal,
    *,
    account_id: UUID | None,
    token: str,
    to: str | None,
    sealer: Sealer,
) -> LineToken:
    """Store a LINE token, sealed.

    Raises:
        NotYourAccount: The account is somebody else's, and the caller is no admin.
        AccountNotFound: There is none.
        RecipientRefused: There are ``MAX_RECIPIENTS``.
    """
    owner = _owner(who, account_id)
    sealed = sealer.seal(token)
    line_token = LineToken(account_id=owner, token=sealed, token_end=token[-4:], to=to)
    return _add(session, who, line_token, "line_token")


def add_email(
    session: Session, who: Principal, *, account_id: UUID | None, email: str
) -> EmailRecipient:
    """Store an address.

    Raises:
        NotYourAccount: The account is somebody else's, and the caller is no admin.
        AccountNotFound: There is none.
        RecipientRefused: It is there already, or there are ``MAX_RECIPIENTS``.
    """
    recipient = EmailRecipient(account_id=_owner(who, account_id), email=email)
    return _add(session, who, recipient, "email_recipient")


def remove(session: Session, kind: type[RecipientT], recipient_id: int, *, who: Principal) -> None:
    """Delete a recipient.

    Raises:
        RecipientNotFound: There is none, or it is somebody else's and the caller is no admin.
    """
    recipient = session.get(kind, recipient_id)
    if recipient is None or not _may(who, recipient.account_id):
        raise RecipientNotFound(f"There is no recipient {recipient_id}.")
    session.delete(recipient)
    name = kind.__tablename__.removesuffix("s")
    audit.record(session, who, f"{name}.removed", on=(name, recipient_id))
    session.commit()


def _add(session: Session, who: Principal, recipient: RecipientT, name: str) -> RecipientT:
    # Locked before the count: whoever adds another waits until this one counts.
    find_account(session, recipient.account_id, lock=True)
    kind = type(recipient)
    number = sa.select(sa.func.count()).where(kind.account_id == recipient.account_id)
    if (session.scalar(number) or 0) >= MAX_RECIPIENTS:
        raise RecipientRefused(f"An account has at most {MAX_RECIPIENTS} of these.")
    refusals = {
        "uq_email_recipients_account_id_email": RecipientRefused("This address is there already."),
        f"fk_{kind.__tablename__}_account_id": AccountNotFound("There is no such account."),
    }
    session.add(recipient)
    with refused_as(refusals):
        session.flush()
    audit.record(session, who, f"{name}.added", on=(name, recipient.id))
    session.commit()
    return recipient


def _owner(who: Principal, account_id: UUID | None) -> UUID:
    owner = account_id or who.account_id
    if not _may(who, owner):
        raise NotYourAccount("Recipients of other accounts are for admins.")
    return owner


def _may(who: Principal, account_id: UUID) -> bool:
    return account_id == who.account_id or who.may(Right.MANAGE_ACCOUNTS)
