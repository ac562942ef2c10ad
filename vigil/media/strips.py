"""JPEGs in strips, which are taken apart and put together without being decoded.

Between two strips stands a restart marker, at which the coder begins anew (ITU-T T.81, E.1.3): the
bytes of a strip mean the same wherever they stand among the same tables. So strips are coded apart,
on two threads, or one takes another's place while the rest is copied as it is.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

#: Height of a strip, in pixels.
STRIP_PX = 32

#: Side of the blocks that a JPEG in 4:2:0 is coded in.
_BLOCK_PX = 16
_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_FIRST_RESTART = 0xD0
_RESTARTS = tuple(bytes((0xFF, _FIRST_RESTART + number)) for number in range(8))
_SOF_BASELINE, _DHT, _SOS, _DQT, _DRI = 0xC0, 0xC4, 0xDA, 0xDB, 0xDD
_U16 = struct.Struct(">H")
#: Of a frame header: marker, length and precision, height, width, and how many components.
_FRAME = struct.Struct(">5sHHB")
#: The three components' sampling in 4:2:0, as a header writes it, and where.
_SAMPLING_420, _SAMPLING_AT = b"\x22\x11\x11", slice(_FRAME.size + 1, None, 3)


@dataclass(frozen=True, slots=True)
class StripedJpeg:
    """A JPEG in 4:2:0, taken apart.

    Attributes:
        size_wh: Its width and height.
        strips: The coded bytes of each strip, from the top.
        coding: What they mean: of two pictures with the same, as wide, strips can be exchanged.
        start: All before its height.
        middle: All behind its height and before the scan, but for a restart interval.
        scan: The scan header.
    """

    size_wh: tuple[int, int]
    strips: Sequence[bytes]
    coding: bytes
    start: bytes
    middle: bytes
    scan: bytes

    def joined(self, first: int = 0, last: int | None = None) -> bytes:
        """Return a JPEG of the strips from first to before last, by their numbers."""
        width, height = self.size_wh
        strips = self.strips[first:last]
        # The lowest strip is as high as the picture leaves it.
        height_px = min(height, (first + len(strips)) * STRIP_PX) - first * STRIP_PX
        interval = bytes((0xFF, _DRI)) + _U16.pack(4) + _U16.pack(_blocks_of(width))
        parts = [self.start, _U16.pack(height_px), self.middle, interval, self.scan]
        for number, strip in enumerate(strips):
            parts += (strip, _RESTARTS[number % 8])
        parts[-1] = _EOI
        return b"".join(parts)


def tops_of(height_px: int) -> range:
    """Return the uppermost row of each strip of a picture."""
    return range(0, height_px, STRIP_PX)


def apart(jpeg: bytes) -> StripedJpeg | None:
    """Return a JPEG taken apart; None where it is not in strips, or is no JPEG."""
    head = _read_head(jpeg)
    if head is None or not jpeg.endswith(_EOI):
        return None
    parsed, restart_blocks, begin = head
    width, height = parsed.size_wh
    if restart_blocks != _blocks_of(width):
        return None
    strips = []
    for number, end in enumerate(_restarts_in(jpeg, begin)):
        if jpeg[end : end + 2] != _RESTARTS[number % 8]:
            return None
        strips.append(jpeg[begin:end])
        begin = end + 2
    strips.append(jpeg[begin : -len(_EOI)])
    if len(strips) != len(tops_of(height)):
        return None
    return StripedJpeg(
        parsed.size_wh, strips, parsed.coding, parsed.start, parsed.middle, parsed.scan
    )


def together(jpegs: Sequence[bytes], *, height_px: int) -> StripedJpeg:
    """Return one picture of the strips that an encoder made of it, each as a JPEG of its own.

    Args:
        jpegs: From the top, of the same encoder and settings. At least one.
        height_px: Of the whole picture.

    Raises:
        ValueError: The first is no baseline JPEG in 4:2:0.
    """
    head = _read_head(jpegs[0])
    if head is None:
        raise ValueError("strips must be baseline JPEGs in 4:2:0")
    parsed, _, begin = head
    # Their heads differ in the height alone, so that all are as long.
    strips = [jpeg[begin : -len(_EOI)] for jpeg in jpegs]
    size_wh = (parsed.size_wh[0], height_px)
    return StripedJpeg(size_wh, strips, parsed.coding, parsed.start, parsed.middle, parsed.scan)


def _restarts_in(jpeg: bytes, begin: int) -> list[int]:
    """Return where restart markers stand in coded pixels."""
    coded = np.frombuffer(jpeg, np.uint8)[begin:]
    # Within coded pixels 0xFF is followed by 0 alone, so that anything else is a marker.
    marked = np.flatnonzero(coded[:-1] == 0xFF)
    is_restart = coded[marked + 1] & 0xF8 == _FIRST_RESTART
    found: list[int] = (marked[is_restart] + begin).tolist()
    return found


def _blocks_of(width_px: int) -> int:
    """Return how many blocks a strip is made of."""
    return -(-width_px // _BLOCK_PX) * (STRIP_PX // _BLOCK_PX)


def _read_head(jpeg: bytes) -> tuple[StripedJpeg, int, int] | None:
    """Return what stands before a JPEG's pixels, without any strip; None: not in 4:2:0.

    Returns:
        It, the blocks between two restart markers, and where the pixels begin.
    """
    start = [_SOI]
    middle, tables = list[bytes](), list[bytes]()
    size_wh, frame, restart_blocks, begin = (0, 0), b"", 0, len(_SOI)
    for marker, segment in _segments(jpeg):
        begin += len(segment)
        if marker == _SOS:
            coding = b"".join((frame[_FRAME.size - 1 :], *tables, segment))
            parsed = StripedJpeg(size_wh, (), coding, b"".join(start), b"".join(middle), segment)
            return (parsed, restart_blocks, begin) if frame else None
        if marker == _DRI and len(segment) == 6:
            (restart_blocks,) = _U16.unpack_from(segment, 4)
        elif marker == _SOF_BASELINE:
            if segment[_SAMPLING_AT] != _SAMPLING_420:
                return None
            frame = segment
            before, height, width, _ = _FRAME.unpack_from(segment)
            size_wh = (width, height)
            start.append(before)
            middle.append(segment[len(before) + _U16.size :])
        else:
            (middle if frame else start).append(segment)
            if marker in (_DHT, _DQT):
                tables.append(segment)
            elif 0xC0 < marker <= 0xCF:
                # Progressive, lossless, arithmetic: coded in another way.
                return None
    return None


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the marker segments behind the start, as far as they follow each other."""
    begin = len(_SOI)
    while jpeg[:2] == _SOI and jpeg[begin : begin + 1] == b"\xff" and len(jpeg) >= begin + 4:
        (length,) = _U16.unpack_from(jpeg, begin + 2)
        end = begin + 2 + length
        if length < 2 or len(jpeg) < end:
            return
        yield jpeg[begin + 1], jpeg[begin:end]
        begin = end
