"""Which cameras an account may see, and whether it still may."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from web.access.models import CameraGrant
from web.access.principal import Principal
from web.access.rights import Role
from web.access.visibility import CameraNotFound, hidden_from
from web.audit import service as audit
from web.cameras.models import Camera
from web.database import refused_as
from web.users.models import Account, LoginSession
from web.users.service import AccountNotFound


def load_principal(
    session: Session, account_id: UUID, session_id: UUID, *, address: str, now: datetime
) -> Principal | None:
    """Return who a token speaks for, or None when the log-in has ended or was ended since."""
    query = (
        sa.select(Account.username, Account.role)
        .join(LoginSession, LoginSession.account_id == Account.id)
        .where(
            Account.id == account_id,
            Account.is_active,
            LoginSession.id == session_id,
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > now,
        )
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    return Principal(account_id, found.username, Role(found.role), address, session_id)


def is_still_allowed(
    session: Session, who: Principal, camera_ids: Collection[int], *, now: datetime
) -> bool:
    """Return whether somebody who saw these cameras before may go on seeing all of them."""
    if who.session_id is not None:
        found = load_principal(
            session, who.account_id, who.session_id, address=who.address, now=now
        )
        if found is None:
            return False
        who = found
    return not hidden_from(session, who, camera_ids)


def grants(session: Session, camera_id: int) -> Sequence[sa.Row[UUID, str]]:
    """Return id and user name of each account that was granted a camera.

    Raises:
        CameraNotFound: There is none.
    """
    if session.get(Camera, camera_id) is None:
        raise CameraNotFound(camera_id)
    query = (
        sa.select(Account.id, Account.username)
        .join(CameraGrant, CameraGrant.account_id == Account.id)
        .where(CameraGrant.camera_id == camera_id)
        .order_by(sa.func.lower(Account.username))
    )
    return session.execute(query).all()


def grant(session: Session, camera_id: int, account_id: UUID, *, who: Principal) -> None:
    """Let an account see a camera. Granting twice is granting once.

    Raises:
        CameraNotFound: There is none.
        AccountNotFound: There is none.
    """
    row = insert(CameraGrant).values(camera_id=camera_id, account_id=account_id)
    refusals = {
        "fk_camera_grants_camera_id": CameraNotFound(camera_id),
        "fk_camera_grants_account_id": AccountNotFound("There is no such account."),
    }
    with refused_as(refusals):
        session.execute(row.on_conflict_do_nothing())
    _record(session, who, "camera.granted", camera_id, account_id)


def withdraw(session: Session, camera_id: int, account_id: UUID, *, who: Principal) -> None:
    """Take an account's grant for a camera away. Running streams end at their next check."""
    session.execute(
        sa.delete(CameraGrant).where(
            CameraGrant.camera_id == camera_id, CameraGrant.account_id == account_id
        )
    )
    _record(session, who, "camera.grant_withdrawn", camera_id, account_id)


def _record(
    session: Session, who: Principal, action: str, camera_id: int, account_id: UUID
) -> None:
    details = {"account_id": str(account_id)}
    audit.record(session, who, action, on=("camera", camera_id), details=details)
    session.commit()
