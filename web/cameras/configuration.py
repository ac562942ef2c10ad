"""How the other services learn of cameras: documents and a head, on the queue Redis.

A change is published after its transaction. What could not be published, because Redis was away
or another change overtook it, is sent by `reconcile`, at the start and every few seconds.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session, sessionmaker

from vigil.bus.camera_config.base import CameraConfigStore
from vigil.camera_document import (
    CameraConfig,
    ConfigHead,
    Line,
    Mask,
    RecordingMode,
    RecordingRules,
    ScheduleSpan,
    Transport,
    Zone,
)
from vigil.domain.camera import CameraId
from vigil.errors import MessageInvalid, SetupInvalid, Unavailable
from web.cameras.models import Camera, Generation
from web.cameras.recognition import uses_of
from web.cameras.stream_url import same_server
from web.database import Base
from web.lines.models import Line as DrawnLine
from web.masks.models import PrivacyMask
from web.rectangles.models import Rectangle

log = structlog.get_logger(__name__)

DrawnT = TypeVar("DrawnT", Rectangle, PrivacyMask, DrawnLine)


@dataclass(frozen=True, slots=True)
class _Configuration:
    """What PostgreSQL says, at one instant."""

    head: ConfigHead
    documents: Sequence[CameraConfig]


class ConfigurationPublisher:
    """Brings the configuration from PostgreSQL to the queue Redis.

    Args:
        store: The queue Redis.
        sessions: Opens a session of its own, in any thread, with or without a request.
    """

    def __init__(self, store: CameraConfigStore, sessions: sessionmaker[Session]) -> None:
        self._store = store
        self._sessions = sessions

    def announce(self, camera_ids: Collection[int]) -> bool:
        """Publish cameras that a committed transaction changed or removed.

        Returns:
            False when Redis is away. The change stands, and takes effect when it is back.
        """
        wanted = set(camera_ids)
        try:
            return self._publish(wanted) or self.reconcile()
        except (Unavailable, SetupInvalid) as error:
            log.warning("camera_config_not_published", error=str(error), camera_ids=sorted(wanted))
            return False

    def reconcile(self) -> bool:
        """Publish what Redis lacks; return whether it holds everything now.

        Cameras that Redis holds as they are stay untouched, so nothing restarts for them.

        Raises:
            BusUnavailable: Redis does not answer.
            DatabaseUnavailable: PostgreSQL does not.
        """
        # In this order: what was published came from a PostgreSQL that is at least as new.
        known = self._known_head()
        with self._sessions() as session:
            current = _read(session, None)
        published = self._store.documents(current.head.camera_ids)
        lacking: Sequence[CameraConfig] = [
            each for each in current.documents if published.get(each.id) != each
        ]
        gone = _ids(known) - _ids(current.head)
        has_all_ids = _ids(known) == _ids(current.head)
        if known is not None and _is_louder(known, current.head, has_all_ids=has_all_ids):
            current = self._outgrow(known.generation, [each.id for each in lacking])
            lacking = current.documents
        elif known is not None and known.generation == current.head.generation and not lacking:
            return True
        log.info("camera_config_reconciled", lacking=len(lacking), removed=len(gone))
        return self._store.publish(current.head, changed=lacking, removed=sorted(gone))

    def _publish(self, camera_ids: Collection[int]) -> bool:
        """Publish some cameras; return False when another change was published before this."""
        with self._sessions() as session:
            current = _read(session, camera_ids)
        found = {document.id for document in current.documents}
        removed = [CameraId(camera_id) for camera_id in camera_ids if camera_id not in found]
        return self._store.publish(current.head, changed=current.documents, removed=removed)

    def _known_head(self) -> ConfigHead | None:
        try:
            return self._store.head()
        except MessageInvalid as error:
            log.error("config_head_unreadable", error=str(error))
            return None

    def _outgrow(self, generation: int, camera_ids: Collection[int]) -> _Configuration:
        """Return these cameras as changed just now, later than a generation that is not ours."""
        with self._sessions.begin() as session:
            raised = _raise_generation(session, at_least=generation + 1)
            changed = sa.update(Camera).where(Camera.id.in_(camera_ids))
            session.execute(changed.values(revision=raised))
        with self._sessions() as session:
            return _read(session, camera_ids)


def next_generation(session: Session) -> int:
    """Raise the generation in this transaction, and return it: the revision of what changes.

    Other changes wait for this transaction's end, so that generations are committed in order.
    """
    return _raise_generation(session, at_least=0)


def _raise_generation(session: Session, *, at_least: int) -> int:
    # Never below the wall clock in ms, so that a database that was restored or made anew does not
    # come back to a value that the readers have seen.
    now_ms = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()) * 1000, sa.BigInteger)
    raised = (
        sa.update(Generation)
        .values(generation=sa.func.greatest(Generation.generation + 1, now_ms, at_least))
        .returning(Generation.generation)
    )
    return session.scalars(raised).one()


def _read(session: Session, camera_ids: Collection[int] | None) -> _Configuration:
    """Return the head, and the documents of some cameras or all, as of one instant."""
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    generation = session.scalars(sa.select(Generation.generation)).one()
    ids = session.scalars(sa.select(Camera.id).order_by(Camera.id)).all()
    return _Configuration(
        ConfigHead(generation=generation, camera_ids=tuple(CameraId(each) for each in ids)),
        _documents(session, camera_ids),
    )


def _documents(session: Session, camera_ids: Collection[int] | None) -> list[CameraConfig]:
    """Return the documents of some cameras, or of all."""
    cameras = sa.select(Camera).order_by(Camera.id)
    if camera_ids is not None:
        cameras = cameras.where(Camera.id.in_(camera_ids))
    rectangles = _drawn(session, Rectangle, camera_ids)
    masks = _drawn(session, PrivacyMask, camera_ids)
    lines = _drawn(session, DrawnLine, camera_ids)
    return [
        _document(
            camera,
            zones=[_zone(each) for each in rectangles[camera.id]],
            masks=[each.as_published() for each in masks[camera.id]],
            lines=[_line(each) for each in lines[camera.id]],
        )
        for camera in session.scalars(cameras)
    ]


def _drawn(
    session: Session, model: type[DrawnT], camera_ids: Collection[int] | None
) -> Mapping[int, list[DrawnT]]:
    """Return what is drawn on some cameras, or on all, of one kind: by camera, as saved."""
    query = sa.select(model).order_by(model.camera_id, model.position)
    if camera_ids is not None:
        query = query.where(model.camera_id.in_(camera_ids))
    drawn: dict[int, list[DrawnT]] = defaultdict(list)
    for row in session.scalars(query):
        drawn[row.camera_id].append(row)
    return drawn


def _document(
    camera: Camera, *, zones: Sequence[Zone], masks: Sequence[Mask], lines: Sequence[Line]
) -> CameraConfig:
    return CameraConfig(
        id=CameraId(camera.id),
        revision=camera.revision,
        name=camera.name,
        sealed_url=camera.sealed_url,
        credentials=camera.credentials,
        sealed_sub_url=camera.sealed_sub_url,
        sub_credentials=_sub_credentials(camera),
        transport=Transport(camera.transport),
        loop=camera.loop,
        enabled=camera.enabled,
        frame_fps=camera.frame_fps,
        models=uses_of(camera),
        min_confidence=camera.min_confidence,
        zones=tuple(zones),
        masks=tuple(masks),
        lines=tuple(lines),
        time_zone=camera.time_zone,
        recording=RecordingMode(camera.recording),
        recording_rules=RecordingRules(
            schedule=tuple(ScheduleSpan(**span) for span in camera.recording_schedule),
            pre_s=camera.recording_pre_s,
            post_s=camera.recording_post_s,
            while_watched=camera.record_while_watched,
            is_started=camera.recording_started,
            takes=camera.recording_takes,
        ),
        record_audio=camera.record_audio,
        recording_kept_days=camera.recording_kept_days,
        recording_max_bytes=camera.recording_max_bytes,
    )


def _sub_credentials(camera: Camera) -> str | None:
    """Return what the sub-stream is opened with: its own, or its camera's on the same server."""
    if camera.sub_credentials is not None or camera.sub_stream_url is None:
        return camera.sub_credentials
    is_there = same_server(camera.sub_stream_url, camera.stream_url)
    return camera.credentials if is_there else None


def _zone(rectangle: Rectangle) -> Zone:
    settings = (
        *("name", "color", "labels", "min_confidence", "min_size_px", "max_size_px", "schedule"),
        "dwell_s",
    )
    return Zone(points=tuple(rectangle.corners()), **_given(rectangle, settings))


def _line(line: DrawnLine) -> Line:
    return Line(
        id=line.id,
        start=(line.start_x, line.start_y),
        end=(line.end_x, line.end_y),
        **_given(line, ("name", "color", "labels", "min_confidence")),
    )


def _given(row: Base, names: Sequence[str]) -> dict[str, Any]:
    """Return what was given of a shape's settings."""
    given = {name: getattr(row, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def _is_louder(known: ConfigHead, ours: ConfigHead, *, has_all_ids: bool) -> bool:
    """Whether readers would rather believe what is there than what we say.

    They take only what is newer: a restored or a new database must outgrow the one before it.
    """
    is_same = known.generation == ours.generation
    return known.generation > ours.generation or (is_same and not has_all_ids)


def _ids(head: ConfigHead | None) -> set[CameraId]:
    return set() if head is None else set(head.camera_ids)
