"""Reading the archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from vigil.bus.status.base import StatusBoard
from vigil.clock import utc_from_us
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable
from vigil.messages import RecordingStatus
from web.access.principal import Principal
from web.access.rights import Right
from web.access.visibility import find_visible, is_visible_to
from web.cameras.models import Camera
from web.database import give_back
from web.errors import Forbidden, Invalid, NotFound
from web.masks import service as masks
from web.protections import service as protections
from web.recordings.models import RecordingGap, Segment
from web.recordings.spans import Span, has_part_of, joined
from web.recordings.volumes import Volumes
from web.schemas import Told

log = structlog.get_logger(__name__)

#: Files and gaps that one question may be about: a month of files of a minute, and more.
MAX_FILES = 60_000


class FootageNotFound(NotFound):
    """There is no such footage, or none that the caller may see."""


class FootageIsUnmasked(Forbidden):
    """The camera has privacy masks, and its footage has none."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """What the recorder of a camera says now; see `vigil.messages.RecordingStatus`."""

    error: str | None
    audio_error: str | None
    encoding_error: str | None
    since: datetime | None
    safe_until: datetime | None
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class Availability:
    """What there is of some time, and what is missing; who records now, or None."""

    spans: Sequence[Span]
    gaps: Sequence[RecordingGap]
    recorder: Recorder | None


def segments(
    session: Session,
    who: Principal,
    *,
    limit: int,
    before_id: int | None,
    camera_id: int | None,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
) -> Sequence[Told]:
    """Return the newest files first, of the cameras that somebody may see.

    Each says whether it is protected now.

    Raises:
        CameraNotFound: camera_id is unknown, or hidden from them.
    """
    query = sa.select(Segment, protections.is_protected(now)).order_by(Segment.id.desc())
    query = query.where(has_part_of(Segment, since, until)).limit(limit)
    if camera_id is None:
        seen = sa.exists().where(Camera.id == Segment.camera_id, is_visible_to(who))
        query = query.where(seen)
    else:
        query = query.where(Segment.camera_id == find_visible(session, who, camera_id).id)
    if before_id is not None:
        query = query.where(Segment.id < before_id)
    rows = session.execute(query).all()
    return [Told(segment, is_protected=is_protected) for segment, is_protected in rows]


def availability(
    session: Session,
    who: Principal,
    camera_id: int,
    *,
    since: datetime | None,
    until: datetime | None,
    statuses: StatusBoard[RecordingStatus],
) -> Availability:
    """Return of which times a camera has footage, and why it has none of others.

    Raises:
        CameraNotFound: It is unknown, or hidden from them.
        Invalid: It is about too much.
    """
    find_visible(session, who, camera_id)
    files = (
        sa.select(Segment.begun_at, Segment.ended_at)
        .where(Segment.camera_id == camera_id, has_part_of(Segment, since, until))
        .order_by(Segment.begun_at)
        .limit(MAX_FILES + 1)
    )
    spans = [Span(begun_at, ended_at) for begun_at, ended_at in session.execute(files)]
    gaps = session.scalars(
        sa.select(RecordingGap)
        .where(RecordingGap.camera_id == camera_id, has_part_of(RecordingGap, since, until))
        .order_by(RecordingGap.begun_at)
        .limit(MAX_FILES + 1)
    ).all()
    if max(len(spans), len(gaps)) > MAX_FILES:
        raise Invalid(f"There are more than {MAX_FILES} files in that time: ask for less of it.")
    # Redis may be slow, and needs no connection to PostgreSQL.
    session.expunge_all()
    give_back(session)
    return Availability(joined(spans), gaps, _recorder_of(statuses, CameraId(camera_id)))


def find_file(
    session: Session, who: Principal, segment_id: int, volumes: Volumes
) -> tuple[Segment, Path]:
    """Return a file of footage that somebody may have, and where it is.

    Raises:
        FootageNotFound: There is none, or its camera is hidden from them.
        FootageIsUnmasked: It shows what masks hide from them.
        VolumeElsewhere: It is not here.
    """
    query = sa.select(Segment).join(Camera, Camera.id == Segment.camera_id)
    segment = session.scalar(query.where(Segment.id == segment_id, is_visible_to(who)))
    if segment is None:
        raise FootageNotFound(f"There is no footage {segment_id}.")
    require_unmasked(session, who, segment.camera_id)
    path = volumes.path_of(segment)
    if path is None:
        raise FootageNotFound(f"The file of footage {segment_id} is gone: it was deleted.")
    return segment, path


def camera_of(session: Session, who: Principal, segment_id: int) -> int:
    """Return the camera that a file of footage shows.

    Raises:
        FootageNotFound: There is no such file, or its camera is hidden from them.
    """
    query = sa.select(Segment.camera_id).join(Camera, Camera.id == Segment.camera_id)
    camera_id = session.scalar(query.where(Segment.id == segment_id, is_visible_to(who)))
    if camera_id is None:
        raise FootageNotFound(f"There is no footage {segment_id}.")
    return camera_id


def require_unmasked(session: Session, who: Principal, camera_id: int) -> None:
    """Return if somebody may see a camera as it sends.

    Raises:
        FootageIsUnmasked: Masks hide something of it from them.
    """
    if masks.in_force(session, camera_id) and not who.may(Right.SEE_UNMASKED):
        raise FootageIsUnmasked(
            "This camera has privacy masks, and footage is kept as the camera sent it: "
            "it is for admins alone."
        )


def _recorder_of(statuses: StatusBoard[RecordingStatus], camera_id: CameraId) -> Recorder | None:
    """Return what is said of a camera's recording; None: nobody says anything, or Redis is away."""
    try:
        status = statuses.read([camera_id]).get(camera_id)
    except BusUnavailable as error:
        log.info("recording_status_unread", camera_id=camera_id, reason=str(error))
        return None
    if status is None:
        return None
    since, safe = (
        None if each is None else utc_from_us(each) for each in (status.since_us, status.safe_us)
    )
    return Recorder(
        status.error, status.audio_error, status.encoding_error, since, safe, status.is_waiting
    )
