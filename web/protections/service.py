"""Protecting footage, and taking that back. Whoever deletes asks here first."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vigil.footage_document import MAX_PROTECTIONS
from web.access.principal import Principal
from web.access.visibility import find_visible
from web.audit import service as audit
from web.errors import Conflict, Invalid, NotFound
from web.protections.models import Protection, ProtectionRevision
from web.protections.publisher import ProtectionPublisher
from web.recordings.models import Segment
from web.recordings.spans import has_part_of


class ProtectionNotFound(NotFound):
    """The camera has no such protection."""


class TooManyProtections(Conflict):
    """The camera has as many as it may."""


class FootageIsProtected(Conflict):
    """What is asked for would delete it."""


@dataclass(frozen=True, slots=True)
class Protected:
    """A protection that was just made.

    Attributes:
        files, bytes: What there is of it now.
        is_announced: Whether the recorders can know; else they do when Redis is back.
    """

    protection: Protection
    files: int
    bytes: int
    is_announced: bool


def of_camera(
    session: Session, who: Principal, camera_id: int, *, now: datetime
) -> Sequence[Protection]:
    """Return what is protected of a camera now, the newest first.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
    """
    find_visible(session, who, camera_id)
    return in_force(session, [camera_id], now=now)[camera_id][::-1]


def in_force(
    session: Session, camera_ids: Collection[int], *, now: datetime
) -> Mapping[int, list[Protection]]:
    """Return the protections of some cameras that are not over, by camera, the oldest first."""
    query = sa.select(Protection).where(Protection.camera_id.in_(camera_ids), _is_in_force(now))
    found: dict[int, list[Protection]] = defaultdict(list)
    for protection in session.scalars(query.order_by(Protection.id)):
        found[protection.camera_id].append(protection)
    return found


def is_protected(now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition on `Segment` that holds for files that have a part of what stays."""
    return sa.exists().where(
        Protection.camera_id == Segment.camera_id,
        _is_in_force(now),
        has_part_of(Segment, Protection.since, Protection.until),
    )


def add(
    session: Session,
    camera_id: int,
    fields: dict[str, Any],
    *,
    who: Principal,
    now: datetime,
    publisher: ProtectionPublisher,
) -> Protected:
    """Protect a time of a camera.

    Args:
        session: The request's.
        camera_id: Which camera.
        fields: Validated values by name.
        who: The caller.
        now: Judges what is over.
        publisher: Tells the recorders.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
        TooManyProtections: It has MAX_PROTECTIONS.
        Invalid: It would be over already.
    """
    if fields["expires_at"] is not None and fields["expires_at"] <= now:
        raise Invalid("expires_at is over.", {"expires_at": ["Must be later than now."]})
    # Whoever deletes footage of it, or changes its protections, waits for this transaction's end.
    find_visible(session, who, camera_id, lock=True)
    _make_place(session, camera_id, now=now)
    protection = Protection(
        camera_id=camera_id,
        account_id=who.account_id,
        username=who.username,
        created_at=now,
        **fields,
    )
    session.add(protection)
    session.flush()
    _raise_revision(session, camera_id)
    files, size_bytes = _covered(session, protection)
    details = {**_details(protection), "files": files, "bytes": size_bytes}
    audit.record(session, who, "footage.protected", on=("camera", camera_id), details=details)
    session.refresh(protection)
    session.expunge(protection)
    session.commit()
    return Protected(protection, files, size_bytes, publisher.announce(camera_id))


def remove(
    session: Session,
    camera_id: int,
    protection_id: int,
    *,
    who: Principal,
    publisher: ProtectionPublisher,
) -> bool:
    """Take a protection back; return whether the recorders can know.

    Raises:
        CameraNotFound: The camera is unknown, or hidden from the caller.
        ProtectionNotFound: It has no such protection.
    """
    find_visible(session, who, camera_id, lock=True)
    query = sa.select(Protection).where(Protection.camera_id == camera_id)
    protection = session.scalar(query.where(Protection.id == protection_id))
    if protection is None:
        raise ProtectionNotFound(f"Camera {camera_id} has no protection {protection_id}.")
    details = _details(protection)
    session.delete(protection)
    _raise_revision(session, camera_id)
    audit.record(session, who, "footage.unprotected", on=("camera", camera_id), details=details)
    session.commit()
    return publisher.announce(camera_id)


def require_none(session: Session, camera_id: int, *, now: datetime) -> None:
    """Return if nothing of a camera is protected.

    Raises:
        FootageIsProtected: Something is.
    """
    found = in_force(session, [camera_id], now=now)[camera_id]
    if found:
        raise FootageIsProtected(
            f"Footage of camera {camera_id} is protected ({len(found)} times): take that back at "
            f"/recordings/{camera_id}/protections first."
        )


def _make_place(session: Session, camera_id: int, *, now: datetime) -> None:
    """Forget what is over; refuse one too many."""
    session.execute(
        sa.delete(Protection).where(Protection.camera_id == camera_id, ~_is_in_force(now))
    )
    if len(in_force(session, [camera_id], now=now)[camera_id]) >= MAX_PROTECTIONS:
        raise TooManyProtections(
            f"This camera has {MAX_PROTECTIONS} protections: take some back first."
        )


def _is_in_force(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(Protection.expires_at.is_(None), Protection.expires_at > now)


def _raise_revision(session: Session, camera_id: int) -> None:
    # Never below the wall clock in ms: a database that was restored does not come back to a value
    # that recorders have seen.
    now_ms = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()) * 1000, sa.BigInteger)
    statement = insert(ProtectionRevision).values(camera_id=camera_id, revision=now_ms)
    grown = sa.func.greatest(ProtectionRevision.revision + 1, statement.excluded.revision)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[ProtectionRevision.camera_id], set_={"revision": grown}
        )
    )


def _covered(session: Session, protection: Protection) -> tuple[int, int]:
    """Return how many files a protection covers, and how large those are that are done."""
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Segment.size_bytes), 0)).where(
        Segment.camera_id == protection.camera_id,
        has_part_of(Segment, protection.since, protection.until),
    )
    files, size_bytes = session.execute(query).one()
    return files, int(size_bytes)


def _details(protection: Protection) -> dict[str, Any]:
    expires_at = protection.expires_at
    return {
        "protection": protection.id,
        "since": protection.since.isoformat(),
        "until": protection.until.isoformat(),
        "reason": protection.reason,
        "expires_at": None if expires_at is None else expires_at.isoformat(),
    }
