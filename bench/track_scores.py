"""Tracks against truth: MOTA and IDF1, at an IoU of at least one half."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from object_recognition.boxes import iou_of
from object_recognition.tracking.assignment import Pairs, best_pairs

_MIN_IOU = 0.5
#: Less than any two IoUs that matter differ by: a pair at exactly the least IoU is a pair.
_A_HAIR = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Who is where in one frame: as it is true, or as a tracker says.

    Attributes:
        identity: ``(n,)`` int64. No number stands there twice.
        xyxy: ``(n, 4)``. Corners in pixels.
    """

    identity: NDArray[np.int64]
    xyxy: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TrackScore:
    """How well a tracker did on one clip.

    Attributes:
        true: Boxes that are true.
        told: Boxes that the tracker told of.
        found: Pairs of both, frame by frame.
        switches: How often a true object was found under another identity than before.
        same: Pairs of both where each true object has one identity for the whole clip.
    """

    true: int
    told: int
    found: int
    switches: int
    same: int

    @property
    def mota(self) -> float:
        """Multiple object tracking accuracy (Bernardin and Stiefelhagen, 2008); at most 1."""
        missed, invented = self.true - self.found, self.told - self.found
        return 1 - (missed + invented + self.switches) / max(1, self.true)

    @property
    def idf1(self) -> float:
        """F1 of identities (Ristani et al., 2016), 0..1."""
        return 2 * self.same / max(1, self.true + self.told)


def scored(true: Sequence[Seen], told: Sequence[Seen]) -> TrackScore:
    """Return how well what was told fits what is true; frame i of both is the same."""
    overlaps = [
        iou_of(each.xyxy.astype(np.float64), other.xyxy.astype(np.float64))
        for each, other in zip(true, told, strict=True)
    ]
    found, switches = _clear(true, told, overlaps)
    return TrackScore(
        true=sum(len(each.identity) for each in true),
        told=sum(len(each.identity) for each in told),
        found=found,
        switches=switches,
        same=_same(true, told, overlaps),
    )


def _clear(
    true: Sequence[Seen], told: Sequence[Seen], overlaps: Sequence[NDArray[np.float64]]
) -> tuple[int, int]:
    """Return how many pairs there are, and how many of them switch the identity.

    A pair of the frames before stays one for as long as it overlaps; the others are made so that
    there are most of them, and then the closest.
    """
    found = switches = 0
    last: dict[int, int] = {}
    for each, other, overlap in zip(true, told, overlaps, strict=True):
        is_near = overlap >= _MIN_IOU - _A_HAIR
        before = np.array([last.get(int(k), -1) for k in each.identity], np.int64)
        stays = is_near & (before[:, None] == other.identity)
        pairs = Pairs(*overlap.shape)
        # A pair more outweighs all closeness.
        closeness = np.where(is_near, min(overlap.shape) + overlap, 0)
        for gain in (stays.astype(np.float64), closeness):
            pairs.match(*_everybody(overlap), partial(_of_both, gain))
        found += len(pairs.rows)
        for row, column in zip(pairs.rows, pairs.columns, strict=True):
            true_id, told_id = int(each.identity[row]), int(other.identity[column])
            switches += last.get(true_id, told_id) != told_id
            last[true_id] = told_id
    return found, switches


def _everybody(overlap: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return np.ones(overlap.shape[0], np.bool_), np.ones(overlap.shape[1], np.bool_)


def _of_both(
    gain: NDArray[np.float64], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    return gain[rows[:, None], columns]


def _same(
    true: Sequence[Seen], told: Sequence[Seen], overlaps: Sequence[NDArray[np.float64]]
) -> int:
    """Return in how many pairs each true object and each identity have one partner for ever."""
    true_ids, told_ids = _identities(true), _identities(told)
    together = np.zeros((len(true_ids), len(told_ids)))
    for each, other, overlap in zip(true, told, overlaps, strict=True):
        rows, columns = np.nonzero(overlap >= _MIN_IOU - _A_HAIR)
        at = np.searchsorted(true_ids, each.identity[rows])
        np.add.at(together, (at, np.searchsorted(told_ids, other.identity[columns])), 1)
    rows, columns = best_pairs(together)
    return int(together[rows, columns].sum())


def _identities(frames: Sequence[Seen]) -> NDArray[np.int64]:
    return np.unique(np.concatenate([np.empty(0, np.int64), *(each.identity for each in frames)]))
