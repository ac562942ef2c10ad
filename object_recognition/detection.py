"""What a detector sees in one frame, and what a detector is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeIs

from vigil.errors import FrameInvalid

ImageBgr = NDArray[np.uint8]
#: Which rows to keep: a mask, or row numbers in the order wanted.
Selection = NDArray[np.bool_] | NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Objects found in one frame. Row i of every array is the same object; n may be 0.

    Attributes:
        xyxy: ``(n, 4)`` float32. Corners ``x_min, y_min, x_max, y_max`` in pixels of the
            source frame, not of the letterboxed model input.
        confidence: ``(n,)`` float32, each in ``[0, 1]``.
        class_id: ``(n,)`` int64, index into the detector's labels.
        keypoints: ``(n, k, 3)`` float32: ``x, y`` in pixels of the source frame, which may lie
            outside it, and a confidence in ``[0, 1]``. Below 0: the object has no such point.
            None: the detector gives none.

    Raises:
        ValueError: On construction, when the shapes disagree.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int64]
    keypoints: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        n = len(self.class_id)
        shapes = (self.xyxy.shape, self.confidence.shape, self.class_id.shape)
        if shapes != ((n, 4), (n,), (n,)):
            raise ValueError(f"shapes disagree: xyxy, confidence, class_id are {shapes}")
        if self.keypoints is not None and self.keypoints.shape[::2] != (n, 3):
            raise ValueError(f"shapes disagree: {n} rows, keypoints are {self.keypoints.shape}")

    def __len__(self) -> int:
        return len(self.class_id)

    def take(self, rows: Selection) -> "Detections":
        """Return the rows that a mask or a list of row numbers names."""
        keypoints = None if self.keypoints is None else self.keypoints[rows]
        return Detections(self.xyxy[rows], self.confidence[rows], self.class_id[rows], keypoints)

    def named(self, class_id: NDArray[np.int64]) -> "Detections":
        """Return the same objects with other classes ``(n,)``."""
        return replace(self, class_id=class_id)

    def keypoints_of(self, row: int) -> NDArray[np.float32]:
        """Return the points ``(k, 3)`` that an object has."""
        if self.keypoints is None:
            return np.empty((0, 3), np.float32)
        points: NDArray[np.float32] = self.keypoints[row]
        return points[points[:, 2] >= 0]

    @staticmethod
    def none() -> "Detections":
        """Return what an empty frame gives."""
        return Detections(
            np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64)
        )

    @staticmethod
    def joined(parts: Sequence["Detections"]) -> "Detections":
        """Return what stands in several, in their order; there is at least one."""
        return Detections(
            np.concatenate([each.xyxy for each in parts]),
            np.concatenate([each.confidence for each in parts]),
            np.concatenate([each.class_id for each in parts]),
            _joined_keypoints(parts),
        )


def _joined_keypoints(parts: Sequence[Detections]) -> NDArray[np.float32] | None:
    most = max((each.keypoints.shape[1] for each in parts if each.keypoints is not None), default=0)
    if not most:
        return None
    keypoints = np.full((sum(map(len, parts)), most, 3), -1, np.float32)
    begin = 0
    for each in parts:
        if each.keypoints is not None:
            keypoints[begin : begin + len(each), : each.keypoints.shape[1]] = each.keypoints
        begin += len(each)
    return keypoints


class Detector(Protocol):
    """Looks at the frames of a camera, one after the other.

    One that remembers (a background, tracks) is made for each camera. One that does not may be
    shared by all cameras of a thread; none is safe to call from two threads at once, because its
    buffers are made once.
    """

    @property
    def name(self) -> str:
        """Its name for people, such as ``yolox_nano``."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """What its class ids mean."""
        ...

    def detect(self, image_bgr: ImageBgr) -> Detections:
        """Return what is in a frame.

        Args:
            image_bgr: ``(H, W, 3)`` uint8, of any size; it may change from frame to frame. What
                was seen is drawn on it afterwards, so it is not kept.
        """
        ...


class Picture(Protocol):
    """A frame as it came, and its pixels for who asks for them."""

    @property
    def jpeg(self) -> bytes:
        """As it came."""
        ...

    @property
    def size_wh(self) -> tuple[int, int]:
        """Its width and height, without a decode.

        Raises:
            FrameInvalid: It is no JPEG, or out of bounds.
        """
        ...

    @property
    def image_bgr(self) -> ImageBgr:
        """Its pixels, decoded once.

        Raises:
            FrameInvalid: It is no whole JPEG.
        """
        ...


class BatchDetector(Detector, Protocol):
    """Looks at frames of many cameras in one go, which a GPU needs to be busy."""

    @property
    def batch_max(self) -> int:
        """At how many it looks in one go, at most."""
        ...

    def detect_all(self, pictures: Sequence[Picture]) -> list[Detections | FrameInvalid]:
        """Return what is in each frame, or why that frame is none.

        Args:
            pictures: Of any sizes; up to batch_max.

        Raises:
            ModelInvalid: The model does not run.
        """
        ...


def takes_batches(detector: Detector) -> TypeIs[BatchDetector]:
    """Return whether a detector looks at many frames in one go."""
    # isinstance() would ask for each name of the protocol, at each frame.
    return hasattr(detector, "detect_all")
