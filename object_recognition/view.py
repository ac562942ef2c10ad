"""What a worker makes of one camera's detections: what is shown, whose it is, and what is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from object_recognition.boxes import box_of
from object_recognition.detection import Detections, Detector
from object_recognition.explaining import Explainer
from object_recognition.following import Follower
from object_recognition.watch import RawFrame
from object_recognition.zones import ZoneFilter
from vigil.clock import utc_from_us
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import FrameStamp
from vigil.facts import TrackFact
from vigil.messages import (
    CameraConfig,
    DetectedObject,
    Explanation,
    FrameDetections,
    Zone,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look came to.

    Attributes:
        shown: In pixels of the picture: sure enough, and where the camera looks.
        track_id: ``(n,)``. Which object each is; 0: that is not sure yet.
        zones: In pixels of the picture.
        published: The same for others.
        explanation: What became of all that was found, now and then; None: not this time.
        facts: What is to be told.
    """

    shown: Detections
    track_id: NDArray[np.int64]
    zones: tuple[Zone, ...]
    published: FrameDetections
    explanation: Explanation | None
    facts: list[TrackFact]

    def shown_again(self, stamp: FrameStamp) -> "Seen":
        """Return the same for a later frame in which nothing has moved: nothing new is told."""
        published = self.published.model_copy(
            update={
                "frame_epoch": stamp.epoch,
                "sequence": stamp.sequence,
                "captured_at_us": stamp.captured_at_us,
            }
        )
        return replace(self, published=published, explanation=None, facts=[])


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
        self._follower: tuple[object, Follower] | None = None
        self._explainer = explainer or Explainer()
        self._next_track = first_track

    def see(
        self,
        found: Detections,
        *,
        camera: CameraConfig,
        detector: Detector,
        frame: RawFrame,
        picture_wh: tuple[int, int],
    ) -> Seen:
        """Take in what a detector found in a frame.

        Args:
            found: In pixels of the picture.
            camera: As it is configured now.
            detector: Who found it.
            frame: In which.
            picture_wh: The picture, which may be smaller than the full frame.
        """
        full_wh = (frame.stamp.width_px or picture_wh[0], frame.stamp.height_px or picture_wh[1])
        full_scale = (full_wh[0] / picture_wh[0], full_wh[1] / picture_wh[1])
        zones = _scaled(camera.zones, (1 / full_scale[0], 1 / full_scale[1]))
        zone_filter = self._filter_for(zones, detector.labels, picture_wh)
        explanation = self._explainer.explain(
            found,
            camera=camera,
            detector=detector,
            zone_filter=zone_filter,
            stamp=frame.stamp,
            full_scale=full_scale,
        )
        found = found.take(zone_filter.inside(found))
        names = _names(zones, zone_filter.in_each(found))
        follower, facts = self._follower_for(camera, detector, full_scale)
        tracked, told = follower.look(
            found,
            zones=names,
            captured_at_us=frame.stamp.captured_at_us,
        )
        is_shown = found.confidence >= np.float32(camera.min_confidence)
        rows = np.flatnonzero(is_shown)
        shown, track_id = tracked.detections.take(rows), tracked.track_id[rows]
        published = FrameDetections(
            camera_id=self._camera_id,
            epoch=self.epoch,
            frame_epoch=frame.stamp.epoch,
            sequence=frame.stamp.sequence,
            captured_at_us=frame.stamp.captured_at_us,
            width_px=full_wh[0],
            height_px=full_wh[1],
            recogniser=detector.name,
            objects=_objects(
                shown, track_id, [names[row] for row in rows], detector.labels, full_scale
            ),
        )
        return Seen(shown, track_id, zones, published, explanation, facts + told)

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

    def _filter_for(
        self, zones: tuple[Zone, ...], labels: Sequence[str], picture_wh: tuple[int, int]
    ) -> ZoneFilter:
        """Return the filter of the zones, made once for what it depends on."""
        key = (zones, labels, picture_wh)
        if self._filter is None or self._filter[0] != key:
            self._filter = key, ZoneFilter(zones, labels=labels, frame_wh=picture_wh)
        return self._filter[1]

    def _follower_for(
        self, camera: CameraConfig, detector: Detector, full_scale: tuple[float, float]
    ) -> tuple[Follower, list[TrackFact]]:
        """Return who follows, and what another who followed before tells at the end.

        In pictures of another size boxes lie elsewhere, and another model calls things otherwise.
        """
        key = (detector.name, detector.labels, camera.min_confidence, full_scale)
        if self._follower is not None and self._follower[0] == key:
            return self._follower[1], []
        ended = self.close()
        follower = Follower(
            self._camera_id,
            epoch=self.epoch,
            labels=detector.labels,
            min_confidence=camera.min_confidence,
            full_scale=full_scale,
            first_track=self._next_track,
        )
        self._follower = key, follower
        return follower, ended


def _scaled(zones: tuple[Zone, ...], scale: tuple[float, float]) -> tuple[Zone, ...]:
    """Return zones in pixels of the picture."""
    if scale == (1.0, 1.0):
        return zones
    return tuple(
        zone.model_copy(
            update={"points": tuple((x * scale[0], y * scale[1]) for x, y in zone.points)}
        )
        for zone in zones
    )


def _names(zones: Sequence[Zone], in_each: NDArray[np.bool_]) -> list[tuple[str, ...]]:
    """Return for each detection the names of the zones in which it counts."""
    return [
        tuple(zone.name for zone, counts in zip(zones, column, strict=True) if counts and zone.name)
        for column in in_each.T
    ]


def _objects(
    shown: Detections,
    track_id: NDArray[np.int64],
    zones: Sequence[tuple[str, ...]],
    labels: Sequence[str],
    full_scale: tuple[float, float],
) -> tuple[DetectedObject, ...]:
    full = shown.xyxy * np.array(full_scale * 2, np.float32)
    return tuple(
        DetectedObject(
            track=int(track_id[row]) or None,
            label=labels[shown.class_id[row]],
            confidence=round(float(shown.confidence[row]), 3),
            box=box_of(full[row]),
            zones=zones[row],
        )
        for row in np.argsort(-shown.confidence, kind="stable")
    )


def local_time(camera: CameraConfig, frame: RawFrame) -> datetime:
    """Return when a frame was captured, in the time zone that its camera is shown in."""
    captured_at = utc_from_us(frame.stamp.captured_at_us)
    try:
        return captured_at.astimezone(ZoneInfo(camera.time_zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A name that this machine does not know; the picture says UTC then.
        return captured_at.astimezone(UTC)
