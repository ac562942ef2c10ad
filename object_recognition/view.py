"""What a worker makes of one camera's detections: what is shown, whose it is, and what is told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import compress
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from object_recognition.bounds import Bounds
from object_recognition.counting.tallies import Tallies
from object_recognition.detection import Detections, Detector
from object_recognition.explaining import Explainer, Terms
from object_recognition.following import Follower
from object_recognition.seen import Seen, Shown
from object_recognition.watch import RawFrame
from object_recognition.zones import ZoneFilter, are_open
from vigil.camera_document import CameraConfig, Line, Zone
from vigil.clock import utc_from_us
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import FrameStamp
from vigil.facts import TrackFact
from vigil.messages import DayTallies, Explanation, FrameDetections


class CameraView:
    """One camera under one recognition lease.

    Args:
        camera_id: Its number.
        epoch: Of the lease.
        first_track: The number of its first track.
        explainer: Says what is not shown, and why; None: one that does so once a second.
    """

    def __init__(
        self,
        camera_id: CameraId,
        epoch: Epoch,
        *,
        first_track: int = 1,
        explainer: Explainer | None = None,
    ) -> None:
        self._camera_id = camera_id
        self.epoch = epoch
        #: Of the settings and the size for which it was made.
        self._filter: tuple[object, ZoneFilter] | None = None
        self._shapes: tuple[object, tuple[Zone, ...], tuple[Line, ...]] | None = None
        self._follower: tuple[object, Follower] | None = None
        self._explainer = explainer or Explainer()
        self._next_track = first_track
        self._tallies = Tallies()
        #: Whether it is known what the owner before counted today.
        self.has_tallies = False

    def take_over(self, said: DayTallies | None) -> None:
        """Go on from what the owner before counted today; None: nothing was published."""
        self._tallies.take_over(said)
        self.has_tallies = True

    def see(
        self,
        found: Detections,
        *,
        camera: CameraConfig,
        detector: Detector,
        bounds: Bounds,
        frame: RawFrame,
        picture_wh: tuple[int, int],
        looked_fps: float = 0.0,
    ) -> Seen:
        """Take in what a detector found in a frame.

        Args:
            found: In pixels of the picture.
            camera: As it is configured now.
            detector: Who found it.
            bounds: What of it counts.
            frame: In which.
            picture_wh: The picture, which may be smaller than the full frame.
            looked_fps: Looks a second, of late, for others to read.
        """
        stamp = _with_full_size(frame.stamp, picture_wh)
        scale = (stamp.width_px / picture_wh[0], stamp.height_px / picture_wh[1])
        local = local_time(camera, frame)
        zones, lines = self._shapes_of(camera, scale)
        is_open = are_open(zones, local)
        zone_filter = self._filter_for(
            zones, is_open=is_open, labels=bounds.labels, picture_wh=picture_wh, full_scale=scale
        )
        terms = Terms(
            camera=camera,
            recogniser=detector.name,
            bounds=bounds,
            zone_filter=zone_filter,
            stamp=stamp,
            local=local,
            full_scale=scale,
        )
        shown, explanation, crossed, facts = self._judged(found, terms, lines)
        return Seen(
            shown=shown,
            picture_wh=picture_wh,
            zones=tuple(compress(zones, is_open)),
            lines=lines,
            published=self._published(shown, terms, zones, lines, looked_fps),
            explanation=explanation,
            facts=facts,
            tallies=self._tallies.published(lines) if crossed else None,
        )

    def _published(
        self,
        shown: Shown,
        terms: Terms,
        zones: tuple[Zone, ...],
        lines: tuple[Line, ...],
        looked_fps: float,
    ) -> FrameDetections:
        """Return what others read of a look."""
        stamp, labels = terms.stamp, terms.bounds.labels
        return FrameDetections(
            camera_id=self._camera_id,
            epoch=self.epoch,
            frame_epoch=stamp.epoch,
            sequence=stamp.sequence,
            captured_at_us=stamp.captured_at_us,
            width_px=stamp.width_px,
            height_px=stamp.height_px,
            recogniser=terms.recogniser,
            looked_fps=looked_fps,
            objects=shown.objects(zones, labels, terms.full_scale),
            counts=shown.counts(labels),
            occupancy=shown.occupancy(zones, terms.zone_filter.is_open.tolist()),
            lines=self._tallies.of(lines),
        )

    def _judged(
        self, found: Detections, terms: Terms, lines: tuple[Line, ...]
    ) -> tuple[Shown, Explanation | None, bool, list[TrackFact]]:
        """Return what is shown, why the rest is not, if a line was crossed, and what to tell."""
        follower, facts = self._follower_for(terms)
        follower.count_in(terms.camera.zones, lines)
        tracked = follower.follow(found, captured_at_us=terms.stamp.captured_at_us)
        # What a track is called counts, not what its object was called in this frame.
        found = tracked.detections
        in_each = terms.zone_filter.in_each(found)
        is_inside = terms.zone_filter.in_any(in_each) & terms.bounds.wants(found)
        followed = follower.look(tracked, in_each=in_each, is_inside=is_inside)
        self._tallies.begin(terms.local.date())
        self._tallies.add((lines[each.line].id, each.is_in) for each in followed.crossed)
        is_shown = is_inside & terms.bounds.sure(found)
        return (
            followed.shown(np.flatnonzero(is_shown), in_each),
            self._explainer.explain(found, followed, is_shown, terms),
            bool(followed.crossed),
            facts + followed.facts,
        )

    def rest(self, captured_at_us: int) -> list[TrackFact]:
        """Note that nothing moved up to a frame: nobody ages. Return what is to be told."""
        return [] if self._follower is None else self._follower[1].rest(captured_at_us)

    def close(self) -> list[TrackFact]:
        """End all tracks: the camera is gone, or another's. Return what is to be told."""
        if self._follower is None:
            return []
        _, follower = self._follower
        # Under one lease no number is given twice.
        self._follower, self._next_track = None, follower.next_track
        return follower.close()

    def is_dwell_over(self, captured_at_us: int) -> bool:
        """Return whether somebody has stayed in a zone long enough since the last look."""
        return self._follower is not None and self._follower[1].is_dwell_over(captured_at_us)

    def _shapes_of(
        self, camera: CameraConfig, full_scale: tuple[float, float]
    ) -> tuple[tuple[Zone, ...], tuple[Line, ...]]:
        """Return zones and lines in pixels of the picture, made once for what they depend on."""
        key = (camera.zones, camera.lines, full_scale)
        if self._shapes is None or self._shapes[0] != key:
            scale = (1 / full_scale[0], 1 / full_scale[1])
            zones = tuple(_scaled_zone(zone, scale) for zone in camera.zones)
            self._shapes = key, zones, tuple(_scaled_line(line, scale) for line in camera.lines)
        return self._shapes[1], self._shapes[2]

    def _filter_for(
        self,
        zones: tuple[Zone, ...],
        *,
        is_open: tuple[bool, ...],
        labels: Sequence[str],
        picture_wh: tuple[int, int],
        full_scale: tuple[float, float],
    ) -> ZoneFilter:
        """Return the filter of the zones, made once for what it depends on."""
        key = (zones, is_open, labels, picture_wh, full_scale)
        if self._filter is None or self._filter[0] != key:
            zone_filter = ZoneFilter(
                zones,
                labels=labels,
                frame_wh=picture_wh,
                is_open=is_open,
                full_scale=full_scale,
            )
            self._filter = key, zone_filter
        return self._filter[1]

    def _follower_for(self, terms: Terms) -> tuple[Follower, list[TrackFact]]:
        """Return who follows, and what another who followed before tells at the end.

        In pictures of another size boxes lie elsewhere, and another model calls things otherwise.
        """
        key = (terms.recogniser, terms.bounds, terms.full_scale)
        if self._follower is not None and self._follower[0] == key:
            return self._follower[1], []
        ended = self.close()
        follower = Follower(
            self._camera_id,
            epoch=self.epoch,
            labels=terms.bounds.labels,
            min_confidence=terms.bounds.least_to_begin,
            full_scale=terms.full_scale,
            first_track=self._next_track,
        )
        self._follower = key, follower
        return follower, ended


