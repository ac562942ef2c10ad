"""What one camera's tracks come to as facts: told when they open, go on for long, and end."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from object_recognition.boxes import box_of
from object_recognition.detection import Detections
from object_recognition.tracking.kin import kin_of
from object_recognition.tracking.tracked import UNTRACKED, Tracked, Tracks
from object_recognition.tracking.tracker import Tracker
from vigil.clock import MICROSECONDS
from vigil.domain.camera import CameraId, Epoch
from vigil.facts import TrackFact

#: A track is confirmed when it was seen in so many of so many looks.
CONFIRM_HITS, CONFIRM_LOOKS = 3, 5
#: Seconds after which a track that goes on is told of again.
TELL_EVERY_S = 30.0
#: Detections of less confidence do not even continue a track.
LEAST_CONFIDENCE = 0.1


@dataclass(slots=True)
class _Story:
    """What was told of a track, and what is new since.

    Attributes:
        looks: In how many frames it was seen.
        told_us: Capture time of the frame with which it was told of last.
    """

    looks: int
    revision: int = 0
    told_us: int = 0
    label_told: str = ""
    zones: set[str] = field(default_factory=set)
    zones_told: int = 0


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
            sure_confidence=min_confidence,
            least_confidence=min(LEAST_CONFIDENCE, float(np.min(min_confidence))),
            kin=kin_of(labels),
            first_id=first_track,
        )
        self._stories: dict[int, _Story] = {}
        self._captured_us = 0

    def look(
        self,
        found: Detections,
        *,
        zones: Sequence[Sequence[str]],
        captured_at_us: int,
    ) -> tuple[Tracked, list[TrackFact]]:
        """Take in what was seen in a frame; return whose each detection is, and what to tell.

        Args:
            found: Of one frame, the unsure ones too.
            zones: For each detection the names of the zones in which it counts.
            captured_at_us: Of the frame.
        """
        self._captured_us = captured_at_us
        tracked = self._tracker.update(found, captured_at_us / MICROSECONDS)
        zones_of = {
            int(track): zones[row]
            for row, track in enumerate(tracked.track_id)
            if track != UNTRACKED
        }
        facts: list[TrackFact] = []
        for row, track in enumerate(tracked.opened.track_id.tolist()):
            self._stories[track] = _Story(CONFIRM_HITS, zones=set(zones_of.get(track, ())))
            facts.append(self._told(tracked.opened, row))
        for row, track in enumerate(tracked.updated.track_id.tolist()):
            story = self._stories[track]
            story.looks += 1
            story.zones.update(zones_of.get(track, ()))
            is_new = (
                len(story.zones) > story.zones_told
                or self._labels[tracked.updated.class_id[row]] != story.label_told
            )
            if is_new or self._is_due(story):
                facts.append(self._told(tracked.updated, row))
        facts += self._ended(tracked.closed)
        return tracked, facts

    def rest(self, captured_at_us: int) -> list[TrackFact]:
        """Note that nothing moved up to a frame: no track ages. Return what to tell all the same.

        Who tells nothing for long has lost its tracks, for all that the writer knows.
        """
        self._captured_us = captured_at_us
        self._tracker.rest(captured_at_us / MICROSECONDS)
        if not any(map(self._is_due, self._stories.values())):
            return []
        still = self._tracker.open_tracks()
        return [
            self._told(still, row)
            for row, track in enumerate(still.track_id.tolist())
            if self._is_due(self._stories[track])
        ]

    def close(self) -> list[TrackFact]:
        """End all tracks, as when the camera is given away; return what to tell."""
        return self._ended(self._tracker.close_all())

    @property
    def next_track(self) -> int:
        """The number that the next track gets."""
        return self._tracker.next_id

    def _is_due(self, story: _Story) -> bool:
        return self._captured_us - story.told_us >= TELL_EVERY_S * MICROSECONDS

    def _ended(self, closed: Tracks) -> list[TrackFact]:
        facts = []
        for row, track in enumerate(closed.track_id.tolist()):
            facts.append(self._told(closed, row, closed_us=self._captured_us))
            del self._stories[track]
        return facts

    def _told(self, tracks: Tracks, row: int, *, closed_us: int | None = None) -> TrackFact:
        story = self._stories[int(tracks.track_id[row])]
        label = self._labels[tracks.class_id[row]]
        story.revision += 1
        story.told_us, story.label_told = self._captured_us, label
        story.zones_told = len(story.zones)
        return TrackFact(
            camera_id=self._camera_id,
            epoch=self._epoch,
            track=int(tracks.track_id[row]),
            revision=story.revision,
            label=label,
            confidence=round(float(np.clip(tracks.confidence[row], 0, 1)), 3),
            opened_us=round(tracks.first_seen_s[row] * MICROSECONDS),
            seen_us=round(tracks.last_seen_s[row] * MICROSECONDS),
            closed_us=closed_us,
            looks=story.looks,
            first_box=box_of(tracks.first_xyxy[row] * self._full_scale),
            last_box=box_of(tracks.xyxy[row] * self._full_scale),
            zones=tuple(sorted(story.zones)),
        )
