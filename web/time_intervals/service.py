"""Saving, reading and clearing a camera's time intervals."""

from collections.abc import Sequence
from datetime import time

import sqlalchemy as sa
from sqlalchemy.orm import Session

from web.access.principal import Principal
from web.access.visibility import CameraNotFound, find_visible
from web.audit import service as audit
from web.database import refused_as
from web.errors import Conflict
from web.time_intervals.models import TimeInterval

#: How many intervals a camera takes.
MAX_INTERVALS = 50


class IntervalRefused(Conflict):
    """It is there already, or there are too many."""


def saved(session: Session, who: Principal, camera_id: int) -> Sequence[TimeInterval]:
    """Return a camera's intervals, in the order saved.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
    """
    find_visible(session, who, camera_id)
    return session.scalars(_of(camera_id).order_by(TimeInterval.id)).all()


def add(
    session: Session, camera_id: int, *, start_time: time, end_time: time, who: Principal
) -> TimeInterval:
    """Add an interval to those of a camera.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
        IntervalRefused: It is there already, or there are ``MAX_INTERVALS``.
    """
    # Locked before the count: whoever adds another waits until this one counts.
    find_visible(session, who, camera_id, lock=True)
    if len(session.scalars(_of(camera_id)).all()) >= MAX_INTERVALS:
        raise IntervalRefused(f"A camera has at most {MAX_INTERVALS} time intervals.")
    interval = TimeInterval(camera_id=camera_id, start_time=start_time, end_time=end_time)
    session.add(interval)
    refusals = {
        "uq_time_intervals_camera_id_start_time_end_time": IntervalRefused(
            "This camera has this time interval already."
        ),
        "fk_time_intervals_camera_id": CameraNotFound(camera_id),
    }
    with refused_as(refusals):
        session.flush()
    details = {"start_time": f"{start_time:%H:%M}", "end_time": f"{end_time:%H:%M}"}
    on = ("camera", camera_id)
    audit.record(session, who, "time_interval.saved", on=on, details=details)
    session.commit()
    return interval


def clear(session: Session, camera_id: int, *, who: Principal) -> None:
    """Delete all intervals of a camera.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
    """
    find_visible(session, who, camera_id)
    session.execute(sa.delete(TimeInterval).where(TimeInterval.camera_id == camera_id))
    audit.record(session, who, "time_intervals.cleared", on=("camera", camera_id))
    session.commit()


def _of(camera_id: int) -> sa.Select[TimeInterval]:
    return sa.select(TimeInterval).where(TimeInterval.camera_id == camera_id)
