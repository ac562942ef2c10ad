"""Asking for exports, and finding, cancelling and giving them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from vigil.bus.exports.base import ExportQueue
from vigil.clock import us_from_utc
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable
from vigil.exports import ExportedCamera, ExportKind, ExportOrder, ExportState
from web.access.principal import Principal
from web.access.rights import Right
from web.access.visibility import is_visible_to, require_visible
from web.audit import service as audit
from web.cameras.models import Camera
from web.database import changed_rows
from web.errors import Conflict, NotFound
from web.exports.models import Export
from web.masks import service as masks
from web.recordings.service import FootageIsUnmasked

log = structlog.get_logger(__name__)

#: Exports that wait or are made: of one account, and of all.
MAX_OPEN_OF_ONE, MAX_OPEN = 20, 200
OPEN = (ExportState.QUEUED, ExportState.RUNNING)


class ExportNotFound(NotFound):
    """There is no such export, or none that the caller may see."""

    def __init__(self, export_id: int) -> None:
        super().__init__(f"There is no export {export_id}.")


class ExportNotDone(Conflict):
    """The export has no file, or not yet."""


class TooManyExports(Conflict):
    """As many wait as may."""


def ask(
    session: Session,
    who: Principal,
    fields: dict[str, Any],
    *,
    queue: ExportQueue,
    now: datetime,
) -> Export:
    """Ask for an export; return it, queued.

    Raises:
        CameraNotFound: A camera is unknown, or hidden from them.
        FootageIsUnmasked: It would show what masks hide from them.
        TooManyExports: They must wait for others.
    """
    camera_ids = fields["camera_ids"]
    require_visible(session, who, camera_ids)
    _require_unmasked(session, who, camera_ids)
    _require_room(session, who)
    export = Export(
        export=uuid4(),
        account_id=who.account_id,
        kind=fields["kind"],
        camera_ids=camera_ids,
        since_at=fields["since"],
        until_at=fields["until"],
        is_exact=fields["exact"],
        created_at=now,
        told_at=now,
    )
    session.add(export)
    session.flush()
    details = {
        "camera_ids": camera_ids,
        "since": fields["since"].isoformat(),
        "until": fields["until"].isoformat(),
        "kind": fields["kind"],
        "exact": fields["exact"],
    }
    audit.record(session, who, "export.asked", on=("export", export.id), details=details)
    session.commit()
    try:
        send(session, export, queue=queue, now=now)
    except BusUnavailable as error:
        # The writer sends it when Redis is back.
        log.warning("export_not_sent", export=str(export.export), reason=str(error))
    session.commit()
    session.refresh(export)
    return export


def send(session: Session, export: Export, *, queue: ExportQueue, now: datetime) -> None:
    """Hand an export to the jobs; one that they have already is made once all the same.

    Raises:
        BusUnavailable: Redis does not answer.
    """
    cameras = session.execute(
        sa.select(Camera.id, Camera.name, Camera.created_at)
        .where(Camera.id.in_(export.camera_ids))
        .order_by(Camera.id)
    ).all()
    if not cameras:
        return
    order = ExportOrder(
        export=export.export,
        kind=ExportKind(export.kind),
        cameras=tuple(
            ExportedCamera(
                camera_id=CameraId(camera_id), name=name, since_us=us_from_utc(created_at)
            )
            for camera_id, name, created_at in cameras
        ),
        since_us=us_from_utc(export.since_at),
        until_us=us_from_utc(export.until_at),
        is_exact=export.is_exact,
    )
    queue.put(order)
    export.is_sent, export.told_at = True, now


def exports(
    session: Session, who: Principal, *, limit: int, before_id: int | None
) -> Sequence[Export]:
    """Return the newest first, of those that somebody may see."""
    query = sa.select(Export).where(_is_visible_to(who)).order_by(Export.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(Export.id < before_id)
    return session.scalars(query).all()


def find(session: Session, who: Principal, export_id: int) -> Export:
    """Return an export that somebody may see: their own, an admin any; of cameras that they see.

    Raises:
        ExportNotFound: There is none.
    """
    export = session.scalar(sa.select(Export).where(Export.id == export_id, _is_visible_to(who)))
    if export is None:
        raise ExportNotFound(export_id)
    return export


def find_file(session: Session, who: Principal, export_id: int) -> Export:
    """Return an export whose file somebody may have.

    Raises:
        ExportNotFound: There is none.
        ExportNotDone: It has no file, or has none any more.
        FootageIsUnmasked: It shows what masks hide from them by now.
    """
    export = find(session, who, export_id)
    _require_unmasked(session, who, export.camera_ids)
    if export.state != ExportState.DONE:
        raise ExportNotDone(f"Export {export_id} is {export.state}: it has no file.")
    return export


def end(session: Session, who: Principal, export_id: int, *, queue: ExportQueue) -> None:
    """Cancel an export, or delete what it made. One that has ended otherwise stays as it is.

    Raises:
        ExportNotFound: There is none that is theirs to end.
        BusUnavailable: Redis does not answer; nothing has changed.
    """
    export = session.scalar(sa.select(Export).where(Export.id == export_id, _is_of(who)))
    if export is None:
        raise ExportNotFound(export_id)
    # First: who makes it, or has made it, hears of it, or nothing has happened.
    queue.cancel(export.export)
    is_open = export.state in OPEN
    if is_open or export.state == ExportState.DONE:
        ended = ExportState.CANCELLED if is_open else ExportState.EXPIRED
        which = sa.update(Export).where(Export.id == export_id, Export.state == export.state)
        session.expunge(export)
        if not changed_rows(session, which.values(state=ended, ended_at=sa.func.now())):
            # It was done meanwhile, or not any more: the same again, of what it is now.
            session.rollback()
            end(session, who, export_id, queue=queue)
            return
        action = "export.cancelled" if is_open else "export.deleted"
        audit.record(session, who, action, on=("export", export_id))
    session.commit()


def note_download(session: Session, who: Principal, export: Export) -> None:
    """Keep in the trail that somebody fetched a file."""
    audit.record(session, who, "export.downloaded", on=("export", export.id))
    session.commit()


def _is_of(who: Principal) -> sa.ColumnElement[bool]:
    if who.may(Right.SEE_ALL_EXPORTS):
        return sa.true()
    return Export.account_id == who.account_id


def _is_visible_to(who: Principal) -> sa.ColumnElement[bool]:
    named = sa.func.unnest(Export.camera_ids).table_valued("camera_id").render_derived()
    seen = sa.exists().where(Camera.id == named.c.camera_id, is_visible_to(who))
    hidden = sa.exists(sa.select(1).select_from(named).where(~seen))
    return sa.and_(_is_of(who), ~hidden)


def _require_unmasked(session: Session, who: Principal, camera_ids: Collection[int]) -> None:
    if who.may(Right.SEE_UNMASKED):
        return
    masked = [each for each in camera_ids if masks.in_force(session, each)]
    if masked:
        raise FootageIsUnmasked(
            f"Camera {masked[0]} has privacy masks, and footage is kept as the camera sent it: "
            "it is for admins alone."
        )


def _require_room(session: Session, who: Principal) -> None:
    count = sa.select(sa.func.count()).select_from(Export).where(Export.state.in_(OPEN))
    own = session.scalar(count.where(Export.account_id == who.account_id)) or 0
    if own >= MAX_OPEN_OF_ONE:
        raise TooManyExports(
            f"{own} exports of yours wait already: wait until one is done, or cancel one."
        )
    if (session.scalar(count) or 0) >= MAX_OPEN:
        raise TooManyExports(f"{MAX_OPEN} exports wait already: try again when some are done.")
