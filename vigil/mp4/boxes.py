"""The boxes that an MP4 file is made of."""

import struct
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

SIZE_KIND = struct.Struct(">I4s")
U32 = struct.Struct(">I")
U64 = struct.Struct(">Q")
#: The longest header of a box, where its size has 64 bits.
HEADER_BYTES = SIZE_KIND.size + U64.size
#: Version and flags; what a full box begins with.
FULL_BYTES = 4

#: What boxes are read in.
Content: TypeAlias = bytes | bytearray


class Box(NamedTuple):
    """One box.

    Attributes:
        kind: Its four letters.
        begin: Where it begins, its own header included.
        body: Where its content begins.
        end: Where it ends.
    """

    kind: bytes
    begin: int
    body: int
    end: int


def boxes_in(content: Content, begin: int, end: int) -> Iterator[Box]:
    """Yield the boxes that lie between two places, as far as they are whole."""
    while begin + SIZE_KIND.size <= end:
        box = box_at(begin, content[begin : min(begin + HEADER_BYTES, end)], end)
        if box is None:
            return
        yield box
        begin = box.end


def box_at(begin: int, header: bytes | bytearray, end: int) -> Box | None:
    """Return the box that begins with a header; None: it is not whole before an end."""
    size, kind = SIZE_KIND.unpack_from(header)
    body = begin + SIZE_KIND.size
    if size == 1 and len(header) == HEADER_BYTES:
        (size,) = U64.unpack_from(header, SIZE_KIND.size)
        body += U64.size
    if size < body - begin or begin + size > end:
        return None
    return Box(bytes(kind), begin, body, begin + size)


def all_in(content: Content, parent: Box, kind: bytes) -> list[Box]:
    """Return the boxes of a kind that stand right within another."""
    return [box for box in boxes_in(content, parent.body, parent.end) if box.kind == kind]


def first_at(content: Content, parent: Box, *kinds: bytes) -> Box | None:
    """Return the box at the end of a way down from parent, the first of each kind; None: none."""
    for kind in kinds:
        found = all_in(content, parent, kind)
        if not found:
            return None
        parent = found[0]
    return parent
