"""What a recorder that checks its volume is told: which footage is filed, and of whom."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from vigil.clock import us_from_utc, utc_from_us
from vigil.domain.camera import CameraId
from vigil.facts import FootageCheckAsked
from vigil.known_footage import PAGE, CameraOfFootage, KnownFootage, Place
from web.audit.models import AuditEntry
from web.cameras.models import Camera
from web.deletions.models import SegmentDeletion
from web.recordings.models import Segment

#: What the trail of a camera's deletion says of its footage, by which it may go from the disks.
FOOTAGE_DETAILS = "footage"


def footage_details(session: Session, camera: Camera) -> dict[str, object]:
    """Return what is to stand in the trail when a camera is deleted: where its footage lies.

    That alone lets recorders remove it. That a camera is not known means nothing: the database may
    be a new one, or one of last week.
    """
    filed, deleted = (
        sa.select(model.volume).where(model.camera_id == camera.id)
        for model in (Segment, SegmentDeletion)
    )
    volumes = session.scalars(filed.union(deleted))
    found = sorted(str(volume) for volume in volumes)
    since_us = us_from_utc(camera.created_at)
    return {FOOTAGE_DETAILS: {"volumes": found, "since_us": since_us}} if found else {}


def known_footage(session: Session, asked: FootageCheckAsked, *, limit: int = PAGE) -> KnownFootage:
    """Return the next files of a volume that are filed, and what is known of its cameras.

    What users deleted counts as filed and done: it is nobody's to adopt, and its order says when it
    goes.

    Args:
        session: Of the database, in a transaction.
        asked: What is asked.
        limit: Files of one answer.
    """
    begin = sa.tuple_(sa.literal(asked.from_camera, sa.BigInteger), utc_from_us(asked.from_us))
    filed, deleted = (
        sa.select(model.camera_id, model.begun_at, model.path, is_growing.label("is_growing"))
        .where(model.volume == asked.volume)
        .where(sa.tuple_(model.camera_id, model.begun_at) >= begin)
        .order_by(model.camera_id, model.begun_at)
        .limit(limit + 1)
        .subquery()
        for model, is_growing in (
            (Segment, Segment.ended_at.is_(None)),
            (SegmentDeletion, sa.false()),
        )
    )
    together = sa.union_all(filed.select(), deleted.select())
    query = together.order_by("camera_id", "begun_at").limit(limit + 1)
    rows = session.execute(query).all()
    until = None
    if len(rows) > limit:
        # All that begin at one moment stand in one answer, or its end would be no place.
        camera_id, begun_at, *_ = rows[-1]
        until = Place(camera_id, us_from_utc(begun_at))
        rows = [row for row in rows if (row[0], row[1]) < (camera_id, begun_at)]
    return KnownFootage(
        volume=asked.volume,
        check=asked.check,
        number=asked.number,
        until=until,
        done=tuple(path for _, _, path, is_growing in rows if not is_growing),
        growing=tuple(path for _, _, path, is_growing in rows if is_growing),
        cameras=_cameras(session, asked.camera_ids, asked.volume),
    )


def _cameras(
    session: Session, camera_ids: Collection[int], volume: UUID
) -> tuple[CameraOfFootage, ...]:
    query = sa.select(Camera.id, Camera.created_at).where(Camera.id.in_(camera_ids))
    there = [
        CameraOfFootage(camera_id=CameraId(camera_id), since_us=us_from_utc(created_at))
        for camera_id, created_at in session.execute(query)
    ]
    others = set(camera_ids) - {each.camera_id for each in there}
    return (*there, *_deleted(session, others, volume))


def _deleted(session: Session, camera_ids: Collection[int], volume: UUID) -> list[CameraOfFootage]:
    """Return those of which the trail says that they were deleted, with footage on a volume."""
    if not camera_ids:
        return []
    entries = session.execute(
        sa.select(AuditEntry.object_id, AuditEntry.details[FOOTAGE_DETAILS]).where(
            AuditEntry.action == "camera.deleted",
            AuditEntry.object_type == "camera",
            AuditEntry.object_id.in_([str(each) for each in camera_ids]),
            AuditEntry.details[FOOTAGE_DETAILS]["volumes"].contains([str(volume)]),
        )
    )
    return [
        CameraOfFootage(
            camera_id=CameraId(int(object_id)), since_us=footage["since_us"], is_deleted=True
        )
        for object_id, footage in entries
    ]
