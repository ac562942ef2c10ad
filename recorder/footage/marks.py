"""How far a camera's footage is safe: a mark in Redis, and beside the footage.

Who goes on recording begins at the newer of the two. The file has two places, written in turn,
each with a checksum: whenever its writer dies, one of them is whole.
"""

import os
import struct
import zlib
from pathlib import Path

import structlog

from recorder.footage.volume import MARK
from vigil.domain.camera import Epoch
from vigil.errors import MessageInvalid, VolumeUnavailable
from vigil.messages import RecordingMark, decode

log = structlog.get_logger(__name__)

_MAGIC = b"VMRK"
#: Magic, checksum of what follows, number of the write, length of the document.
_HEAD = struct.Struct(">4sIQH")
_PLACE_BYTES = 1024


class MarkFile:
    """The mark beside a camera's footage.

    Args:
        folder: Of the camera, in its volume.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / MARK
        self._writes = 0

    def read(self) -> RecordingMark | None:
        """Return the newest whole mark; None: there is none."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return None
        found = None
        for place in (0, _PLACE_BYTES):
            number, mark = _parsed(content[place : place + _PLACE_BYTES])
            if mark is not None and number >= self._writes:
                self._writes, found = number, mark
        return found

    def write(self, mark: RecordingMark, *, is_synced: bool = False) -> None:
        """Replace the older of the two places. It survives SIGKILL.

        Args:
            mark: It.
            is_synced: Whether it is to survive a power cut, too. What is lost else is only how far
                the footage is known to be safe: more of it is read again.

        Raises:
            VolumeUnavailable: The volume takes nothing.
        """
        self._writes += 1
        document = mark.model_dump_json().encode()
        checked = struct.pack(">QH", self._writes, len(document)) + document
        place = _MAGIC + zlib.crc32(checked).to_bytes(4, "big") + checked
        try:
            opened = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(opened, place, self._writes % 2 * _PLACE_BYTES)
                if is_synced:
                    os.fdatasync(opened)
            finally:
                os.close(opened)
        except OSError as error:
            raise VolumeUnavailable(f"{self._path}: {error.strerror}") from error


def newest_of(*marks: RecordingMark | None) -> RecordingMark | None:
    """Return the mark that was made last; None: there is none."""
    there = [mark for mark in marks if mark is not None]
    return max(there, key=order_of, default=None)


def order_of(mark: RecordingMark) -> tuple[Epoch, int]:
    """Return what marks are ordered by, the last one greatest."""
    return mark.epoch, mark.number


def _parsed(place: bytes) -> tuple[int, RecordingMark | None]:
    if len(place) < _HEAD.size:
        return 0, None
    magic, checksum, number, length = _HEAD.unpack_from(place)
    checked = place[8 : _HEAD.size + length]
    if magic != _MAGIC or zlib.crc32(checked) != checksum:
        return 0, None
    try:
        return number, decode(RecordingMark, place[_HEAD.size : _HEAD.size + length])
    except MessageInvalid as error:
        log.warning("mark_unreadable", reason=str(error))
        return 0, None