def _with_full_size(stamp: FrameStamp, picture_wh: tuple[int, int]) -> FrameStamp:
    """Return a stamp that says how large the full frame is; as the picture where it did not."""
    return replace(
        stamp,
        width_px=stamp.width_px or picture_wh[0],
        height_px=stamp.height_px or picture_wh[1],
    )


def _scaled_zone(zone: Zone, scale: tuple[float, float]) -> Zone:
    points = tuple((x * scale[0], y * scale[1]) for x, y in zone.points)
    return zone.model_copy(update={"points": points})


def _scaled_line(line: Line, scale: tuple[float, float]) -> Line:
    ends = {"start": line.start, "end": line.end}
    return line.model_copy(
        update={name: (x * scale[0], y * scale[1]) for name, (x, y) in ends.items()}
    )


def rules_at(camera: CameraConfig, frame: RawFrame) -> object:
    """Return what of a camera's rules changes with the time: which zones are there, and the day."""
    if not camera.lines and not any(zone.schedule for zone in camera.zones):
        return None
    local = local_time(camera, frame)
    return are_open(camera.zones, local), local.date() if camera.lines else None


def local_time(camera: CameraConfig, frame: RawFrame) -> datetime:
    """Return when a frame was captured, in the time zone that its camera is shown in."""
    captured_at = utc_from_us(frame.stamp.captured_at_us)
    try:
        return captured_at.astimezone(ZoneInfo(camera.time_zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A name that this machine does not know; the picture says UTC then.
        return captured_at.astimezone(UTC)
