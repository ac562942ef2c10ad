"""Saving, reading and clearing a camera's privacy masks. All or nothing."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from vigil.messages import Mask
from web.access.principal import Principal
from web.cameras.configuration import ConfigurationPublisher
from web.errors import Invalid
from web.masks.models import PrivacyMask
from web.shapes import service as shapes

MAX_MASKS = 50


def saved(session: Session, who: Principal, camera_id: int) -> Sequence[PrivacyMask]:
    """Return a camera's masks, in the order saved.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
    """
    return shapes.saved(session, PrivacyMask, who, camera_id)


def in_force(session: Session, camera_id: int) -> tuple[Mask, ...]:
    """Return the masks that pictures of a camera are shown with, whoever asks."""
    query = sa.select(PrivacyMask).where(PrivacyMask.camera_id == camera_id)
    rows = session.scalars(query.order_by(PrivacyMask.position))
    return tuple(row.as_published() for row in rows)


def checked(
    bodies: Sequence[dict[str, Any]], *, frame_wh: tuple[int, int] | None
) -> list[dict[str, Any]]:
    """Return masks as they are kept: each with the frame on which it was drawn, if that is known.

    Args:
        bodies: Validated one by one.
        frame_wh: The camera's frame in pixels; None: not known now.

    Raises:
        Invalid: There are too many, or one lies outside its frame.
    """
    if len(bodies) > MAX_MASKS:
        raise Invalid(f"A camera has at most {MAX_MASKS} privacy masks, not {len(bodies)}.")
    width, height = frame_wh or (None, None)
    kept = [{"frame_width": width, "frame_height": height, **body} for body in bodies]
    frames = [
        (each["frame_width"], each["frame_height"]) if each["frame_width"] else None
        for each in kept
    ]
    shapes.require_inside("Mask", kept, frames)
    return kept


def replace(
    session: Session,
    camera_id: int,
    bodies: Sequence[dict[str, Any]],
    *,
    who: Principal,
    frame_wh: tuple[int, int] | None,
    configuration: ConfigurationPublisher,
) -> bool:
    """Replace all masks of a camera; return whether the other services know.

    Args:
        session: The request's.
        camera_id: Which camera.
        bodies: Validated one by one; none: clears.
        who: The caller.
        frame_wh: The camera's frame in pixels; None: not known now.
        configuration: Tells the other services.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
        Invalid: There are too many, or one lies outside its frame; nothing was changed.
    """
    kept = checked(bodies, frame_wh=frame_wh)
    return shapes.replace(
        session, PrivacyMask, camera_id, kept, who=who, configuration=configuration
    )
