"""Why each detection that is not shown is not, and why one that is shown does not count yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from object_recognition.bounds import Bounds
from object_recognition.boxes import box_of
from object_recognition.detection import Detections
from object_recognition.following import CONFIRM_HITS, CONFIRM_LOOKS, Followed
from object_recognition.tracking.tracked import UNTRACKED
from object_recognition.zones import MIN_AREA_SHARE, ZoneFilter
from vigil.camera_document import CameraConfig, ScheduleSpan, Zone
from vigil.clock import MICROSECONDS
from vigil.domain.explanation import DropReason
from vigil.domain.frame import FrameStamp
from vigil.messages import Drop, DroppedObject, Explanation

#: Seconds between two explanations of a camera: who asks why wants to know of a moment.
EXPLAIN_EVERY_S = 1.0
#: So many detections of a frame are explained: the surest.
MAX_EXPLAINED = 10

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What the detections of one frame are judged by.

    Attributes:
        camera: As it is configured.
        recogniser: Who found them.
        bounds: What of each class counts.
        zone_filter: Of the camera's zones.
        stamp: Of the frame.
        local: When it was captured, in the camera's time zone.
        full_scale: What makes pixels of the picture pixels of the full frame, across and down.
    """

    camera: CameraConfig
    recogniser: str
    bounds: Bounds
    zone_filter: ZoneFilter
    stamp: FrameStamp
    local: datetime
    full_scale: tuple[float, float]


class Explainer:
    """Explains what becomes of one camera's detections, now and then.

    Args:
        every_s: Seconds between two explanations, by capture time; 0: each frame is explained.
        at_most: So many detections of a frame are explained: the surest.
    """

    def __init__(self, *, every_s: float = EXPLAIN_EVERY_S, at_most: int = MAX_EXPLAINED) -> None:
        self._every_s = every_s
        self._at_most = at_most
        self._explained_us = 0

    def explain(
        self, found: Detections, followed: Followed, is_shown: NDArray[np.bool_], terms: Terms
    ) -> Explanation | None:
        """Return why what is not shown is not; None: all is, and counts, or it is not time.

        Args:
            found: All that was found, in pixels of the picture.
            followed: Whose each is, and where it counts.
            is_shown: ``(n,)``. Which are in the picture.
            terms: What they are judged by.
        """
        stamp, zones = terms.stamp, terms.camera.zones
        # A clock that was set back is no reason to wait.
        if abs(stamp.captured_at_us - self._explained_us) < self._every_s * MICROSECONDS:
            return None
        order = np.argsort(-found.confidence, kind="stable")
        dropped = order[~is_shown[order]]
        waits = _waits_of(followed, zones, terms.zone_filter.in_each(found), is_shown)
        waiting = [row for row in order.tolist() if row in waits][: self._at_most]
        if not len(dropped) and not waiting:
            return None
        self._explained_us = stamp.captured_at_us
        explained = dropped[: self._at_most]
        drops = drops_of(
            found.take(explained),
            bounds=terms.bounds,
            zone_filter=terms.zone_filter,
            zones=zones,
            local=terms.local,
        )
        return Explanation(
            camera_id=terms.camera.id,
            sequence=stamp.sequence,
            captured_at_us=stamp.captured_at_us,
            recogniser=terms.recogniser,
            shown=len(found) - len(dropped),
            dropped=len(dropped),
            objects=_objects(found, dict(zip(explained.tolist(), drops, strict=True)), terms),
            waiting=_objects(found, {row: waits[row] for row in waiting}, terms),
        )


def _objects(
    found: Detections, why: Mapping[int, tuple[Drop, ...]], terms: Terms
) -> tuple[DroppedObject, ...]:
    """Return some detections, by row, with why they are not shown or do not count."""
    full = found.xyxy * np.array(terms.full_scale * 2, np.float32)
    return tuple(
        DroppedObject(
            label=terms.bounds.labels[found.class_id[row]],
            confidence=round(float(found.confidence[row]), 4),
            box=box_of(full[row]),
            drops=drops,
        )
        for row, drops in why.items()
    )


def drops_of(
    found: Detections,
    *,
    bounds: Bounds,
    zone_filter: ZoneFilter,
    zones: Sequence[Zone],
    local: datetime,
) -> list[tuple[Drop, ...]]:
    """Return for each detection what keeps it out of the picture; nothing: it is shown.

    Args:
        found: All that was found.
        bounds: What of each class counts, and how sure it must be.
        zone_filter: Of the zones.
        zones: The camera's.
        local: When it was captured, in the camera's time zone.
    """
    of_zones: list[tuple[Drop, ...]] = [()] * len(found)
    if not zone_filter.is_everywhere:
        of_zones = _drops_of_zones(found, zone_filter, zones, bounds.labels, local)
    is_sure, is_wanted = bounds.sure(found), bounds.wants(found)
    drops = []
    for row in range(len(found)):
        why, class_id = [], int(found.class_id[row])
        if not is_sure[row]:
            why.append(_of_confidence(found, row, bounds.min_confidence[class_id]))
        if not is_wanted[row]:
            why.append(_of_label(bounds.labels[class_id], bounds.wanted[class_id]))
        drops.append((*why, *of_zones[row]))
    return drops


