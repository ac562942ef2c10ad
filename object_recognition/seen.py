"""What one look at a camera came to: for its picture, for others, and for the record."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from object_recognition.boxes import box_of
from object_recognition.detection import Detections
from object_recognition.tracking.tracked import UNTRACKED
from vigil.camera_document import Line, Zone
from vigil.domain.frame import FrameStamp
from vigil.facts import TrackFact
from vigil.messages import (
    DayTallies,
    DetectedObject,
    Explanation,
    FrameDetections,
    ZoneOccupancy,
)

#: Of so many objects of a frame keypoints are published, the surest: each takes 300 bytes.
MAX_POSES = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """The detections that are shown. Row i of everything is the same object.

    Attributes:
        detections: In pixels of the picture: sure enough, and where the camera looks.
        track_id: ``(n,)``. Which object each is; ``UNTRACKED``: that is not sure yet.
        counts_in: ``(zones, n)``. In which zones each counts.
        is_waiting: ``(n,)``. Whether it is in a zone in which it has not stayed long enough.
    """

    detections: Detections
    track_id: NDArray[np.int64]
    counts_in: NDArray[np.bool_]
    is_waiting: NDArray[np.bool_]

    def counts(self, labels: Sequence[str]) -> dict[str, int]:
        """Return how many are confirmed, by label, the most first."""
        class_id = self.detections.class_id[self.track_id != UNTRACKED]
        return dict(Counter(labels[each] for each in class_id.tolist()).most_common())

    def occupancy(
        self, zones: Sequence[Zone], is_open: Sequence[bool]
    ) -> tuple[ZoneOccupancy, ...]:
        """Return how many count in each zone."""
        counts = self.counts_in.sum(axis=1).tolist()
        return tuple(
            ZoneOccupancy(name=zone.name, count=count, is_open=is_there)
            for zone, count, is_there in zip(zones, counts, is_open, strict=True)
        )

    def objects(
        self, zones: Sequence[Zone], labels: Sequence[str], full_scale: tuple[float, float]
    ) -> tuple[DetectedObject, ...]:
        """Return them as others are told, the surest first.

        Args:
            zones: In which they count.
            labels: What class ids mean.
            full_scale: What makes pixels of the picture pixels of the full frame.
        """
        found, counts_in = self.detections, self.counts_in.T.tolist()
        full = found.xyxy * np.array(full_scale * 2, np.float32)
        order = np.argsort(-found.confidence, kind="stable").tolist()
        posed = frozenset(order[:MAX_POSES])
        return tuple(
            DetectedObject(
                track=int(self.track_id[row]) or None,
                label=labels[found.class_id[row]],
                confidence=round(float(found.confidence[row]), 3),
                box=box_of(full[row]),
                zones=names_of(zones, counts_in[row]),
                keypoints=_points(found.keypoints_of(row), full_scale) if row in posed else (),
            )
            for row in order
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look came to.

    Attributes:
        shown: What is in the picture.
        picture_wh: Its width and height, in whose pixels all of this is that is drawn.
        zones: Those that are there now, in pixels of the picture.
        lines: In pixels of the picture.
        published: The same for others.
        explanation: What became of all that was found, now and then; None: not this time.
        facts: What is to be told.
        tallies: What the next owner of the camera goes on from; None: it is as it was.
    """

    shown: Shown
    picture_wh: tuple[int, int]
    zones: tuple[Zone, ...]
    lines: tuple[Line, ...]
    published: FrameDetections
    explanation: Explanation | None
    facts: list[TrackFact]
    tallies: DayTallies | None

    def shown_again(self, stamp: FrameStamp) -> "Seen":
        """Return the same for a later frame in which nothing has moved: nothing new is told."""
        published = self.published.model_copy(
            update={
                "frame_epoch": stamp.epoch,
                "sequence": stamp.sequence,
                "captured_at_us": stamp.captured_at_us,
            }
        )
        return replace(self, published=published, explanation=None, facts=[], tallies=None)


def names_of(zones: Sequence[Zone], which: Sequence[bool]) -> tuple[str, ...]:
    """Return the names of some zones, of those that have one."""
    return tuple(zone.name for zone in compress(zones, which) if zone.name)


def _points(
    points: NDArray[np.float32], full_scale: tuple[float, float]
) -> tuple[tuple[float, float, float], ...]:
    full = points * np.array((*full_scale, 1), np.float32)
    return tuple((round(x, 1), round(y, 1), round(sure, 2)) for x, y, sure in full.tolist())
