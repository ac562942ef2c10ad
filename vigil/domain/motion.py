"""Whether something moves in a picture, as its maker saw it; it travels within the JPEG.

It is a comment segment of its own behind the frame stamp: who does not know it reads the stamp as
ever, and takes this for somebody's comment.
"""

import struct
from dataclasses import dataclass, replace

from vigil.domain.frame import STAMPED_HEAD_BYTES

#: Corners ``x_min, y_min, x_max, y_max`` in pixels of the full frame.
BoxXyxy = tuple[int, int, int, int]

#: More regions than these are not told of: the largest are.
MAX_BOXES = 16

_COM = b"\xff\xfe"
_MAGIC = b"VIGILMOTION1"
_STATE = struct.Struct(">?QB")
_BOX = struct.Struct(">HHHH")
_LENGTH = struct.Struct(">H")


@dataclass(frozen=True, slots=True)
class Motion:
    """What moves in a frame.

    Attributes:
        is_moving: Whether something moves, or did a moment ago.
        since_us: Since when it is so: UTC in microseconds since 1970.
        boxes: Where, the largest first; none where all that moved has left or come to rest.
    """

    is_moving: bool
    since_us: int
    boxes: tuple[BoxXyxy, ...] = ()

    def scaled(self, size_wh: tuple[int, int], full_wh: tuple[int, int]) -> "Motion":
        """Return the same, seen in a picture of one size, in pixels of a frame of another."""
        if size_wh == full_wh:
            return self
        x, y = full_wh[0] / size_wh[0], full_wh[1] / size_wh[1]
        boxes = tuple(
            (round(a * x), round(b * y), round(c * x), round(d * y)) for a, b, c, d in self.boxes
        )
        return replace(self, boxes=boxes)


def motion_segment(motion: Motion) -> bytes:
    """Return the segment that tells of motion, to stand behind a JPEG's stamp."""
    boxes = motion.boxes[:MAX_BOXES]
    body = b"".join(
        (
            _MAGIC,
            _STATE.pack(motion.is_moving, motion.since_us, len(boxes)),
            *(_BOX.pack(*box) for box in boxes),
        )
    )
    return _COM + _LENGTH.pack(_LENGTH.size + len(body)) + body


def read_motion(jpeg: bytes) -> Motion | None:
    """Return what a stamped JPEG tells of motion; None: its maker did not look for any."""
    begin = STAMPED_HEAD_BYTES + len(_COM) + _LENGTH.size
    state_at = begin + len(_MAGIC)
    boxes_at = state_at + _STATE.size
    if jpeg[STAMPED_HEAD_BYTES : begin - _LENGTH.size] != _COM or len(jpeg) < boxes_at:
        return None
    (length,) = _LENGTH.unpack_from(jpeg, begin - _LENGTH.size)
    is_moving, since_us, count = _STATE.unpack_from(jpeg, state_at)
    end = boxes_at + count * _BOX.size
    if jpeg[begin:state_at] != _MAGIC or begin + length != end + _LENGTH.size or len(jpeg) < end:
        return None
    return Motion(is_moving, since_us, tuple(_BOX.iter_unpack(jpeg[boxes_at:end])))