def _drops_of_zones(
    found: Detections,
    zone_filter: ZoneFilter,
    zones: Sequence[Zone],
    labels: Sequence[str],
    local: datetime,
) -> list[tuple[Drop, ...]]:
    """Return for each detection what the zone says of it that is nearest to letting it in."""
    stands_in, shares = zone_filter.stands_in(found), zone_filter.shares(found)
    allows, fits, is_sure = (
        zone_filter.allows(found),
        zone_filter.fits(found),
        zone_filter.is_sure(found),
    )
    passed = [stands_in, allows, fits, is_sure, zone_filter.is_open[:, None] | np.zeros_like(fits)]
    objections = len(passed) - np.sum(passed, axis=0)
    sizes_px = zone_filter.sizes_px(found)
    drops = []
    for row in range(len(found)):
        # Of those with as many objections the one where it stands, or stands most.
        zone = int(np.lexsort((-shares[:, row], ~stands_in[:, row], objections[:, row]))[0])
        label = labels[found.class_id[row]]
        why: list[Drop] = []
        if not stands_in[zone, row]:
            why.append(_of_share(float(shares[zone, row])))
        if not allows[zone, row]:
            why.append(_of_label(label, zones[zone].labels))
        if not fits[zone, row]:
            why.append(_of_size(float(sizes_px[row]), zones[zone]))
        if not is_sure[zone, row]:
            why.append(_of_confidence(found, row, zones[zone].min_confidence))
        if not zone_filter.is_open[zone]:
            why.append(_of_schedule(local, zones[zone].schedule))
        drops.append(tuple(drop.model_copy(update={"zone": zone}) for drop in why))
    return drops


def _waits_of(
    followed: Followed,
    zones: Sequence[Zone],
    in_each: NDArray[np.bool_],
    is_shown: NDArray[np.bool_],
) -> dict[int, tuple[Drop, ...]]:
    """Return by row, of what is shown, why it counts nowhere, or not in a zone, yet."""
    track_id, hits = followed.tracked.track_id, followed.tracked.hits
    is_new = is_shown & (track_id == UNTRACKED)
    stays = in_each & ~followed.counts_in & is_shown & ~is_new
    waits: dict[int, tuple[Drop, ...]] = {
        row: (_of_hits(int(hits[row])),) for row in np.flatnonzero(is_new).tolist()
    }
    for row in np.flatnonzero(stays.any(axis=0)).tolist():
        track = int(track_id[row])
        waits[row] = tuple(
            _of_dwell(followed.stayed_s(track, zone), zones[zone], zone)
            for zone in np.flatnonzero(stays[:, row]).tolist()
        )
    return waits


def _of_confidence(found: Detections, row: int, limit: float) -> Drop:
    value = f"{found.confidence[row]:.4f}"
    return Drop(reason=DropReason.CONFIDENCE, value=value, limit=f"{limit:g}")


def _of_share(share: float) -> Drop:
    return Drop(reason=DropReason.ZONE, value=f"{share:.2f}", limit=f"{MIN_AREA_SHARE:g}")


def _of_label(label: str, wanted: Sequence[str]) -> Drop:
    return Drop(reason=DropReason.LABEL, value=label, limit=", ".join(sorted({*wanted})))


def _of_size(size_px: float, zone: Zone) -> Drop:
    least, most = zone.min_size_px, zone.max_size_px
    if most is None:
        limit = f"{least or 0:g} px or more"
    else:
        limit = f"{least:g} to {most:g} px" if least else f"{most:g} px or less"
    return Drop(reason=DropReason.SIZE, value=f"{size_px:.1f} px", limit=limit)


def _of_schedule(local: datetime, schedule: Sequence[ScheduleSpan]) -> Drop:
    value = f"{_DAYS[local.weekday()]} {local:%H:%M:%S}"
    return Drop(reason=DropReason.SCHEDULE, value=value, limit=", ".join(map(_span, schedule)))


def _span(span: ScheduleSpan) -> str:
    hours = f"{span.start_time:%H:%M}-{span.end_time:%H:%M}"
    return " ".join([*(_DAYS[day] for day in sorted(span.days)), hours])


def _of_hits(hits: int) -> Drop:
    limit = f"{CONFIRM_HITS} of {CONFIRM_LOOKS} looks"
    return Drop(reason=DropReason.NOT_CONFIRMED, value=str(hits), limit=limit)


def _of_dwell(stayed_s: float, zone: Zone, number: int) -> Drop:
    return Drop(
        reason=DropReason.DWELL, value=f"{stayed_s:.1f} s", limit=f"{zone.dwell_s:g} s", zone=number
    )
