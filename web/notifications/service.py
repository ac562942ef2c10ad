"""Storing and listing what accounts are told."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from web.access.principal import Principal
from web.access.rights import Right
from web.access.visibility import CameraNotFound, require_visible
from web.audit import service as audit
from web.database import refused_as
from web.errors import Forbidden, Refused
from web.images.service import PictureNotFound, camera_of
from web.notifications.models import Notification
from web.users.service import find as find_account


class NotYourAccount(Forbidden):
    """The account is somebody else's."""


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
    """Store a notification for an account.

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
    details = {"account_id": str(owner.id)}
    on = ("notification", notification.id)
    audit.record(session, who, "notification.added", on=on, details=details)
    session.commit()
    return notification


def _owner(who: Principal, account_id: UUID | None) -> UUID:
    owner = account_id or who.account_id
    if owner != who.account_id and not who.may(Right.NOTIFY_OTHERS):
        raise NotYourAccount("Notifications of other accounts are for operators.")
    return owner
