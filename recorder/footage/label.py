"""What a file of footage says of itself in its head, for the day when nothing else does."""

from typing import Literal

from pydantic import Field

from vigil.domain.camera import CameraId, Epoch
from vigil.errors import MessageInvalid
from vigil.messages import ENTRY_PATTERN, Document, RecordingMark, decode


class FileLabel(Document):
    """Whose footage a file is. That there is one says that a recorder of ours wrote the file.

    Attributes:
        epoch: Of the recording lease.
        first_entry: Its first packet, by its place in the packet log.
    """

    kind: Literal["vigil_segment"]
    version: Literal[1] = 1
    camera_id: CameraId = Field(ge=1)
    epoch: Epoch = Field(ge=1)
    first_entry: str = Field(pattern=ENTRY_PATTERN)


def label_of(camera_id: CameraId, mark: RecordingMark) -> str:
    """Return what stands in the file that a mark names."""
    label = FileLabel(
        kind="vigil_segment",
        camera_id=camera_id,
        epoch=mark.epoch,
        first_entry=mark.first_entry,
    )
    return label.model_dump_json()


def read_label(said: bytes | None) -> FileLabel | None:
    """Return what a file says of itself; None: it says nothing that we understand."""
    if said is None:
        return None
    try:
        return decode(FileLabel, said)
    except MessageInvalid:
        return None
