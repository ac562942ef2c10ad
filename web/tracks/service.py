"""Filing tracks, each once and in whatever order they are told, and reading them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vigil.clock import utc_from_us
from vigil.facts import TrackFact
from web.access.principal import Principal
from web.access.visibility import find_visible, is_visible_to
from web.cameras.existing import lock_existing
from web.cameras.models import Camera
from web.database import changed_rows
from web.lines.service import file_crossings
from web.tracks.models import RecognitionEpoch, Track

log = structlog.get_logger(__name__)

#: The clock of a camera's host may be so far ahead of Redis'.
ALLOWED_SKEW_US = 2_000_000


def tracks(
    session: Session,
    who: Principal,
    *,
    limit: int,
    before_id: int | None,
    camera_id: int | None,
    label: str | None,
) -> Sequence[Track]:
    """Return the newest tracks first, of the cameras that somebody may see.

    Raises:
        CameraNotFound: camera_id is unknown, or hidden from them.
    """
    query = sa.select(Track).order_by(Track.id.desc()).limit(limit)
    if camera_id is None:
        seen = sa.exists().where(Camera.id == Track.camera_id, is_visible_to(who))
        query = query.where(seen)
    else:
        query = query.where(Track.camera_id == find_visible(session, who, camera_id).id)
    if label is not None:
        query = query.where(Track.label == label)
    if before_id is not None:
        query = query.where(Track.id < before_id)
    return session.scalars(query).all()


def file_tracks(session: Session, facts: Sequence[TrackFact]) -> None:
    """File what facts say, as far as it is new; ends the tracks of leases that have passed.

    What a track crossed is filed with it, also by a fact that is not its newest.

    A fact told under a lease after the next one began is dropped: who told it was paused, and
    did not know. Facts of cameras that are not there any more are dropped, too.
    """
    known = lock_existing(session, {fact.camera_id for fact in facts})
    of_known = [fact for fact in facts if fact.camera_id in known]
    newest = _advance_epochs(session, of_known)
    filed = [fact for fact in of_known if not _is_fenced(fact, newest[fact.camera_id])]
    if dropped := len(facts) - len(of_known):
        log.info("facts_of_no_camera_dropped", count=dropped)
    if fenced := len(of_known) - len(filed):
        log.warning("facts_of_a_passed_lease_dropped", count=fenced)
    file_crossings(session, filed)
    rows = {
        (fact.camera_id, fact.epoch, fact.track): _row_of(fact, newest[fact.camera_id])
        for fact in sorted(filed, key=lambda fact: fact.revision)
    }
    if not rows:
        return
    # In one order, or two writers could wait for each other.
    statement = insert(Track).values([rows[key] for key in sorted(rows)])
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Track.camera_id, Track.epoch, Track.number],
            set_={name: statement.excluded[name] for name in _TOLD},
            where=Track.revision < statement.excluded.revision,
        )
    )


def close_silent(session: Session, *, before: datetime, limit: int) -> int:
    """End the tracks of which nobody has told since, at most limit; return how many."""
    silent = _free(Track.closed_at.is_(None), Track.seen_at < before).limit(limit)
    return _closed(session, Track.id.in_(silent))


def forget(session: Session, *, before: datetime, limit: int) -> int:
    """Delete tracks that ended before a time, at most limit; return how many."""
    old = _free(Track.closed_at < before).limit(limit)
    return changed_rows(session, sa.delete(Track).where(Track.id.in_(old)))


def forget_camera(session: Session, camera_id: int, *, limit: int) -> int:
    """Delete tracks of a camera, at most limit; return how many."""
    some = _free(Track.camera_id == camera_id).limit(limit)
    return changed_rows(session, sa.delete(Track).where(Track.id.in_(some)))


def _free(*which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    # What another writer files just now is left to it: nobody waits for anybody.
    return sa.select(Track.id).where(*which).with_for_update(skip_locked=True)


#: What a newer fact of a track changes.
_TOLD = (
    "revision",
    "label",
    "confidence",
    "opened_at",
    "seen_at",
    "closed_at",
    "looks",
    "first_box",
    "last_box",
    "zones",
)


def _row_of(fact: TrackFact, newest: int) -> dict[str, Any]:
    # What was told late under a lease that has passed is not there any more.
    over_us = fact.seen_us if fact.epoch < newest else None
    closed_us = over_us if fact.closed_us is None else fact.closed_us
    return {
        "camera_id": fact.camera_id,
        "epoch": fact.epoch,
        "number": fact.track,
        "revision": fact.revision,
        "label": fact.label,
        "confidence": fact.confidence,
        "opened_at": utc_from_us(fact.opened_us),
        "seen_at": utc_from_us(fact.seen_us),
        "closed_at": None if closed_us is None else utc_from_us(closed_us),
        "looks": fact.looks,
        "first_box": list(fact.first_box),
        "last_box": list(fact.last_box),
        "zones": list(fact.zones),
    }


def _advance_epochs(session: Session, facts: Sequence[TrackFact]) -> Mapping[int, int]:
    """Note the newest lease of each camera, and end what was open under those before it."""
    told: dict[int, int] = {}
    for fact in facts:
        told[fact.camera_id] = max(fact.epoch, told.get(fact.camera_id, 0))
    if not told:
        return {}
    rows = [{"camera_id": each, "epoch": told[each]} for each in sorted(told)]
    statement = insert(RecognitionEpoch).values(rows)
    advanced = session.scalars(
        statement.on_conflict_do_update(
            index_elements=[RecognitionEpoch.camera_id],
            set_={"epoch": statement.excluded.epoch},
            where=RecognitionEpoch.epoch < statement.excluded.epoch,
        ).returning(RecognitionEpoch.camera_id)
    ).all()
    query = sa.select(RecognitionEpoch).where(RecognitionEpoch.camera_id.in_(told))
    newest = {each.camera_id: each.epoch for each in session.scalars(query)}
    for camera_id in advanced:
        _closed(session, Track.camera_id == camera_id, Track.epoch < newest[camera_id])
    return newest


def _is_fenced(fact: TrackFact, newest: int) -> bool:
    # An epoch is at least the Redis time, in milliseconds, at which the lease was taken.
    return fact.epoch < newest and fact.seen_us > newest * 1000 + ALLOWED_SKEW_US


def _closed(session: Session, *which: sa.ColumnElement[bool]) -> int:
    return changed_rows(
        session,
        sa.update(Track).where(Track.closed_at.is_(None), *which).values(closed_at=Track.seen_at),
    )
