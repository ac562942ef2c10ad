"""Footage of some time as a playlist, and of a moment as a picture."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session

from vigil.clock import us_from_utc, utc_from_us
from web.access.principal import Principal
from web.access.visibility import find_visible
from web.database import give_back
from web.errors import Invalid
from web.playback.shelf import GopShelf
from web.playback.timeline import Entry, Piece, RecordedFile, pieces_of
from web.recordings.models import Segment
from web.recordings.service import FootageNotFound, require_unmasked
from web.recordings.volumes import VolumeElsewhere, Volumes

#: Files that one playlist names at most: a day of files of a minute, and those that were cut off.
MAX_FILES = 2000
#: So many files before a moment are looked at: several began before it and reach it where
#: recorders took over from each other, or where none of the newest is whole yet.
_BEFORE = 8
#: So long after the end of a file its last picture stands for a moment: what is whole of a file
#: that grows is that far behind.
STANDS_FOR = timedelta(seconds=5)

_Row: TypeAlias = sa.Row[Any]
_COLUMNS = (
    Segment.id,
    Segment.volume,
    Segment.path,
    Segment.begun_at,
    Segment.ended_at,
    Segment.first_entry,
    Segment.last_entry,
)


@dataclass(frozen=True, slots=True)
class Footage:
    """What there is of some time.

    Attributes:
        elsewhere: How many files of that time are on volumes that are not here.
    """

    pieces: Sequence[Piece]
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A keyframe in a file of footage.

    Attributes:
        path: Where the file is, here.
        number: Of the GOP.
        captured_at: When it was captured.
        is_final: Whether no later keyframe can come to be nearer to the moment that was asked for.
    """

    segment_id: int
    path: str
    file: RecordedFile
    number: int
    captured_at: datetime
    is_final: bool


def footage(
    session: Session,
    who: Principal,
    camera_id: int,
    *,
    since: datetime,
    until: datetime,
    is_over: bool,
    volumes: Volumes,
    shelf: GopShelf,
) -> Footage:
    """Return what shows a span of time, in order and each moment once.

    Args:
        session: The request's. No connection is held when this returns.
        who: The caller.
        camera_id: Of which camera.
        since: Where the span begins.
        until: Where it ends.
        is_over: See ``pieces_of``.
        volumes: Where files are.
        shelf: What is known of them.

    Raises:
        CameraNotFound: The camera is unknown, or hidden from them.
        FootageIsUnmasked: Masks hide something of it from them.
        Invalid: The span is about too many files.
        FootageNotFound: There is nothing of that time.
        VolumeElsewhere: There is, and none of it is here.
    """
    rows = _rows_of(session, who, camera_id, since=since, until=until)
    give_back(session)
    files, elsewhere = _recorded(rows, volumes, shelf)
    span = {"since_us": us_from_utc(since), "until_us": us_from_utc(until)}
    pieces = list(pieces_of([file for file, _ in files], **span, is_over=is_over))
    if not pieces and elsewhere:
        raise VolumeElsewhere(elsewhere[0].volume)
    if not pieces:
        raise FootageNotFound(
            f"There is no footage of camera {camera_id} from {since.isoformat()} to "
            f"{until.isoformat()}. /recordings/{camera_id}/availability tells of which times "
            "there is some."
        )
    return Footage(pieces, len(elsewhere))


def moment(
    session: Session,
    who: Principal,
    camera_id: int,
    *,
    at: datetime,
    volumes: Volumes,
    shelf: GopShelf,
) -> Moment:
    """Return the keyframe at a moment, or the last before it.

    Args:
        session: The request's. No connection is held when this returns.
        who: The caller.
        camera_id: Of which camera.
        at: The moment.
        volumes: Where files are.
        shelf: What is known of them.

    Raises:
        CameraNotFound: The camera is unknown, or hidden from them.
        FootageIsUnmasked: Masks hide something of it from them.
        FootageNotFound: Nothing was recorded then.
        VolumeElsewhere: Something was, and it is not here.
    """
    find_visible(session, who, camera_id)
    require_unmasked(session, who, camera_id)
    rows = session.execute(_begun_before(camera_id, at)).all()
    give_back(session)
    reaching = [row for row in rows if row.ended_at is None or row.ended_at + STANDS_FOR >= at]
    files, elsewhere = _recorded(reaching, volumes, shelf)
    at_us = us_from_utc(at)
    for file, path in files:
        if utc_from_us(file.ended_us) + STANDS_FOR < at:
            continue
        number = max(0, bisect_right(file.gops.shown, file.shown_at(at_us)) - 1)
        captured_at = utc_from_us(file.at_us(file.gops.shown[number]))
        is_final = not file.grows
        return Moment(file.segment_id, path, file, number, captured_at, is_final)
    if elsewhere:
        raise VolumeElsewhere(elsewhere[0].volume)
    raise FootageNotFound(_nothing_at(camera_id, at, rows))


def _rows_of(
    session: Session, who: Principal, camera_id: int, *, since: datetime, until: datetime
) -> Sequence[_Row]:
    find_visible(session, who, camera_id)
    require_unmasked(session, who, camera_id)
    # Not by when they end: there is an index by when they begin, and of a month few reach a day.
    before = session.execute(_begun_before(camera_id, since)).all()
    begun = (
        sa.select(*_COLUMNS)
        .where(Segment.camera_id == camera_id, Segment.begun_at > since, Segment.begun_at < until)
        .order_by(Segment.begun_at)
        .limit(MAX_FILES + 1)
    )
    within = session.execute(begun).all()
    if len(within) > MAX_FILES:
        raise Invalid(
            f"There are more than {MAX_FILES} files in that time: ask for less of it.",
            {"until": ["Must be sooner."]},
        )
    return [*(row for row in before if row.ended_at is None or row.ended_at > since), *within]


def _begun_before(camera_id: int, at: datetime) -> sa.Executable:
    return (
        sa.select(*_COLUMNS)
        .where(Segment.camera_id == camera_id, Segment.begun_at <= at)
        .order_by(Segment.begun_at.desc())
        .limit(_BEFORE)
    )


def _recorded(
    rows: Sequence[_Row], volumes: Volumes, shelf: GopShelf
) -> tuple[list[tuple[RecordedFile, str]], list[_Row]]:
    """Return those files of which something can be played, with their paths; and those not here."""
    mounted = volumes.mounted()
    found, elsewhere = [], []
    for row in rows:
        if row.volume not in mounted:
            elsewhere.append(row)
            continue
        path = mounted.path_of(row.volume, row.path)
        gops = None if path is None else shelf.gops_of(path)
        if path is not None and gops is not None:
            file = RecordedFile(
                segment_id=row.id,
                begun_us=us_from_utc(row.begun_at),
                first=_entry(row.first_entry),
                last=None if row.last_entry is None else _entry(row.last_entry),
                grows=row.ended_at is None,
                gops=gops,
            )
            found.append((file, path))
    return found, elsewhere


def _entry(text: str) -> Entry:
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number)


def _nothing_at(camera_id: int, at: datetime, rows: Sequence[_Row]) -> str:
    message = f"There is no footage of camera {camera_id} at {at.isoformat()}."
    ends = [row.ended_at for row in rows if row.ended_at is not None]
    return f"{message} The last before it ends at {max(ends).isoformat()}." if ends else message
