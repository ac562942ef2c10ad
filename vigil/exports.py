"""Exports: what is asked of the jobs, and where the results lie on a volume."""

from enum import StrEnum
from typing import Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from vigil.domain.camera import CameraId
from vigil.messages import Document

#: The folder of a volume that results lie in. It is none of a camera's, so no footage.
FOLDER: Final = "exports"
#: Cameras of one export.
MAX_CAMERAS: Final = 64
#: Gaps that are told of one export; the manifest of a ZIP has them all.
MAX_GAPS: Final = 200
#: Where a result lies within its volume.
EXPORT_PATH_PATTERN: Final = r"^exports/[0-9a-f-]{36}\.(mp4|zip)$"


class ExportKind(StrEnum):
    """What becomes of footage.

    ``mp4``: one file of one camera. ``zip``: files of several cameras, with a manifest.
    """

    MP4 = "mp4"
    ZIP = "zip"


class ExportState(StrEnum):
    """How far an export is. ``expired``: it was done, and its file is gone."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class ExportedCamera(Document):
    """A camera of an export.

    Attributes:
        name: As it was called when somebody asked.
        since_us: When it was added, in microseconds since 1970: older footage under its number is
            another's.
    """

    camera_id: CameraId = Field(ge=1)
    name: str = Field(max_length=200)
    since_us: int = Field(ge=0, lt=2**53)


class ExportOrder(Document):
    """What is to be exported. It may be done again, and the result is there once.

    Attributes:
        export: The export's name.
        since_us, until_us: UTC in microseconds since 1970.
        is_exact: Whether all is encoded anew, to begin and to end with the frames asked for.
    """

    version: Literal[1] = 1
    export: UUID
    kind: ExportKind
    cameras: tuple[ExportedCamera, ...] = Field(min_length=1, max_length=MAX_CAMERAS)
    since_us: int = Field(ge=0, lt=2**53)
    until_us: int = Field(ge=0, lt=2**53)
    is_exact: bool = False

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.since_us >= self.until_us:
            raise ValueError("until_us must be after since_us")
        if self.kind is ExportKind.MP4 and len(self.cameras) > 1:
            raise ValueError("an mp4 is of one camera")
        return self
