"""Saving, reading and clearing the shapes of a camera. All or nothing."""

from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from web.access.principal import Principal
from web.access.visibility import find_visible
from web.audit import service as audit
from web.cameras.configuration import ConfigurationPublisher, next_generation
from web.errors import Invalid
from web.shapes.geometry import corners_of, fault_of
from web.shapes.models import ShapeColumns

ShapeT = TypeVar("ShapeT", bound=ShapeColumns)


def saved(
    session: Session, model: type[ShapeT], who: Principal, camera_id: int
) -> Sequence[ShapeT]:
    """Return a camera's shapes of one kind, in the order saved.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
    """
    find_visible(session, who, camera_id)
    query = sa.select(model).where(model.camera_id == camera_id)
    return session.scalars(query.order_by(model.position)).all()


def replace(
    session: Session,
    model: type[ShapeT],
    camera_id: int,
    bodies: Sequence[dict[str, Any]],
    *,
    who: Principal,
    configuration: ConfigurationPublisher,
) -> bool:
    """Replace all shapes of a camera of one kind; return whether the other services know.

    Args:
        session: The request's.
        model: The kind.
        camera_id: Which camera.
        bodies: Validated; none: clears.
        who: The caller.
        configuration: Tells the other services.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
    """
    generation = next_generation(session)
    camera = find_visible(session, who, camera_id)
    session.execute(sa.delete(model).where(model.camera_id == camera_id))
    add(session, model, camera_id, bodies)
    camera.revision = generation
    action = f"{model.__tablename__}.{'saved' if bodies else 'cleared'}"
    details = {"number": len(bodies)}
    audit.record(session, who, action, on=("camera", camera_id), details=details)
    session.commit()
    return configuration.announce([camera_id])


def add(
    session: Session, model: type[ShapeT], camera_id: int, bodies: Sequence[dict[str, Any]]
) -> None:
    """Add shapes to a camera that has none, in this order."""
    session.add_all(
        model(camera_id=camera_id, position=position, **body)
        for position, body in enumerate(bodies)
    )


def require_inside(
    kind: str, bodies: Sequence[dict[str, Any]], frames_wh: Sequence[tuple[int, int] | None]
) -> None:
    """Refuse shapes that lie outside of the frame, or enclose nothing.

    Args:
        kind: What one of them is called.
        bodies: Validated one by one.
        frames_wh: For each the frame in pixels; None: not known now, so only the bounds that hold
            for every frame are checked.

    Raises:
        Invalid: One does.
    """
    faults = {
        str(index): [f"It {fault}."]
        for index, (body, frame_wh) in enumerate(zip(bodies, frames_wh, strict=True))
        if (fault := fault_of(corners_of(body), frame_wh))
    }
    if faults:
        index, (first, *_) = next(iter(faults.items()))
        raise Invalid(f"{kind} {index}: {first}", faults)
