"""ByteTrack (Zhang et al., ECCV 2022) on whole arrays, in seconds instead of frames."""

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from object_recognition.boxes import iou_of
from object_recognition.detection import Detections
from object_recognition.tracking.assignment import Pairs
from object_recognition.tracking.book import Book
from object_recognition.tracking.kin import Kin
from object_recognition.tracking.motion import Floats, Motion
from object_recognition.tracking.tracked import UNTRACKED, Tracked, Tracks

Rows = NDArray[np.int64]

#: Looks are remembered as the bits of a number.
_MAX_LOOKS = 64
_MAX_LOST_S = 86_400
#: What a pair must have more of, stage by stage. A confirmed track and a sure detection: IoU times
#: confidence;
_MIN_SURE = 0.1
#: a confirmed track that the last look did not see, and a sure detection: the IoU of their boxes,
#: made wider by this share of their sides each way, since what was hidden is near where it should
#: be, and seldom right there;
_WIDEN = 0.5
_MIN_WIDE = 0.3
#: a confirmed track and an unsure detection: IoU;
_MIN_UNSURE = 0.5
#: a track to be confirmed and a sure detection: IoU times confidence.
_MIN_NEW = 0.1
_NO_ROWS: Rows = np.empty(0, np.int64)


class Tracker:
    """Tells which detection is which object, from look to look. Make one for each camera.

    A look is a frame that a detector saw. Between looks time passes as it passed for the camera;
    where nothing moved, say so with ``rest``, and no track grows older.

    Args:
        confirm_hits: A track is confirmed when it was seen in so many
        confirm_looks: of so many looks, the newest included; 64 at most.
        lost_s: A confirmed track that is not seen for longer, and for two looks, is closed.
        sure_confidence: Detections of less confidence begin no track: of all classes, or of each;
            inf: none does.
        least_confidence: Those of less than this do not even continue one.
        kin: Sets of class ids that one object may be called by turns, such as car and truck. A
            track keeps to its class, or to its set.
        max_tracks: The bound of tracks, and of detections looked at in a frame, the surest first.
        first_id: The identity of the first track: one behind those of a tracker before this.

    Raises:
        ValueError: A number is out of its range.
    """

    def __init__(
        self,
        *,
        confirm_hits: int = 3,
        confirm_looks: int = 5,
        lost_s: float = 3.0,
        sure_confidence: float | Sequence[float] = 0.4,
        least_confidence: float = 0.1,
        kin: Sequence[Collection[int]] = (),
        max_tracks: int = 256,
        first_id: int = UNTRACKED + 1,
    ) -> None:
        if not 1 <= confirm_hits <= confirm_looks <= _MAX_LOOKS:
            raise ValueError(
                f"confirm_hits {confirm_hits} of confirm_looks {confirm_looks}: must be 1 or more, "
                f"of as many or more, and {_MAX_LOOKS} at most"
            )
        if not 0 < lost_s <= _MAX_LOST_S:
            raise ValueError(f"lost_s is {lost_s}, must be above 0 s, and {_MAX_LOST_S} at most")
        sure = np.asarray(sure_confidence, np.float32)
        # As floats of 32 bits, in which detections are compared too. There may be none at all.
        reached = sure[np.isfinite(sure)]
        least = np.float32(least_confidence)
        if not 0 <= least <= reached.min(initial=1) or reached.max(initial=0) > 1:
            raise ValueError(
                f"least_confidence {least_confidence}, sure_confidence {sure_confidence}: "
                "must be 0 to 1, and the second no less than the first"
            )
        if max_tracks < 1:
            raise ValueError(f"max_tracks is {max_tracks}, must be 1 or more")
        self._confirm_hits = confirm_hits
        self._max_missed = confirm_looks - confirm_hits
        self._looks_mask = np.uint64((1 << confirm_looks) - 1)
        self._lost_s = lost_s
        self._sure, self._least = sure, np.float32(least_confidence)
        self._kin = Kin(kin)
        self._max_tracks = max_tracks
        self._next_id = max(first_id, UNTRACKED + 1)
        self._stamp_s: float | None = None
        self._clock_s = 0.0
        #: Between the last two looks.
        self._step_s = 0.0
        self._book = Book.of(Detections.none(), 0.0, 0.0)
        self._motion = Motion.of(np.empty((0, 4)))

    @property
    def next_id(self) -> int:
        """The identity that the next track gets."""
        return self._next_id

    def open_tracks(self) -> Tracks:
        """Return the tracks that are open."""
        return self._book.told(self._book.is_open)

    def rest(self, now_s: float) -> None:
        """Note that nothing moved since the last look or rest: nobody aged, and all stand still.

        Args:
            now_s: Capture time of the frame in which nothing had moved.

        Raises:
            ValueError: The time is no finite number.
        """
        self._passed_s(now_s)
        self._motion.stand_still()

    def update(self, detections: Detections, now_s: float) -> Tracked:
        """Take in what a detector saw, and return which object each detection is.

        Args:
            detections: Of one frame, the unsure ones too. What has no area or is not finite
                belongs to nothing.
            now_s: Capture time of the frame, in seconds of any one clock. A time before that of
                the last look counts as the same instant, and time goes on from there.

        Raises:
            ValueError: The time is no finite number.
        """
        passed_s = self._passed_s(now_s)
        self._clock_s += passed_s
        closed = self._close()
        self._step_s = passed_s
        self._motion.predict(passed_s)
        usable = self._usable(detections)
        seen = detections.take(usable)
        rows, columns, begun = self._associate(seen)
        was_open = self._book.is_open[rows]
        self._continue(rows, seen.take(columns), now_s)
        rows = np.concatenate([rows, self._begin(seen.take(begun), now_s)])
        columns = np.concatenate([columns, begun])
        opened = self._confirm()
        track_id = np.full(len(detections), UNTRACKED, np.int64)
        track_id[usable[columns]] = self._book.track_id[rows]
        hits = np.zeros(len(detections), np.int64)
        hits[usable[columns]] = np.bitwise_count(self._book.looks[rows] & self._looks_mask)
        return Tracked(
            self._named(detections, usable[columns], rows),
            track_id,
            hits,
            opened=opened,
            updated=self._book.told(rows[: len(was_open)][was_open]),
            closed=closed,
        )

    def close_all(self) -> Tracks:
        """Close what is open, as when the camera is gone; return it."""
        closed = self._book.told(self._book.is_open)
        nobody = np.zeros(len(self._book), bool)
        self._book.keep(nobody)
        self._motion.keep(nobody)
        return closed

    def _passed_s(self, now_s: float) -> float:
        if not math.isfinite(now_s):
            raise ValueError(f"now_s is {now_s}, must be a capture time in seconds")
        before_s = now_s if self._stamp_s is None else self._stamp_s
        self._stamp_s = now_s
        # More than this loses everybody anyway; two stamps may be as far apart as floats go.
        return min(max(0.0, now_s - before_s), 2 * self._lost_s)

    def _close(self) -> Tracks:
        """Drop tracks that are lost, and those that the next looks cannot confirm any more."""
        book = self._book
        # Where looks are far apart, one that is missed is no loss.
        lost_s = max(self._lost_s, 2 * self._step_s)
        lost = self._clock_s - book.seen_at_s > lost_s
        lost |= ~book.is_open & (book.missed > self._max_missed)
        if not lost.any():
            return book.told(_NO_ROWS)
        closed = book.told(lost & book.is_open)
        self._book.keep(~lost)
        self._motion.keep(~lost)
        return closed

    def _usable(self, detections: Detections) -> Rows:
        """Return the rows of what can be tracked, the surest where there are too many."""
        xyxy = detections.xyxy
        is_usable = (xyxy[:, 2:] > xyxy[:, :2]).all(axis=1) & np.isfinite(xyxy).all(axis=1)
        usable = np.flatnonzero(is_usable & (detections.confidence >= self._least))
        if len(usable) > self._max_tracks:
            order = np.argsort(-detections.confidence[usable], kind="stable")
            usable = np.sort(usable[order[: self._max_tracks]])
        return usable

    def _associate(self, seen: Detections) -> tuple[Rows, Rows, Rows]:
        """Return tracks, the detections that continue them, and those that begin others."""
        expected, is_open = self._motion.xyxy, self._book.is_open
        sure = self._sure[seen.class_id] if self._sure.ndim else self._sure
        xyxy, is_sure = seen.xyxy.astype(np.float64), seen.confidence >= sure
        is_kin = self._kin.of(self._book.class_id)[:, None] == self._kin.of(seen.class_id)
        overlap = iou_of(expected, xyxy) * is_kin
        weighed = overlap * seen.confidence

        def wide(rows: Rows, columns: Rows) -> Floats:
            near: Floats = iou_of(_widened(expected[rows]), _widened(xyxy[columns]))
            near *= is_kin[rows[:, None], columns]
            return near - _MIN_WIDE

        pairs = Pairs(*overlap.shape)
        pairs.match(is_open, is_sure, lambda r, c: weighed[r[:, None], c] - _MIN_SURE)
        pairs.match(is_open & (self._book.missed > 0), is_sure, wide)
        pairs.match(is_open, ~is_sure, lambda r, c: overlap[r[:, None], c] - _MIN_UNSURE)
        pairs.match(~is_open, is_sure, lambda r, c: weighed[r[:, None], c] - _MIN_NEW)
        begun = np.flatnonzero(is_sure & pairs.is_column_free)
        room = self._max_tracks - len(self._book)
        if len(begun) > room:
            begun = begun[np.argsort(-seen.confidence[begun], kind="stable")[:room]]
        return pairs.rows, pairs.columns, begun

    def _continue(self, rows: Rows, seen: Detections, now_s: float) -> None:
        book = self._book
        book.missed += 1
        book.looks <<= np.uint64(1)
        if not len(rows):
            return
        self._motion.correct(rows, seen.xyxy.astype(np.float64))
        book.missed[rows] = 0
        book.looks[rows] |= np.uint64(1)
        book.seen_at_s[rows] = self._clock_s
        book.last_seen_s[rows] = now_s
        book.xyxy[rows] = seen.xyxy
        book.confidence[rows] = np.maximum(book.confidence[rows], seen.confidence)
        same = book.class_id[rows] == seen.class_id
        if same.all():
            book.lead[rows] += seen.confidence
            return
        # A class that begins no track gives none its name.
        names = np.isfinite(self._sure[seen.class_id]) if self._sure.ndim else np.bool_(True)
        against = np.where(names, -seen.confidence, 0)
        lead = book.lead[rows] + np.where(same, seen.confidence, against)
        book.class_id[rows] = np.where(lead < 0, seen.class_id, book.class_id[rows])
        book.lead[rows] = np.abs(lead)

    def _begin(self, seen: Detections, now_s: float) -> Rows:
        """Begin a track for each detection; return its row."""
        before = len(self._book)
        if len(seen):
            self._book.append(Book.of(seen, now_s, self._clock_s))
            self._motion.append(Motion.of(seen.xyxy.astype(np.float64)))
        return np.arange(before, before + len(seen))

    def _confirm(self) -> Tracks:
        book = self._book
        hits = np.bitwise_count(book.looks & self._looks_mask)
        ready = np.flatnonzero(~book.is_open & (hits >= self._confirm_hits))
        book.track_id[ready] = np.arange(self._next_id, self._next_id + len(ready))
        self._next_id += len(ready)
        return book.told(ready)

    def _named(self, detections: Detections, columns: Rows, rows: Rows) -> Detections:
        """Return the detections with the classes of their confirmed tracks."""
        is_open = self._book.is_open[rows]
        class_id = self._book.class_id[rows[is_open]]
        columns = columns[is_open]
        if (detections.class_id[columns] == class_id).all():
            return detections
        named = detections.class_id.copy()
        named[columns] = class_id
        return detections.named(named)


def _widened(xyxy: Floats) -> Floats:
    by = (xyxy[:, 2:] - xyxy[:, :2]) * _WIDEN
    return np.concatenate([xyxy[:, :2] - by, xyxy[:, 2:] + by], axis=1)
