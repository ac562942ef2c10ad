"""Storing and listing what accounts are told."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from web.access.principal import Principal
from web.access.rights import Right
from web.access.visibility import CameraNotFound, require_visible
from web.audit import service as audit
from web.database import CHANGED_AT_ONCE, changed_rows, refused_as
from web.errors import Refused
from web.images.service import PictureNotFound, camera_of
from web.notifications.models import Notification
from web.users.service import NotYourAccount
from web.users.service import find as find_account

#: How many of an account are kept: then the oldest go.
MAX_NOTIFICATIONS = 10_000


def of_account(
    session: Session,
    who: Principal,
    *,
    account_id: UUID | None,
    limit: int,
    before_id: int | None,
) -> Sequence[Notification]:
    """Return an account's notifications, the newest first.

    Raises:
        NotYourAccount: It is somebody else's, and the caller is no operator.
    """
    owner = _owner(who, account_id)
    query = sa.select(Notification).where(Notification.account_id == owner)
    if before_id is not None:
        query = query.where(Notification.id < before_id)
    return session.scalars(query.order_by(Notification.id.desc()).limit(limit)).all()


def add(
    session: Session,
    who: Principal,
    *,
    account_id: UUID | None,
    message: str,
    camera_id: int | None,
    image_path: str | None,
) -> Notification:
    """Store a notification for an account, of which the newest are kept.

    Raises:
        NotYourAccount: It is somebody else's, and the caller is no operator.
        AccountNotFound: There is none.
        CameraNotFound: The camera, or that of the picture, is unknown or hidden from the caller.
        PictureNotFound: The system saved no such picture.
    """
    owner = find_account(session, _owner(who, account_id))
    cameras = set() if camera_id is None else {camera_id}
    if image_path is not None:
        cameras.add(camera_of(session, image_path))
    require_visible(session, who, cameras)
    notification = Notification(
        account_id=owner.id, camera_id=camera_id, message=message, image_path=image_path
    )
    # Found above, and maybe deleted since.
    refusals: dict[str, Refused] = {"fk_notifications_image_path": PictureNotFound()}
    if camera_id is not None:
        refusals["fk_notifications_camera_id"] = CameraNotFound(camera_id)
    session.add(notification)
    with refused_as(refusals):
        session.flush()
    _forget_oldest(session, owner.id)
    details = {"account_id": str(owner.id)}
    on = ("notification", notification.id)
    audit.record(session, who, "notification.added", on=on, details=details)
    session.commit()
    return notification


def _forget_oldest(session: Session, account_id: UUID) -> None:
    of_account = Notification.account_id == account_id
    newest_first = sa.select(Notification.id).where(of_account).order_by(Notification.id.desc())
    newest_gone = newest_first.offset(MAX_NOTIFICATIONS).limit(1).scalar_subquery()
    gone = sa.select(Notification.id).where(of_account, Notification.id <= newest_gone)
    # What another call forgets just now is left to it; many of before, to the calls to come.
    some = gone.with_for_update(skip_locked=True).limit(CHANGED_AT_ONCE)
    changed_rows(session, sa.delete(Notification).where(Notification.id.in_(some)))


def _owner(who: Principal, account_id: UUID | None) -> UUID:
    owner = account_id or who.account_id
    if owner != who.account_id and not who.may(Right.NOTIFY_OTHERS):
        raise NotYourAccount("Notifications of other accounts are for operators.")
    return owner
