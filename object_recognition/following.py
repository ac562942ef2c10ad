"""What one camera's tracks come to as facts: told when they open, go on for long, and end.

Everything that is found is followed, so that whoever comes into a zone has crossed a line before
it, and is the same when they come back. But it is told of a track alone what was seen of it while
it counted: in a zone, or where there are none; and when it crossed a line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from object_recognition.boxes import box_of
from object_recognition.counting.crossing import Crossed, LineWatch
from object_recognition.counting.dwelling import Dwelling
from object_recognition.detection import Detections
from object_recognition.seen import Shown, names_of
from object_recognition.tracking.kin import kin_of
from object_recognition.tracking.tracked import UNTRACKED, Tracked, Tracks
from object_recognition.tracking.tracker import Tracker
from vigil.camera_document import Line, Zone
from vigil.clock import MICROSECONDS
from vigil.domain.camera import CameraId, Epoch
from vigil.facts import MAX_CROSSINGS, Direction, LineCrossing, TrackFact

#: A track is confirmed when it was seen in so many of so many looks.
CONFIRM_HITS, CONFIRM_LOOKS = 3, 5
#: Seconds after which a track that goes on is told of again.
TELL_EVERY_S = 30.0
#: Seconds that a track is not seen before it ends, and may step out of a zone in which it stays.
PATIENCE_S = 3.0
#: Detections of less confidence do not even continue a track.
LEAST_CONFIDENCE = 0.1


@dataclass(slots=True)
class _Story:
    """What is known of a track while it counted, and what of it was told.

    Attributes:
        looks: In how many frames it counted.
        opened_us, first_xyxy: When and where it counted first; ``(4,)`` in pixels of the picture.
        seen_us, last_xyxy: The same, last.
        told_us: Capture time of the frame with which it was told of last.
        crossed: How many lines it crossed, of which the newest are kept.
    """

    looks: int
    opened_us: int
    first_xyxy: NDArray[np.float32]
    seen_us: int
    last_xyxy: NDArray[np.float32]
    revision: int = 0
    told_us: int = 0
    label_told: str = ""
    zones: set[str] = field(default_factory=set)
    zones_told: int = 0
    crossings: list[LineCrossing] = field(default_factory=list)
    crossed: int = 0
    crossed_told: int = 0


@dataclass(frozen=True, slots=True)
class Followed:
    """What one look came to.

    Attributes:
        tracked: Whose each detection is.
        counts_in: ``(zones, n)``. In which zones each counts: confirmed, and long enough there.
        crossed: Who crossed which line.
        stayed_s: For how long a track has stayed in a zone that asks for it.
        facts: What is to be told.
    """

    tracked: Tracked
    counts_in: NDArray[np.bool_]
    crossed: list[Crossed]
    stayed_s: Callable[[int, int], float]
    facts: list[TrackFact]

    def shown(self, rows: NDArray[np.int64], in_each: NDArray[np.bool_]) -> Shown:
        """Return what of it is shown.

        Args:
            rows: Of the detections.
            in_each: ``(zones, n)``. In which zones each detection is.
        """
        track_id, counts_in = self.tracked.track_id[rows], self.counts_in[:, rows]
        is_waiting = (in_each[:, rows] & ~counts_in).any(axis=0) & (track_id != UNTRACKED)
        return Shown(self.tracked.detections.take(rows), track_id, counts_in, is_waiting)


class Follower:
    """Follows what one recogniser sees of one camera under one lease.

    Args:
        camera_id: Whose frames.
        epoch: Of the recognition lease.
        labels: What class ids mean.
        min_confidence: Detections of less begin no track: of all classes, or of each.
        full_scale: What makes pixels of the picture pixels of the full frame, across and down.
        first_track: The number of the first track: one behind those told under this lease before.
    """

    def __init__(
        self,
        camera_id: CameraId,
        *,
        epoch: Epoch,
        labels: Sequence[str],
        min_confidence: float | Sequence[float],
        full_scale: tuple[float, float] = (1.0, 1.0),
        first_track: int = 1,
    ) -> None:
        self._camera_id = camera_id
        self._epoch = epoch
        self._labels = labels
        self._full_scale = np.array(full_scale * 2, np.float32)
        self._tracker = Tracker(
            confirm_hits=CONFIRM_HITS,
            confirm_looks=CONFIRM_LOOKS,
            lost_s=PATIENCE_S,
            sure_confidence=min_confidence,
            least_confidence=min(LEAST_CONFIDENCE, float(np.min(min_confidence))),
            kin=kin_of(labels),
            first_id=first_track,
        )
        self._stories: dict[int, _Story] = {}
        self._captured_us = 0
        self._zones: tuple[Zone, ...] = ()
        self._lines: tuple[Line, ...] = ()
        self._dwelling = Dwelling((), patience_s=PATIENCE_S)
        self._line_watch: LineWatch | None = None

    def count_in(self, zones: tuple[Zone, ...], lines: tuple[Line, ...]) -> None:
        """Say in what tracks count. Where zones or lines are others, stays and sides are forgotten.

        Args:
            zones: The camera's.
            lines: The same, in pixels of the picture.
        """
        if zones != self._zones:
            self._zones = zones
            dwell_s = [zone.dwell_s for zone in zones]
            self._dwelling = Dwelling(dwell_s, patience_s=PATIENCE_S)
        if lines != self._lines:
            self._lines = lines
            self._line_watch = LineWatch(lines, self._labels) if lines else None
            if self._line_watch is not None:
                self._line_watch.begin(self._tracker.open_tracks())

    def follow(self, found: Detections, *, captured_at_us: int) -> Tracked:
        """Return whose each detection is, of one frame, the unsure ones too."""
        self._captured_us = captured_at_us
        return self._tracker.update(found, captured_at_us / MICROSECONDS)

    def look(
        self,
        tracked: Tracked,
        *,
        in_each: NDArray[np.bool_],
        is_inside: NDArray[np.bool_],
    ) -> Followed:
        """Take in where what was followed in the last frame is.

        Args:
            tracked: What ``follow`` returned.
            in_each: ``(zones, n)``. In which zones each detection is.
            is_inside: ``(n,)``. Whether it is where the camera looks.
        """
        counts_in = self._dwelling.look(tracked.track_id, in_each, self._captured_us)
        crossed = self._crossed(tracked)
        rows = {track: row for row, track in enumerate(tracked.track_id.tolist())}
        inside, counts = is_inside.tolist(), counts_in.T.tolist()
        crossings = self._crossings_of(crossed)
        facts: list[TrackFact] = []
        for tracks, is_new in ((tracked.opened, True), (tracked.updated, False)):
            for number, track in enumerate(tracks.track_id.tolist()):
                row = rows[track]
                if inside[row] or track in crossings:
                    story = self._story_of(tracks, number, is_new=is_new)
                    story.zones.update(names_of(self._zones, counts[row]))
                    story.crossings += crossings.get(track, ())
                    story.crossed += len(crossings.get(track, ()))
                    del story.crossings[:-MAX_CROSSINGS]
                if self._is_news(tracks, number):
                    facts.append(self._told(tracks, number))
        facts += self._ended(tracked.closed)
        return Followed(tracked, counts_in, crossed, self._dwelling.stayed_s, facts)

    def rest(self, captured_at_us: int) -> list[TrackFact]:
        """Note that nothing moved up to a frame: no track ages. Return what to tell all the same.

        Who tells nothing for long has lost its tracks, for all that the writer knows.
        """
        self._captured_us = captured_at_us
        self._tracker.rest(captured_at_us / MICROSECONDS)
        self._dwelling.rest(captured_at_us)
        if not any(map(self._is_due, self._stories.values())):
            return []
        still = self._tracker.open_tracks()
        return [
            self._told(still, row)
            for row, track in enumerate(still.track_id.tolist())
            if track in self._stories and self._is_due(self._stories[track])
        ]

    def is_dwell_over(self, captured_at_us: int) -> bool:
        """Return whether somebody has stayed in a zone long enough since the last look."""
        return self._dwelling.is_over(captured_at_us)

    def close(self) -> list[TrackFact]:
        """End all tracks, as when the camera is given away; return what to tell."""
        return self._ended(self._tracker.close_all())

    @property
    def next_track(self) -> int:
        """The number that the next track gets."""
        return self._tracker.next_id

    def _crossed(self, tracked: Tracked) -> list[Crossed]:
        if self._line_watch is None:
            return []
        crossed = self._line_watch.look(tracked.opened, tracked.updated, at_us=self._captured_us)
        self._line_watch.forget(tracked.closed)
        return crossed

    def _crossings_of(self, crossed: Sequence[Crossed]) -> dict[int, list[LineCrossing]]:
        """Return for each track what it crossed, as it is told."""
        crossings: dict[int, list[LineCrossing]] = {}
        for each in crossed:
            line = self._lines[each.line]
            told = LineCrossing(
                line=line.id,
                name=line.name,
                direction=Direction.IN if each.is_in else Direction.OUT,
                at_us=each.at_us,
                label=self._labels[each.class_id],
            )
            crossings.setdefault(each.track, []).append(told)
        return crossings

    def _story_of(self, tracks: Tracks, row: int, *, is_new: bool) -> _Story:
        """Return the story of a track that counts in this look, with this look in it."""
        track, xyxy = int(tracks.track_id[row]), tracks.xyxy[row]
        story = self._stories.get(track)
        if story is None:
            opened_us = round(tracks.first_seen_s[row] * MICROSECONDS)
            story = self._stories[track] = _Story(
                CONFIRM_HITS if is_new else 1,
                opened_us=opened_us if is_new else self._captured_us,
                first_xyxy=tracks.first_xyxy[row] if is_new else xyxy,
                seen_us=self._captured_us,
                last_xyxy=xyxy,
            )
        else:
            story.looks += 1
        story.seen_us, story.last_xyxy = self._captured_us, xyxy
        return story

    def _is_news(self, tracks: Tracks, row: int) -> bool:
        story = self._stories.get(int(tracks.track_id[row]))
        return story is not None and (
            self._labels[tracks.class_id[row]] != story.label_told
            or len(story.zones) > story.zones_told
            or story.crossed > story.crossed_told
            or self._is_due(story)
        )

    def _is_due(self, story: _Story) -> bool:
        return self._captured_us - story.told_us >= TELL_EVERY_S * MICROSECONDS

    def _ended(self, closed: Tracks) -> list[TrackFact]:
        facts = []
        for row, track in enumerate(closed.track_id.tolist()):
            if track in self._stories:
                facts.append(self._told(closed, row, closed_us=self._captured_us))
                del self._stories[track]
        self._dwelling.forget(closed.track_id.tolist())
        return facts

    def _told(self, tracks: Tracks, row: int, *, closed_us: int | None = None) -> TrackFact:
        story = self._stories[int(tracks.track_id[row])]
        label = self._labels[tracks.class_id[row]]
        story.revision += 1
        story.told_us, story.label_told = self._captured_us, label
        story.zones_told, story.crossed_told = len(story.zones), story.crossed
        return TrackFact(
            camera_id=self._camera_id,
            epoch=self._epoch,
            track=int(tracks.track_id[row]),
            revision=story.revision,
            label=label,
            confidence=round(float(np.clip(tracks.confidence[row], 0, 1)), 3),
            opened_us=story.opened_us,
            seen_us=story.seen_us,
            closed_us=closed_us,
            looks=story.looks,
            first_box=box_of(story.first_xyxy * self._full_scale),
            last_box=box_of(story.last_xyxy * self._full_scale),
            zones=tuple(sorted(story.zones)),
            crossings=tuple(story.crossings),
        )
