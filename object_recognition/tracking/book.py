"""What is known of each track besides its motion."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from object_recognition.detection import Detections, Selection
from object_recognition.tracking.table import Table
from object_recognition.tracking.tracked import UNTRACKED, Tracks


@dataclass(slots=True, eq=False)
class Book(Table):
    """The tracks that are open, or may be.

    Attributes:
        track_id: Its identity; ``UNTRACKED`` until it is confirmed.
        class_id: What it is called.
        lead: By how much, in sums of confidence, its class leads over others.
        xyxy: ``(n, 4)`` float32. Where it was last seen.
        confidence: Of its surest detection.
        first_seen_s: Capture times.
        last_seen_s: The same.
        seen_at_s: When it was last seen, on the tracker's own clock.
        looks: The last 64 looks, the newest in the lowest bit: whether it was seen.
        missed: Looks since it was last seen.
    """

    track_id: NDArray[np.int64]
    class_id: NDArray[np.int64]
    lead: NDArray[np.float32]
    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    first_seen_s: NDArray[np.float64]
    last_seen_s: NDArray[np.float64]
    seen_at_s: NDArray[np.float64]
    looks: NDArray[np.uint64]
    missed: NDArray[np.int64]

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """Which are confirmed."""
        is_open: NDArray[np.bool_] = self.track_id != UNTRACKED
        return is_open

    def __len__(self) -> int:
        return len(self.track_id)

    @staticmethod
    def of(detections: Detections, now_s: float, clock_s: float) -> "Book":
        """Return the book of what is seen for the first time."""
        n = len(detections)
        return Book(
            np.full(n, UNTRACKED, np.int64),
            detections.class_id.astype(np.int64),
            detections.confidence.astype(np.float32),
            detections.xyxy.astype(np.float32),
            detections.confidence.astype(np.float32),
            np.full(n, now_s),
            np.full(n, now_s),
            np.full(n, clock_s),
            np.ones(n, np.uint64),
            np.zeros(n, np.int64),
        )

    def told(self, rows: Selection) -> Tracks:
        """Return what others are told of some tracks."""
        return Tracks(
            self.track_id[rows],
            self.class_id[rows],
            self.xyxy[rows],
            self.confidence[rows],
            self.first_seen_s[rows],
            self.last_seen_s[rows],
        )
