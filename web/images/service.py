"""Which pictures there are, and who may see them."""

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from web.access.principal import Principal
from web.access.visibility import CameraNotFound, is_visible_to
from web.cameras.models import Camera
from web.database import refused_as
from web.errors import NotFound
from web.images.folder import PictureFolder, is_plain
from web.images.models import SavedPicture


class PictureNotFound(NotFound):
    """The system saved no such picture, or none that the caller may see."""

    def __init__(self) -> None:
        super().__init__("There is no such picture.")


def save(
    session: Session, folder: PictureFolder, camera_id: int, jpeg: bytes, *, captured_at: datetime
) -> str:
    """Keep a picture of a camera; return the path by which it is served.

    No service of ours saves one until there are events; what serves them is tested with it.

    Raises:
        CameraNotFound: There is none.
    """
    path = folder.write(camera_id, jpeg, captured_at=captured_at)
    session.add(SavedPicture(path=path, camera_id=camera_id, created_at=captured_at))
    with refused_as({"fk_saved_pictures_camera_id": CameraNotFound(camera_id)}):
        session.flush()
    session.commit()
    return path


def camera_of(session: Session, path: str) -> int:
    """Return the camera that a saved picture shows.

    Raises:
        PictureNotFound: The system saved no such picture.
    """
    # Asked first, since PostgreSQL cannot even be asked about some texts.
    picture = session.get(SavedPicture, path) if is_plain(path) else None
    if picture is None:
        raise PictureNotFound
    return picture.camera_id


def find_visible_file(session: Session, folder: PictureFolder, who: Principal, path: str) -> Path:
    """Return the file of a picture that somebody may see.

    Raises:
        PictureNotFound: It was not saved by the system, is gone, or shows a hidden camera.
    """
    camera_id = camera_of(session, path)
    query = sa.select(Camera.id).where(Camera.id == camera_id, is_visible_to(who))
    file = folder.file(path)
    if session.scalar(query) is None or file is None:
        raise PictureNotFound
    return file
