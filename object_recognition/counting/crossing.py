"""Who crosses a line, and which way.

What crosses is the middle of a box's lower edge: where somebody stands. Each track is on one side
of each line, and changes it when it stands clear of the line on the other: by a tenth of its box's
longer side. So somebody who sways on the line, or whose box trembles, crosses once or not at all.
Where the path met the line it must have been between the ends: around them is no crossing. Whoever
comes into sight on the line, or is lost there, is not known to have crossed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from object_recognition.tracking.table import Table
from object_recognition.tracking.tracked import Tracks
from vigil.camera_document import Line

#: Part of the longer side of a box by which its foot must be clear of a line to be on its side.
CLEAR_SHARE = 0.1

_Floats = NDArray[np.float64]
_Signs = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Crossed:
    """One crossing.

    Attributes:
        track: Whose.
        class_id: What it was called.
        line: Which: a row of the lines.
        is_in: From the left to the right, as seen from the line's start to its end.
        at_us: Capture time of the first frame in which it was beyond the line.
    """

    track: int
    class_id: int
    line: int
    is_in: bool
    at_us: int


@dataclass(slots=True, eq=False)
class _Places(Table):
    """Where tracks are to the lines. Sorted by track: identities only grow.

    Attributes:
        track_id: ``(n,)``.
        foot: ``(n, 2)``. Where it was seen last.
        away_px: ``(n, lines)``. How far that is from each line; to the right: positive.
        beyond: ``(n, lines)``. On which side it was seen last: -1 left, 1 right, 0 unknown.
        side: The same, when it last stood clear of the line.
        passed_us: ``(n, lines)``. When it passed the line last, or went around it.
        was_between: ``(n, lines)``. Whether that was between the line's ends.
    """

    track_id: NDArray[np.int64]
    foot: _Floats
    away_px: _Floats
    beyond: _Signs
    side: _Signs
    passed_us: NDArray[np.int64]
    was_between: NDArray[np.bool_]


class LineWatch:
    """Watches who of a camera's confirmed tracks crosses which of its lines.

    Args:
        lines: In pixels of the picture.
        labels: What class ids mean.
    """

    def __init__(self, lines: Sequence[Line], labels: Sequence[str]) -> None:
        self._start = np.array([line.start for line in lines], np.float64).reshape(-1, 2)
        end = np.array([line.end for line in lines], np.float64).reshape(-1, 2)
        length_px = np.maximum(np.linalg.norm(end - self._start, axis=1, keepdims=True), 1e-6)
        self._along: _Floats = (end - self._start) / length_px
        self._length_px: _Floats = length_px[:, 0]
        allowed = [[not line.labels or each in line.labels for each in labels] for line in lines]
        self._allowed = np.array(allowed, np.bool_).reshape(len(lines), len(labels))
        self._least = np.array([line.min_confidence for line in lines], np.float32)
        self._places = self._unknown(np.empty(0, np.int64), np.empty((0, 2)))

    def begin(self, tracks: Tracks) -> None:
        """Take in where tracks are that were open before the lines were."""
        # By number, by which they are found; who was confirmed later may have begun before.
        order = np.argsort(tracks.track_id)
        self._places.append(self._unknown(tracks.track_id[order], _feet(tracks.xyxy)[order]))
        self._move(tracks, _feet(tracks.xyxy), _clear_px(tracks.xyxy), 0)

    def look(self, opened: Tracks, updated: Tracks, *, at_us: int) -> list[Crossed]:
        """Take in where tracks were seen in a frame; return who has crossed what.

        Args:
            opened: Those that were just confirmed; they may have crossed since they were first
                seen.
            updated: Those that were confirmed before.
            at_us: Capture time of the frame.
        """
        if len(opened):
            feet = _feet(opened.first_xyxy)
            self._places.append(self._unknown(opened.track_id, feet))
            self._move(opened, feet, _clear_px(opened.first_xyxy), at_us)
        crossed = []
        for tracks in (opened, updated):
            if len(tracks):
                crossed += self._move(tracks, _feet(tracks.xyxy), _clear_px(tracks.xyxy), at_us)
        return crossed

    def forget(self, closed: Tracks) -> None:
        """Forget tracks that have ended."""
        if len(closed):
            self._places.keep(~np.isin(self._places.track_id, closed.track_id))

    def _unknown(self, track_id: NDArray[np.int64], foot: _Floats) -> _Places:
        """Return the places of tracks of which only a foot is known."""
        shape = len(track_id), len(self._length_px)
        return _Places(
            track_id=track_id,
            foot=foot,
            away_px=np.zeros(shape),
            beyond=np.zeros(shape, np.int8),
            side=np.zeros(shape, np.int8),
            passed_us=np.zeros(shape, np.int64),
            was_between=np.zeros(shape, np.bool_),
        )

    def _move(self, tracks: Tracks, foot: _Floats, clear_px: _Floats, at_us: int) -> list[Crossed]:
        """Move tracks to where they are seen; return what they crossed on the way."""
        places = self._places
        rows = np.searchsorted(places.track_id, tracks.track_id)
        from_start = foot[:, None] - self._start
        along = self._along
        away_px = along[:, 0] * from_start[..., 1] - along[:, 1] * from_start[..., 0]
        before = places.beyond[rows]
        # Right on the line it is where it was.
        beyond = np.where(away_px == 0, before, np.sign(away_px)).astype(np.int8)
        has_passed = (before != 0) & (beyond != before)
        if has_passed.any():
            self._note_passing(rows, foot, away_px, has_passed, at_us)
        side = np.where(np.abs(away_px) > clear_px[:, None], beyond, 0)
        was = places.side[rows]
        has_changed = (side != 0) & (was != 0) & (side != was)
        places.foot[rows], places.away_px[rows], places.beyond[rows] = foot, away_px, beyond
        places.side[rows] = np.where(side != 0, side, was)
        if not has_changed.any():
            return []
        counts = has_changed & places.was_between[rows] & self._allowed[:, tracks.class_id].T
        counts &= tracks.confidence[:, None] >= self._least
        return [
            Crossed(
                track=int(tracks.track_id[row]),
                class_id=int(tracks.class_id[row]),
                line=line,
                is_in=bool(side[row, line] > 0),
                at_us=int(places.passed_us[rows[row], line]),
            )
            for row, line in np.argwhere(counts).tolist()
        ]

    def _note_passing(
        self,
        rows: NDArray[np.intp],
        foot: _Floats,
        away_px: _Floats,
        has_passed: NDArray[np.bool_],
        at_us: int,
    ) -> None:
        """Note where the straight way from the last place met the lines that it passed."""
        places = self._places
        before_px = places.away_px[rows]
        way_px = np.where(has_passed, before_px - away_px, 1.0)
        share = (before_px / np.where(way_px == 0, 1.0, way_px))[..., None]
        last = places.foot[rows][:, None]
        met = last + share * (foot[:, None] - last) - self._start
        along_px = (met * self._along).sum(axis=2)
        is_between = (along_px >= 0) & (along_px <= self._length_px)
        places.passed_us[rows] = np.where(has_passed, at_us, places.passed_us[rows])
        places.was_between[rows] = np.where(has_passed, is_between, places.was_between[rows])


def _feet(xyxy: NDArray[np.float32]) -> _Floats:
    """Return the middle of each box's lower edge, ``(n, 2)``."""
    feet: _Floats = np.stack([(xyxy[:, 0] + xyxy[:, 2]) / 2, xyxy[:, 3]], axis=1).astype(np.float64)
    return feet


def _clear_px(xyxy: NDArray[np.float32]) -> _Floats:
    """Return how far from a line each must be to be clear of it, ``(n,)``."""
    clear_px: _Floats = CLEAR_SHARE * (xyxy[:, 2:] - xyxy[:, :2]).max(axis=1).astype(np.float64)
    return clear_px
