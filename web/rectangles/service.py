"""Saving, reading and clearing a camera's rectangles. All or nothing."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from web.access.principal import Principal
from web.access.visibility import find_visible
from web.audit import service as audit
from web.cameras.configuration import ConfigurationPublisher, next_generation
from web.errors import Invalid
from web.rectangles.models import Rectangle, corners_of
from web.rectangles.shapes import fault_of


def saved(session: Session, who: Principal, camera_id: int) -> Sequence[Rectangle]:
    """Return a camera's rectangles, in the order saved.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
    """
    find_visible(session, who, camera_id)
    query = sa.select(Rectangle).where(Rectangle.camera_id == camera_id)
    return session.scalars(query.order_by(Rectangle.position)).all()


def replace(
    session: Session,
    camera_id: int,
    bodies: Sequence[dict[str, Any]],
    *,
    who: Principal,
    frame_wh: tuple[int, int] | None,
    configuration: ConfigurationPublisher,
) -> bool:
    """Replace all rectangles of a camera; return whether the other services know.

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
        Invalid: A shape lies outside the frame; nothing was changed.
    """
    _require_inside(bodies, frame_wh)
    generation = next_generation(session)
    camera = find_visible(session, who, camera_id)
    session.execute(sa.delete(Rectangle).where(Rectangle.camera_id == camera_id))
    session.add_all(
        Rectangle(camera_id=camera_id, position=position, **body)
        for position, body in enumerate(bodies)
    )
    camera.revision = generation
    action = "rectangles.saved" if bodies else "rectangles.cleared"
    details = {"number": len(bodies)}
    audit.record(session, who, action, on=("camera", camera_id), details=details)
    session.commit()
    return configuration.announce([camera_id])


def _require_inside(bodies: Sequence[dict[str, Any]], frame_wh: tuple[int, int] | None) -> None:
    faults = {
        str(index): [f"It {fault}."]
        for index, body in enumerate(bodies)
        if (fault := fault_of(corners_of(body), frame_wh))
    }
    if faults:
        index, (first, *_) = next(iter(faults.items()))
        raise Invalid(f"Rectangle {index}: {first}", faults)
