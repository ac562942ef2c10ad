"""Saving, reading and clearing a camera's rectangles. All or nothing."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from web.access.principal import Principal
from web.cameras.configuration import ConfigurationPublisher
from web.rectangles.models import Rectangle
from web.shapes import service as shapes


def saved(session: Session, who: Principal, camera_id: int) -> Sequence[Rectangle]:
    """Return a camera's rectangles, in the order saved.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
    """
    return shapes.saved(session, Rectangle, who, camera_id)


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
    shapes.require_inside("Rectangle", bodies, [frame_wh] * len(bodies))
    return shapes.replace(
        session, Rectangle, camera_id, bodies, who=who, configuration=configuration
    )
