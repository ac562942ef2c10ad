"""Deleting footage: what it would be, and then that, and nothing that came since."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vigil.messages import GapReason
from web.access.principal import Principal
from web.access.tokens import Purpose, TokenSigner
from web.access.visibility import find_visible
from web.audit import service as audit
from web.cameras.existing import keep_from_filing
from web.deletions.models import SegmentDeletion
from web.deletions.orders import DeletionOrders
from web.deletions.spans import without
from web.errors import Conflict, Invalid, Unauthenticated
from web.protections.models import ProtectionRevision
from web.protections.service import is_protected
from web.recordings.models import RecordingGap, Segment
from web.recordings.service import camera_of
from web.recordings.spans import Span, has_part_of

#: How long what was shown may be confirmed.
CONFIRMED_WITHIN_S: Final = 300
#: Files of one deletion.
MAX_FILES: Final = 60_000
#: Files that are being recorded: of one camera there is one, and what nobody ended.
MAX_GROWING: Final = 100

_LATER: Final = " It leaves the disk when the message bus is back."


class ConfirmationRefused(Conflict):
    """It is over, was given for something else, or something was changed meanwhile."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why} Ask again without it, and confirm what is answered then.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to be deleted: a time of a camera, or one file.

    Attributes:
        since, until: Files that have a part of it; None: whenever.
        segment_id: This file alone; None: all.
    """

    camera_id: int
    since: datetime | None = None
    until: datetime | None = None
    segment_id: int | None = None


@dataclass(frozen=True, slots=True)
class Deletion:
    """What would be deleted, or was; see `web.deletions.schemas.DeletionOut`.

    Attributes:
        message: What there is to say of it.
    """

    files: int
    bytes: int
    begun_at: datetime | None
    ended_at: datetime | None
    protected_files: int
    growing_files: int
    confirmation: str | None
    message: str


def of_file(session: Session, who: Principal, segment_id: int) -> Wanted:
    """Return what is wanted of one file.

    Raises:
        FootageNotFound: There is none, or its camera is hidden from them.
    """
    return Wanted(camera_of(session, who, segment_id), segment_id=segment_id)


def ask(
    session: Session, wanted: Wanted, *, who: Principal, now: datetime, signer: TokenSigner
) -> Deletion:
    """Return what would be deleted, and what confirms that. Nothing is changed.

    Raises:
        CameraNotFound: The camera is unknown, or hidden from the caller.
        Invalid: It is about too much.
    """
    find_visible(session, who, wanted.camera_id)
    growing = session.scalars(
        sa.select(Segment.id).where(*_of(wanted), Segment.ended_at.is_(None)).limit(MAX_GROWING + 1)
    ).all()
    newest = session.scalar(sa.select(sa.func.max(Segment.id)).where(*_of(wanted))) or 0
    bound = _Bound(newest, tuple(growing), _revision(session, wanted.camera_id))
    files, size_bytes, begun_at, ended_at = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(Segment.size_bytes), 0),
            sa.func.min(Segment.begun_at),
            sa.func.max(Segment.ended_at),
        ).where(*_to_delete(wanted, bound, now=now))
    ).one()
    if files > MAX_FILES or len(growing) > MAX_GROWING:
        raise Invalid(f"There are more than {MAX_FILES} files in that time: name less of it.")
    protected = session.scalar(
        sa.select(sa.func.count()).select_from(Segment).where(*_of(wanted), is_protected(now))
    )
    claims = {"sub": str(who.account_id), **_claims(wanted), **bound.claims()}
    return Deletion(
        files=files,
        bytes=int(size_bytes),
        begun_at=begun_at,
        ended_at=ended_at,
        protected_files=protected or 0,
        growing_files=len(growing),
        confirmation=signer.sign(Purpose.DELETION, claims, lifetime_s=CONFIRMED_WITHIN_S)
        if files
        else None,
        message="Nothing is deleted yet: send the same request with this confirmation."
        if files
        else "There is nothing to delete.",
    )


def confirm(
    session: Session,
    wanted: Wanted,
    confirmation: str,
    *,
    who: Principal,
    now: datetime,
    signer: TokenSigner,
    orders: DeletionOrders,
) -> Deletion:
    """Delete what was confirmed, as far as it is there. Nobody is shown it from now on.

    Args:
        session: The request's.
        wanted: What the confirmation was given for.
        confirmation: It.
        who: The caller, to whom it was given.
        now: Judges what is protected.
        signer: Made it.
        orders: Has recorders remove the files.

    Raises:
        CameraNotFound: The camera is unknown, or hidden from the caller.
        ConfirmationRefused: It does not count any more, or not for this.
    """
    bound = _confirmed(wanted, confirmation, who=who, signer=signer)
    # Whoever protects some of it waits for this transaction's end. So does the writer: what it had
    # looked up before would come back.
    keep_from_filing(session, wanted.camera_id)
    find_visible(session, who, wanted.camera_id)
    if _revision(session, wanted.camera_id) != bound.revision:
        raise ConfirmationRefused("What is protected of this camera was changed meanwhile.")
    taken = _take(session, wanted, bound, now=now)
    _tell_gaps(session, wanted.camera_id, taken)
    details = {**_claims(wanted), **taken.details()}
    audit.record(session, who, "footage.deleted", on=("camera", wanted.camera_id), details=details)
    session.commit()
    is_ordered = orders.announce(taken.paths)
    return Deletion(
        files=len(taken.spans),
        bytes=taken.size_bytes,
        begun_at=taken.begun_at,
        ended_at=taken.ended_at,
        protected_files=0,
        growing_files=0,
        confirmation=None,
        message="Footage deleted." + ("" if is_ordered else _LATER),
    )


@dataclass(frozen=True, slots=True)
class _Bound:
    """What was there when somebody was asked: no more is deleted.

    Attributes:
        newest: The greatest number of a file.
        growing: Numbers of files that were being recorded.
        revision: Of what was protected.
    """

    newest: int
    growing: tuple[int, ...]
    revision: int

    def claims(self) -> dict[str, Any]:
        return {"newest": self.newest, "growing": list(self.growing), "revision": self.revision}


@dataclass(frozen=True, slots=True)
class _Taken:
    """What everybody could read, and nobody can any more.

    Attributes:
        spans: Of each file.
        size_bytes: Of all.
        paths: By volume.
        begun_at, ended_at: Of the first and of the last; None: there was none.
    """

    spans: Sequence[Span]
    size_bytes: int
    paths: Mapping[UUID, Sequence[str]]
    begun_at: datetime | None
    ended_at: datetime | None

    def details(self) -> dict[str, Any]:
        """Return what is to stand of it in the trail."""
        times = {"begun_at": self.begun_at, "ended_at": self.ended_at}
        return {
            "files": len(self.spans),
            "bytes": self.size_bytes,
            **{name: at.isoformat() for name, at in times.items() if at is not None},
        }


def _confirmed(wanted: Wanted, confirmation: str, *, who: Principal, signer: TokenSigner) -> _Bound:
    try:
        claims = signer.read(Purpose.DELETION, confirmation)
    except Unauthenticated:
        raise ConfirmationRefused("This confirmation is over, or none of ours.") from None
    is_same = all(claims.get(name) == value for name, value in _claims(wanted).items())
    if not is_same or claims["sub"] != str(who.account_id):
        raise ConfirmationRefused("This confirmation was given for something else.")
    return _Bound(claims["newest"], tuple(claims["growing"]), claims["revision"])


def _claims(wanted: Wanted) -> dict[str, Any]:
    """Return what is wanted in a form that JSON keeps."""
    times = {"since": wanted.since, "until": wanted.until}
    return {
        "camera": wanted.camera_id,
        "file": wanted.segment_id,
        **{name: None if at is None else at.isoformat() for name, at in times.items()},
    }


def _of(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    of_file = [] if wanted.segment_id is None else [Segment.id == wanted.segment_id]
    return [
        Segment.camera_id == wanted.camera_id,
        has_part_of(Segment, wanted.since, wanted.until),
        *of_file,
    ]


def _to_delete(wanted: Wanted, bound: _Bound, *, now: datetime) -> list[sa.ColumnElement[bool]]:
    return [
        *_of(wanted),
        Segment.ended_at.is_not(None),
        Segment.id <= bound.newest,
        Segment.id.not_in(bound.growing),
        ~is_protected(now),
    ]


def _revision(session: Session, camera_id: int) -> int:
    query = sa.select(ProtectionRevision.revision)
    return session.scalar(query.where(ProtectionRevision.camera_id == camera_id)) or 0


def _take(session: Session, wanted: Wanted, bound: _Bound, *, now: datetime) -> _Taken:
    """Take rows from where everybody reads, and note what recorders are to remove."""
    rows = session.execute(
        sa.delete(Segment)
        .where(*_to_delete(wanted, bound, now=now))
        .returning(
            Segment.volume, Segment.path, Segment.begun_at, Segment.ended_at, Segment.size_bytes
        ),
        execution_options={"synchronize_session": False},
    ).all()
    paths: dict[UUID, list[str]] = defaultdict(list)
    for row in rows:
        paths[row.volume].append(row.path)
    if rows:
        noted = [
            {
                "volume": row.volume,
                "path": row.path,
                "camera_id": wanted.camera_id,
                "begun_at": row.begun_at,
            }
            for row in rows
        ]
        session.execute(insert(SegmentDeletion).on_conflict_do_nothing(), noted)
    return _Taken(
        spans=[Span(row.begun_at, row.ended_at) for row in rows],
        size_bytes=sum(row.size_bytes for row in rows),
        paths=paths,
        begun_at=min((row.begun_at for row in rows), default=None),
        ended_at=max((row.ended_at for row in rows), default=None),
    )


def _tell_gaps(session: Session, camera_id: int, taken: _Taken) -> None:
    """Say in the ledger why there is nothing, of the times that no other file has."""
    if not taken.spans:
        return
    overlapping = sa.select(Segment.begun_at, Segment.ended_at).where(
        Segment.camera_id == camera_id, has_part_of(Segment, taken.begun_at, taken.ended_at)
    )
    kept = [Span(*times) for times in session.execute(overlapping)]
    rows = [
        {
            "camera_id": camera_id,
            "epoch": 0,
            "begun_at": missing.begun_at,
            "ended_at": missing.ended_at,
            "reason": GapReason.DELETED.value,
        }
        for missing in without(taken.spans, kept)
    ]
    if rows:
        session.execute(insert(RecordingGap).on_conflict_do_nothing(), rows)
