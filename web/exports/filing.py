"""Files what is told of exports, and sees that none is forgotten."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from vigil.bus.exports.base import ExportQueue
from vigil.clock import utc_from_us
from vigil.exports import ExportState
from vigil.facts import ExportFact, ExportResult
from web.cameras.models import Camera
from web.database import changed_rows
from web.exports.models import Export
from web.exports.service import OPEN, send

log = structlog.get_logger(__name__)

#: What was just asked for is being sent by who was asked.
_SENT_WITHIN: Final = timedelta(seconds=10)
#: An export of which nothing was told for so long is sent again: its message may be lost.
SILENT: Final = timedelta(minutes=10)
#: Exports that are looked after at once.
_AT_ONCE = 100
#: From which states a fact may change an export: what has ended stays so.
_FROM: Final = {
    ExportState.RUNNING: OPEN,
    ExportState.DONE: OPEN,
    ExportState.FAILED: OPEN,
    ExportState.CANCELLED: OPEN,
    ExportState.EXPIRED: (ExportState.DONE,),
}


def file_exports(session: Session, facts: Sequence[ExportFact], *, now: datetime) -> None:
    """File what facts say. What is told of an export that nobody knows is dropped."""
    # In one order, or two writers could wait for each other; of one export in the order of telling.
    for fact in sorted(facts, key=lambda fact: str(fact.export)):
        allowed = _FROM.get(fact.state)
        if allowed is None:
            continue
        which = sa.update(Export).where(Export.export == fact.export, Export.state.in_(allowed))
        changed_rows(session, which.values(**_told(fact, now)))


def look_after(session: Session, *, queue: ExportQueue, now: datetime) -> None:
    """Send what was not sent, or has been silent for long; cancel what is of deleted cameras.

    Raises:
        BusUnavailable: Redis does not answer; the next time will do.
    """
    for export in session.scalars(_of_deleted_cameras()).all():
        queue.cancel(export.export)
        is_open = export.state in OPEN
        export.state = ExportState.CANCELLED if is_open else ExportState.EXPIRED
        export.ended_at = now
    unsent = sa.and_(~Export.is_sent, Export.created_at < now - _SENT_WITHIN)
    silent = sa.or_(unsent, Export.told_at < now - SILENT)
    waiting = sa.select(Export).where(Export.state.in_(OPEN), silent).order_by(Export.id)
    for export in session.scalars(waiting.limit(_AT_ONCE).with_for_update(skip_locked=True)).all():
        log.info("export_sent_again", export=str(export.export), state=export.state)
        send(session, export, queue=queue, now=now)


def forget_exports(session: Session, *, before: datetime, limit: int) -> None:
    """Delete what is known of exports that ended before a time and have no file, at most limit."""
    ended = (ExportState.FAILED, ExportState.CANCELLED, ExportState.EXPIRED)
    old = sa.select(Export.id).where(Export.state.in_(ended), Export.ended_at < before)
    changed_rows(session, sa.delete(Export).where(Export.id.in_(old.limit(limit))))


def _of_deleted_cameras() -> sa.Select[Export]:
    named = sa.func.unnest(Export.camera_ids).table_valued("camera_id").render_derived()
    there = sa.exists().where(Camera.id == named.c.camera_id)
    gone = sa.exists(sa.select(1).select_from(named).where(~there))
    has_something = Export.state.in_((*OPEN, ExportState.DONE))
    return sa.select(Export).where(has_something, gone).order_by(Export.id).limit(_AT_ONCE)


def _told(fact: ExportFact, now: datetime) -> dict[str, Any]:
    told: dict[str, Any] = {"state": fact.state, "told_at": now}
    if fact.state is ExportState.RUNNING:
        return {**told, "progress": fact.progress}
    if fact.state is ExportState.EXPIRED:
        return told
    told |= {"ended_at": now, "reason": fact.reason}
    return told if fact.result is None else {**told, "progress": 1.0, **_of_file(fact.result)}


def _of_file(result: ExportResult) -> dict[str, Any]:
    return {
        "volume": result.volume,
        "path": result.path,
        "size_bytes": result.size_bytes,
        "sha256": result.sha256,
        "begun_at": utc_from_us(result.begun_us),
        "covered_until": utc_from_us(result.ended_us),
        "gaps": [
            {
                "camera_id": each.camera_id,
                "begun_at": utc_from_us(each.begun_us).isoformat(),
                "ended_at": utc_from_us(each.ended_us).isoformat(),
            }
            for each in result.gaps
        ],
        "expires_at": utc_from_us(result.expires_us),
    }
