"""Clips for trackers: what is true in each frame, and what a detector saw of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bench.footage import MotRows, frames_of, read_mot, tracks_of_vtest
from bench.track_scores import Seen, TrackScore, scored
from object_recognition.detection import Detections, Detector

#: The scores of TUD-Campus' detector go from 0 to 118, half of them above 37. So many and more are
#: taken for a confidence of 1.
_TUD_SURE = 50.0
_WALKERS_FPS = 10.0
_WALKERS_WH = (1920, 1080)


@dataclass(frozen=True, slots=True, eq=False)
class TrackClip:
    """Some frames. Item i of both sequences is of the same one.

    Attributes:
        name: For people.
        fps: Frames a second.
        true: Who is where; empty where it is not known.
        seen: What a detector saw.
    """

    name: str
    fps: float
    true: Sequence[Seen]
    seen: Sequence[Detections]

    def every(self, step: int) -> "TrackClip":
        """Return it as a slower camera gives it."""
        return replace(self, fps=self.fps / step, true=self.true[::step], seen=self.seen[::step])

    def second_half(self) -> "TrackClip":
        """Return the frames behind the middle."""
        middle = (len(self.seen) + 1) // 2
        return replace(self, true=self.true[middle:], seen=self.seen[middle:])

    def thinned(self, *, share: float, seed: int) -> "TrackClip":
        """Return it as a detector sees it that overlooks a share of the boxes, at random."""
        rng = np.random.default_rng(seed)
        seen = [each.take(rng.random(len(each)) >= share) for each in self.seen]
        return replace(self, seen=seen)

    def score(self, track_id: Sequence[NDArray[np.int64]]) -> TrackScore:
        """Return how well identities fit the truth.

        Args:
            track_id: Of each frame ``(n,)``, as long as what was seen in it; 0 is nobody's.
        """
        told = [
            Seen(identity[identity > 0], seen.xyxy[identity > 0])
            for identity, seen in zip(track_id, self.seen, strict=True)
        ]
        return scored(self.true, told)


class _Tracks(Protocol):
    @property
    def track_id(self) -> NDArray[np.int64]: ...


def followed(
    clip: TrackClip, update: Callable[[Detections, float], _Tracks]
) -> list[NDArray[np.int64]]:
    """Return the identities that a tracker gives in each frame of a clip."""
    return [update(seen, number / clip.fps).track_id for number, seen in enumerate(clip.seen)]


def vtest(folder: Path, detector: Detector) -> TrackClip:
    """Return vtest as a detector sees its people.

    Args:
        folder: The shared data.
        detector: Knows people by the label person.
    """
    person = detector.labels.index("person")
    seen = []
    for frame in frames_of(folder / "video" / "vtest_480x360.avi"):
        found = detector.detect(frame)
        seen.append(found.take(found.class_id == person))
    true = _frames(tracks_of_vtest(folder), count=len(seen))
    return TrackClip("vtest", 10.0, [_seen(rows) for rows in true], seen)


def tud_campus(folder: Path) -> TrackClip:
    """Return TUD-Campus with the detections that were published with it."""
    campus = folder / "tracking" / "TUD-Campus"
    true = read_mot(campus / "gt" / "gt.txt")
    found = _frames(read_mot(campus / "det" / "det.txt"), count=max(true))
    return TrackClip(
        "TUD-Campus",
        25.0,
        [_seen(rows) for rows in _frames(true, count=max(true))],
        [
            Detections(
                rows.xyxy,
                np.clip(rows.score / np.float32(_TUD_SURE), 0, 1),
                np.zeros(len(rows), np.int64),
            )
            for rows in found
        ],
    )


def walkers(*, count: int, frames: int, seed: int) -> TrackClip:
    """Return people who walk to and fro and pass each other, as a usual detector sees them.

    One box in twenty is overlooked; places and sizes shake by 2 and 3 %.
    """
    rng = np.random.default_rng(seed)
    height = rng.uniform(60, 220, count)
    size = np.column_stack([0.4 * height, height])
    low, high = np.array([0, 200]), np.array(_WALKERS_WH) - [0, 180]
    centre = rng.uniform(low, high, (count, 2))
    step = rng.uniform(-1, 1, (count, 2)) * height[:, None] * [1, 0.3] / _WALKERS_FPS
    seen = []
    for _ in range(frames):
        centre = centre + step
        step = np.where((centre < low) | (centre > high), -step, step)
        middle = centre + rng.normal(0, 0.02, (count, 2)) * height[:, None]
        half = size * (1 + rng.normal(0, 0.03, (count, 2))) / 2
        is_seen = rng.random(count) >= 0.05
        confidence = np.clip(rng.normal(0.75, 0.15, count), 0.12, 0.99)
        everybody = Detections(
            np.hstack([middle - half, middle + half]).astype(np.float32),
            confidence.astype(np.float32),
            np.zeros(count, np.int64),
        )
        seen.append(everybody.take(is_seen))
    return TrackClip("walkers", _WALKERS_FPS, [], seen)


def _frames(rows: dict[int, MotRows], *, count: int) -> list[MotRows]:
    """Return the rows of each frame from the first on; a frame that is not named has none."""
    nothing = MotRows(np.empty(0, np.int64), np.empty((0, 4), np.float32), np.empty(0, np.float32))
    return [rows.get(number, nothing) for number in range(1, count + 1)]


def _seen(rows: MotRows) -> Seen:
    # A truth of score 0 is a box that does not count, as MOTChallenge has it.
    counts = rows.score > 0
    return Seen(rows.identity[counts], rows.xyxy[counts])
