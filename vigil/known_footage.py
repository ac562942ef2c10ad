"""What web says of the footage of a volume when a recorder checks it."""

from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import Field

from vigil.domain.camera import CameraId
from vigil.messages import Document

#: Files of one answer.
PAGE = 20_000


class Place(NamedTuple):
    """Where a file stands among those of a volume: by camera, then by when it begins.

    Attributes:
        camera_id: Whose it is.
        begun_us: UTC in microseconds since 1970.
    """

    camera_id: int
    begun_us: int


#: Before every file.
FIRST_PLACE = Place(0, 0)


class CameraOfFootage(Document):
    """That web knows a camera, or has known it. Of one that is not named nothing is known.

    Attributes:
        since_us: When it was added: older footage under its number is another's.
        is_deleted: That somebody deleted it, and that it had footage on this volume.
    """

    camera_id: CameraId = Field(ge=1)
    since_us: int
    is_deleted: bool = False


class KnownFootage(Document):
    """The files of a volume that are filed, from a place on; see `vigil.facts.FootageCheckAsked`.

    Attributes:
        check, number: Which question it answers.
        until: The place of the first file that it leaves out; None: it leaves out none.
        done: Paths of files that are done, within the volume.
        growing: ... and of those of which no end was told.
        cameras: What is known of the cameras that were asked about.
    """

    version: Literal[1] = 1
    volume: UUID
    check: UUID
    number: int
    until: Place | None = None
    done: tuple[str, ...] = ()
    growing: tuple[str, ...] = ()
    cameras: tuple[CameraOfFootage, ...] = ()
