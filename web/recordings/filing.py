"""Files what recorders tell, each once and in whatever order."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vigil.clock import utc_from_us
from vigil.facts import GapFact, SegmentDeleted, SegmentFact
from web.cameras.existing import lock_existing
from web.cameras.models import Camera
from web.database import changed_rows
from web.deletions.models import SegmentDeletion
from web.recordings.models import RecordingGap, Segment

log = structlog.get_logger(__name__)

FootageFact = SegmentFact | SegmentDeleted | GapFact

#: What a newer fact of a file changes.
_TOLD = ("revision", "ended_at", "last_entry", "size_bytes")


def file_footage(session: Session, facts: Sequence[FootageFact]) -> None:
    """File what facts say, as far as it is new. Those of cameras that are gone are dropped.

    Not so that a file is gone: it ends what a user wants, and that outlives the camera.
    """
    if not facts:
        return
    known = lock_existing(session, {fact.camera_id for fact in facts})
    told = [each for each in facts if each.camera_id in known or isinstance(each, SegmentDeleted)]
    if dropped := len(facts) - len(told):
        log.info("facts_of_no_camera_dropped", count=dropped)
    _delete(session, [each for each in told if isinstance(each, SegmentDeleted)])
    _file_segments(session, _of_files_there(told))
    _file_gaps(session, [each for each in told if isinstance(each, GapFact)])


def _of_files_there(facts: Sequence[FootageFact]) -> list[SegmentFact]:
    """Return what is told of files behind their deletion: a name may have been given anew."""
    there: dict[tuple[UUID, str], list[SegmentFact]] = {}
    for fact in facts:
        if isinstance(fact, SegmentDeleted):
            there.pop((fact.volume, fact.path), None)
        elif isinstance(fact, SegmentFact):
            there.setdefault((fact.volume, fact.path), []).append(fact)
    return [fact for told in there.values() for fact in told]


def forget_footage_of(session: Session, camera_id: int, *, limit: int) -> int:
    """Delete what is known of a camera's footage, at most limit files; return how many."""
    some = sa.select(Segment.id).where(Segment.camera_id == camera_id).limit(limit)
    return changed_rows(session, sa.delete(Segment).where(Segment.id.in_(some)))


def forget_gaps(session: Session, *, before: datetime, limit: int) -> None:
    """Delete gaps that ended before a time, at most limit.

    Not those with older footage of the same camera: who finds that wonders what follows it.
    """
    # Of each camera once: of a year by motion there are millions of gaps, and few may go.
    oldest = (
        sa.select(sa.func.min(Segment.begun_at).label("begun_at"))
        .where(Segment.camera_id == Camera.id)
        .lateral()
    )
    old = (
        sa.select(RecordingGap.id)
        .select_from(Camera)
        .join(oldest, sa.true())
        .join(RecordingGap, RecordingGap.camera_id == Camera.id)
        .where(RecordingGap.ended_at < before)
        .where(RecordingGap.begun_at <= sa.func.coalesce(oldest.c.begun_at, before))
        .limit(limit)
    )
    session.execute(sa.delete(RecordingGap).where(RecordingGap.id.in_(old)))


def _file_segments(session: Session, facts: Sequence[SegmentFact]) -> None:
    rows = {
        (str(fact.volume), fact.path): _row_of(fact)
        for fact in sorted(facts, key=lambda fact: fact.revision)
    }
    # What a user deleted does not come back by what is told once more; and nobody deletes any of
    # it before the commit, since its camera is locked.
    named = sa.tuple_(SegmentDeletion.volume, SegmentDeletion.path).in_(sorted(rows))
    for volume, path in session.execute(
        sa.select(SegmentDeletion.volume, SegmentDeletion.path).where(named)
    ):
        del rows[str(volume), path]
    if not rows:
        return
    # In one order, or two writers could wait for each other.
    statement = insert(Segment).values([rows[key] for key in sorted(rows)])
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Segment.volume, Segment.path],
            set_={name: statement.excluded[name] for name in _TOLD},
            where=Segment.revision < statement.excluded.revision,
        )
    )


def _file_gaps(session: Session, facts: Sequence[GapFact]) -> None:
    rows = {
        (fact.camera_id, fact.begun_us): {
            "camera_id": fact.camera_id,
            "epoch": fact.epoch,
            "begun_at": utc_from_us(fact.begun_us),
            "ended_at": utc_from_us(fact.ended_us),
            "reason": fact.reason.value,
        }
        for fact in facts
    }
    if rows:
        statement = insert(RecordingGap).values([rows[key] for key in sorted(rows)])
        session.execute(statement.on_conflict_do_nothing())


def _delete(session: Session, facts: Collection[SegmentDeleted]) -> None:
    named = sorted((str(fact.volume), fact.path) for fact in facts)
    for model in (Segment, SegmentDeletion) if named else ():
        gone = sa.tuple_(model.volume, model.path).in_(named)
        session.execute(sa.delete(model).where(gone))


def _row_of(fact: SegmentFact) -> dict[str, Any]:
    return {
        "camera_id": fact.camera_id,
        "epoch": fact.epoch,
        "volume": fact.volume,
        "path": fact.path,
        "revision": fact.revision,
        "begun_at": utc_from_us(fact.begun_us),
        "ended_at": None if fact.ended_us is None else utc_from_us(fact.ended_us),
        "first_entry": fact.first_entry,
        "last_entry": fact.last_entry,
        "size_bytes": fact.size_bytes,
        "codec": fact.codec,
        "width_px": fact.width_px,
        "height_px": fact.height_px,
    }
