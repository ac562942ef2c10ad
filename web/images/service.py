"""Which pictures there are, and who may see them."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from vigil.camera_document import Mask
from vigil.errors import FrameInvalid
from web.access.principal import Principal
from web.access.visibility import CameraNotFound, is_visible_to
from web.cameras.models import Camera
from web.database import refused_as
from web.errors import NotFound
from web.images.folder import PictureFolder, is_plain
from web.images.masked import masked_picture
from web.images.models import SavedPicture
from web.masks.service import in_force

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class VisiblePicture:
    """A saved picture that somebody may see.

    Attributes:
        masks: What its camera hides now.
    """

    path: str
    file: Path
    masks: tuple[Mask, ...]


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


def find_visible(
    session: Session, folder: PictureFolder, who: Principal, path: str
) -> VisiblePicture:
    """Return a picture that somebody may see.

    Raises:
        PictureNotFound: It was not saved by the system, is gone, or shows a hidden camera.
    """
    camera_id = camera_of(session, path)
    query = sa.select(Camera.id).where(Camera.id == camera_id, is_visible_to(who))
    file = folder.file(path)
    if session.scalar(query) is None or file is None:
        raise PictureNotFound
    return VisiblePicture(path, file, in_force(session, camera_id))


def jpeg_of(picture: VisiblePicture) -> bytes:
    """Return a picture with its masks painted over it, whatever was painted when it was saved.

    Raises:
        PictureNotFound: It cannot be painted, so nobody may see it; or it is gone by now.
    """
    try:
        jpeg = picture.file.read_bytes()
        return masked_picture(jpeg, picture.masks) if picture.masks else jpeg
    except (FrameInvalid, OSError) as error:
        log.warning("saved_picture_not_shown", path=picture.path, reason=str(error))
        raise PictureNotFound from None
