"""A camera's newest picture: a plain JPEG that carries its own stamp.

The stamp is a JPEG comment segment (ITU-T T.81, B.2.4.5) right behind the start marker: any reader
shows the picture, ours learn when it was captured without another key that could disagree.
"""

import struct
from dataclasses import dataclass

from vigil.domain.camera import Epoch
from vigil.errors import FrameInvalid

#: The least and the most pictures a second that are made of a camera's video. One lives for three
#: intervals, which Redis and the clocks of who waits for the next must be able to count.
MIN_FRAME_FPS = 0.01
MAX_FRAME_FPS = 30

_SOI = b"\xff\xd8"
_COM = b"\xff\xfe"
_MAGIC = b"VIGIL1"
_FIELDS = struct.Struct(">QQQHH")
#: How a stamp begins. The segment's length counts itself and tells it from a foreign comment.
_HEAD = _COM + (2 + len(_MAGIC) + _FIELDS.size).to_bytes(2, "big") + _MAGIC

#: How much of a stamped JPEG ``read_stamp`` needs.
STAMPED_HEAD_BYTES = len(_SOI) + len(_HEAD) + _FIELDS.size


@dataclass(frozen=True, slots=True)
class FrameStamp:
    """Which frame a JPEG shows.

    Attributes:
        sequence: Grows by one with each frame of an epoch, by more where another decoder took
            over; of two frames, the newer has the greater ``(epoch, sequence)``.
        captured_at_us: UTC in microseconds since 1970.
        epoch: The ingest epoch under which the frame was made.
        width_px, height_px: Of the full frame, whatever the size of this JPEG.
    """

    sequence: int
    captured_at_us: int
    epoch: Epoch
    width_px: int
    height_px: int

    @property
    def order(self) -> tuple[int, int]:
        """What frames of one camera are compared by: newer is greater."""
        return (self.epoch, self.sequence)

    def skipped_since(self, earlier: "FrameStamp") -> int:
        """Return how many frames lie between an earlier one and this.

        0 where that cannot be known: of another epoch, or numbered by another decoder.
        """
        skipped = self.sequence - earlier.sequence - 1
        # A second more than lies between them, for frames that do not come evenly.
        between_us = self.captured_at_us - earlier.captured_at_us + 1_000_000
        fit = between_us * MAX_FRAME_FPS // 1_000_000
        return skipped if self.epoch == earlier.epoch and 0 <= skipped <= fit else 0


def least_sequence(epoch: Epoch, at_ms: int) -> int:
    """Return a sequence that no frame of an epoch can have reached yet.

    So a decoder that takes over from one that died numbers on, without knowing where that was.

    Args:
        epoch: It is Redis's time in milliseconds, when it began.
        at_ms: Redis's time in milliseconds, now.
    """
    return max(0, at_ms - epoch) * MAX_FRAME_FPS // 1000


def stamped(jpeg: bytes, stamp: FrameStamp, *, beside: bytes = b"") -> bytes:
    """Return jpeg with the stamp in it, in place of any that it carried.

    Args:
        jpeg: It.
        stamp: Which frame it shows.
        beside: Whole segments that follow the stamp.

    Raises:
        FrameInvalid: It does not begin as a JPEG does.
    """
    if jpeg[:2] != _SOI:
        raise FrameInvalid("not a JPEG: no start marker")
    body = jpeg[STAMPED_HEAD_BYTES:] if _has_stamp(jpeg) else jpeg[2:]
    return b"".join(
        (
            _SOI,
            _HEAD,
            _FIELDS.pack(
                stamp.sequence, stamp.captured_at_us, stamp.epoch, stamp.width_px, stamp.height_px
            ),
            beside,
            body,
        )
    )


def read_stamp(jpeg: bytes) -> FrameStamp:
    """Return the stamp of a JPEG, of which the first STAMPED_HEAD_BYTES are enough.

    Raises:
        FrameInvalid: It carries none.
    """
    if len(jpeg) < STAMPED_HEAD_BYTES or not _has_stamp(jpeg):
        raise FrameInvalid("a JPEG without our stamp")
    sequence, captured_at_us, epoch, width_px, height_px = _FIELDS.unpack_from(
        jpeg, STAMPED_HEAD_BYTES - _FIELDS.size
    )
    return FrameStamp(sequence, captured_at_us, Epoch(epoch), width_px, height_px)


def _has_stamp(jpeg: bytes) -> bool:
    return jpeg[len(_SOI) : len(_SOI) + len(_HEAD)] == _HEAD
