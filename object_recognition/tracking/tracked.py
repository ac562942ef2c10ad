"""What a tracker tells: tracks, and what became of them in one look."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from object_recognition.detection import Detections

#: The identity of a detection that belongs to no track, or to none that is confirmed yet.
UNTRACKED = 0


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Some confirmed tracks, as they were when told of. Row i of every array is the same track.

    Attributes:
        track_id: ``(n,)`` int64. From 1; a tracker never gives one twice.
        class_id: ``(n,)`` int64. What it was called most, weighed by confidence.
        first_xyxy: ``(n, 4)`` float32. The box in which it was first seen.
        xyxy: The same, in which it was last seen.
        confidence: ``(n,)`` float32. Of its surest detection.
        first_seen_s: ``(n,)`` float64. Capture time of the first frame that shows it, which is
            before it was confirmed.
        last_seen_s: ``(n,)`` float64. Capture time of the last frame that shows it.
    """

    track_id: NDArray[np.int64]
    class_id: NDArray[np.int64]
    first_xyxy: NDArray[np.float32]
    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    first_seen_s: NDArray[np.float64]
    last_seen_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.track_id)


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """What one look came to.

    Attributes:
        detections: All that were given, row for row. Those of a confirmed track carry its class.
        track_id: ``(n,)`` int64. Whose each is, or ``UNTRACKED``; no identity stands there twice.
        hits: ``(n,)`` int64. In how many of the looks that confirm it each was seen; 0: it belongs
            to nothing.
        opened: Tracks that this look confirmed.
        updated: Tracks that were open before, and are seen in this look.
        closed: Tracks that have not been seen for too long.
    """

    detections: Detections
    track_id: NDArray[np.int64]
    hits: NDArray[np.int64]
    opened: Tracks
    updated: Tracks
    closed: Tracks
