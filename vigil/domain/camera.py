"""Who a camera is, and who may write for it."""

from enum import StrEnum
from typing import NewType

#: A camera's number, as in ``/cameras/7`` and ``camera_7_latest_frame``. At least 1.
CameraId = NewType("CameraId", int)

#: A fencing epoch: of two holders of a lease, the later has the greater. Fits in 53 bits.
Epoch = NewType("Epoch", int)


class Stream(StrEnum):
    """Which of a camera's encodings: the one that is recorded, or a smaller one of the same."""

    MAIN = "main"
    SUB = "sub"
