"""The boxes that an MP4 file is made of."""

import mmap
import struct
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

SIZE_KIND = struct.Struct(">I4s")
U32 = struct.Struct(">I")
U64 = struct.Struct(">Q")
#: Version and flags; what a full box begins with.
FULL_BYTES = 4

#: What boxes are read in.
Content: TypeAlias = bytes | bytearray | mmap.mmap


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
        size, kind = SIZE_KIND.unpack_from(content, begin)
        body = begin + SIZE_KIND.size
        if size == 1 and body + U64.size <= end:
            (size,) = U64.unpack_from(content, body)
            body += U64.size
        if size < body - begin or begin + size > end:
            return
        yield Box(bytes(kind), begin, body, begin + size)
        begin += size


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
