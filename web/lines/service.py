"""Saving, reading and clearing a camera's lines; filing and counting what crossed them."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vigil.clock import utc_from_us
from vigil.facts import TrackFact
from web.access.principal import Principal
from web.access.visibility import find_visible
from web.audit import service as audit
from web.cameras.configuration import ConfigurationPublisher, next_generation
from web.database import changed_rows
from web.errors import Invalid
from web.lines.models import Line, LineCrossing
from web.shapes.geometry import segment_fault_of

Ends = tuple[float, float, float, float]


def saved(session: Session, who: Principal, camera_id: int) -> Sequence[Line]:
    """Return a camera's lines, in the order saved.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
    """
    find_visible(session, who, camera_id)
    return _lines_of(session, camera_id)


def replace(
    session: Session,
    camera_id: int,
    bodies: Sequence[dict[str, Any]],
    *,
    who: Principal,
    frame_wh: tuple[int, int] | None,
    configuration: ConfigurationPublisher,
) -> bool:
    """Replace all lines of a camera; return whether the other services know.

    A line that names an id, or has the ends of one that is there, goes on as that one.

    Args:
        session: The request's.
        camera_id: Which camera.
        bodies: Validated one by one; none: clears.
        who: The caller.
        frame_wh: The camera's frame in pixels; None: not known now, so only the bounds that
            hold for every frame are checked.
        configuration: Tells the other services.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
        Invalid: A line lies outside the frame, or names an id that is not one of the camera's;
            nothing was changed.
    """
    generation = next_generation(session)
    camera = find_visible(session, who, camera_id)
    before = _lines_of(session, camera_id)
    _require_possible(bodies, {line.id for line in before}, frame_wh)
    kept = _matched(bodies, before)
    for gone in set(before) - set(kept):
        session.delete(gone)
    for position, (body, known) in enumerate(zip(bodies, kept, strict=True)):
        line = Line(camera_id=camera_id) if known is None else known
        session.add(_written(line, body, position))
    camera.revision = generation
    action = "lines.saved" if bodies else "lines.cleared"
    audit.record(session, who, action, on=("camera", camera_id), details={"number": len(bodies)})
    session.commit()
    return configuration.announce([camera_id])


def counts(
    session: Session,
    who: Principal,
    camera_id: int,
    *,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
) -> Sequence[sa.Row[int, str, str, str, int]]:
    """Return how many crossed each of a camera's lines, by direction and label.

    Args:
        session: The request's.
        who: The caller.
        camera_id: Which camera.
        since: None: since midnight in the camera's time zone.
        until: Not included; None: up to now.
        now: UTC.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
    """
    camera = find_visible(session, who, camera_id)
    if since is None:
        zone = ZoneInfo(camera.time_zone)
        since = datetime.combine(now.astimezone(zone), time(), zone)
    # Of a line that is gone, the name that it had last.
    named = sa.func.coalesce(Line.name, sa.func.max(LineCrossing.line_name), "")
    by = (LineCrossing.line_id, LineCrossing.direction, LineCrossing.label)
    query = (
        sa.select(
            LineCrossing.line_id.label("line"),
            named.label("name"),
            LineCrossing.direction,
            LineCrossing.label,
            sa.func.count().label("count"),
        )
        .outerjoin(Line, Line.id == LineCrossing.line_id)
        .where(LineCrossing.camera_id == camera_id, LineCrossing.at >= since)
        .group_by(*by, Line.name)
        .order_by(*by)
    )
    if until is not None:
        query = query.where(LineCrossing.at < until)
    return session.execute(query).all()


def file_crossings(session: Session, facts: Sequence[TrackFact]) -> None:
    """File what tracks crossed, each crossing once, however often it is told."""
    rows = {
        (fact.camera_id, fact.epoch, fact.track, each.line, each.at_us): {
            "camera_id": fact.camera_id,
            "epoch": fact.epoch,
            "track": fact.track,
            "line_id": each.line,
            "line_name": each.name,
            "direction": str(each.direction),
            "label": each.label,
            "at": utc_from_us(each.at_us),
        }
        for fact in facts
        for each in fact.crossings
    }
    if rows:
        # In one order, or two writers could wait for each other.
        statement = insert(LineCrossing).values([rows[key] for key in sorted(rows)])
        session.execute(statement.on_conflict_do_nothing())


def forget_crossings(session: Session, *, before: datetime, limit: int) -> None:
    """Delete crossings of before a time, at most limit."""
    _forget(session, LineCrossing.at < before, limit=limit)


def forget_crossings_of(session: Session, camera_id: int, *, limit: int) -> int:
    """Delete crossings of a camera's lines, at most limit; return how many."""
    return _forget(session, LineCrossing.camera_id == camera_id, limit=limit)


def _forget(session: Session, which: sa.ColumnElement[bool], *, limit: int) -> int:
    some = sa.select(LineCrossing.id).where(which).with_for_update(skip_locked=True).limit(limit)
    return changed_rows(session, sa.delete(LineCrossing).where(LineCrossing.id.in_(some)))


def _lines_of(session: Session, camera_id: int) -> Sequence[Line]:
    query = sa.select(Line).where(Line.camera_id == camera_id).order_by(Line.position)
    return session.scalars(query).all()


def _ends_of(body: dict[str, Any]) -> Ends:
    start, end = body["start"], body["end"]
    return (start["x"], start["y"], end["x"], end["y"])


def _matched(bodies: Sequence[dict[str, Any]], before: Sequence[Line]) -> list[Line | None]:
    """Return for each body the line that goes on as it; None: it is new."""
    by_id = {line.id: line for line in before}
    named = {body["id"] for body in bodies if "id" in body}
    by_ends = {
        (line.start_x, line.start_y, line.end_x, line.end_y): line
        for line in before
        if line.id not in named
    }
    return [
        by_id[body["id"]] if "id" in body else by_ends.pop(_ends_of(body), None) for body in bodies
    ]


def _written(line: Line, body: dict[str, Any], position: int) -> Line:
    line.position = position
    line.start_x, line.start_y, line.end_x, line.end_y = _ends_of(body)
    for name in ("name", "color", "labels", "min_confidence"):
        setattr(line, name, body.get(name))
    return line


def _require_possible(
    bodies: Sequence[dict[str, Any]], known: set[int], frame_wh: tuple[int, int] | None
) -> None:
    named: set[int] = set()
    for index, body in enumerate(bodies):
        line_id = body.get("id")
        fault = segment_fault_of(_ends_of(body), frame_wh)
        if line_id is not None and line_id not in known:
            fault = f"has the id {line_id}, which is none of this camera's lines: leave it out"
        elif line_id in named:
            fault = f"has the id {line_id}, as has a line before it"
        if fault:
            raise Invalid(f"Line {index}: It {fault}.", {str(index): [f"It {fault}."]})
        if line_id is not None:
            named.add(line_id)
