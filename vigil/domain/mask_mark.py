"""Which privacy masks a picture was painted with, as its maker says; it travels within the JPEG.

It is a comment segment of its own behind the frame stamp. A camera's masks can change while a
picture made before lies in a store, or is on its way: by the mark, who would show it knows.
"""

import struct
from collections.abc import Iterator

from vigil.domain.frame import STAMPED_HEAD_BYTES

#: How long a mark is: masks that differ have another.
MARK_BYTES = 8

_COM = b"\xff\xfe"
_MAGIC = b"VIGILMASKS1"
_LENGTH = struct.Struct(">H")


def mark_segment(mark: bytes) -> bytes:
    """Return the segment that tells of masks, to stand behind a JPEG's stamp."""
    body = _MAGIC + mark
    return _COM + _LENGTH.pack(_LENGTH.size + len(body)) + body


def read_mark(jpeg: bytes) -> bytes | None:
    """Return the mark of the masks in a stamped JPEG; None: its maker painted none."""
    for body in _comments(jpeg):
        if body.startswith(_MAGIC) and len(body) == len(_MAGIC) + MARK_BYTES:
            return body[len(_MAGIC) :]
    return None


def _comments(jpeg: bytes) -> Iterator[bytes]:
    """Yield the comment segments behind the stamp, as far as they follow each other."""
    begin = STAMPED_HEAD_BYTES
    while jpeg[begin : begin + len(_COM)] == _COM:
        length_at = begin + len(_COM)
        if len(jpeg) < length_at + _LENGTH.size:
            return
        (length,) = _LENGTH.unpack_from(jpeg, length_at)
        if length < _LENGTH.size:
            return
        yield jpeg[length_at + _LENGTH.size : length_at + length]
        begin = length_at + length
