"""Why each detection that is not shown is not: what each setting says of it."""

from collections.abc import Sequence

import numpy as np

from object_recognition.boxes import box_of
from object_recognition.detection import Detections, Detector
from object_recognition.zones import MIN_AREA_SHARE, ZoneFilter
from vigil.clock import MICROSECONDS
from vigil.domain.explanation import DropReason
from vigil.domain.frame import FrameStamp
from vigil.messages import CameraConfig, Drop, DroppedObject, Explanation, Zone

#: Seconds between two explanations of a camera: who asks why wants to know of a moment.
EXPLAIN_EVERY_S = 1.0
#: So many detections of a frame are explained: the surest.
MAX_EXPLAINED = 10


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
        self,
        found: Detections,
        *,
        camera: CameraConfig,
        detector: Detector,
        zone_filter: ZoneFilter,
        stamp: FrameStamp,
        full_scale: tuple[float, float],
    ) -> Explanation | None:
        """Return why what is not shown is not; None: all is, or it is not time.

        Args:
            found: All that was found, in pixels of the picture.
            camera: As it is configured.
            detector: Who found it.
            zone_filter: Of the camera's zones.
            stamp: Of the frame.
            full_scale: What makes pixels of the picture pixels of the full frame.
        """
        # A clock that was set back is no reason to wait.
        if abs(stamp.captured_at_us - self._explained_us) < self._every_s * MICROSECONDS:
            return None
        drops = drops_of(
            found,
            min_confidence=camera.min_confidence,
            zone_filter=zone_filter,
            zones=camera.zones,
            labels=detector.labels,
        )
        order = np.argsort(-found.confidence, kind="stable").tolist()
        dropped = [row for row in order if drops[row]]
        if not dropped:
            return None
        self._explained_us = stamp.captured_at_us
        full = found.xyxy * np.array(full_scale * 2, np.float32)
        return Explanation(
            camera_id=camera.id,
            sequence=stamp.sequence,
            captured_at_us=stamp.captured_at_us,
            recogniser=detector.name,
            shown=len(found) - len(dropped),
            dropped=len(dropped),
            objects=tuple(
                DroppedObject(
                    label=detector.labels[found.class_id[row]],
                    confidence=round(float(found.confidence[row]), 4),
                    box=box_of(full[row]),
                    drops=drops[row],
                )
                for row in dropped[: self._at_most]
            ),
        )


def drops_of(
    found: Detections,
    *,
    min_confidence: float,
    zone_filter: ZoneFilter,
    zones: Sequence[Zone],
    labels: Sequence[str],
) -> list[tuple[Drop, ...]]:
    """Return for each detection what keeps it out of the picture; nothing: it is shown.

    Args:
        found: All that was found.
        min_confidence: The camera's.
        zone_filter: Of the zones.
        zones: The camera's.
        labels: What class ids mean.
    """
    is_sure = found.confidence >= np.float32(min_confidence)
    stands_in, allows = zone_filter.stands_in(found), zone_filter.allows(found)
    shares = zone_filter.shares(found)
    drops: list[tuple[Drop, ...]] = []
    for row in range(len(found)):
        why = []
        if not is_sure[row]:
            why.append(
                Drop(
                    reason=DropReason.CONFIDENCE,
                    value=f"{found.confidence[row]:.4f}",
                    limit=f"{min_confidence:g}",
                )
            )
        if not zone_filter.is_everywhere and not (stands_in[:, row] & allows[:, row]).any():
            label = labels[found.class_id[row]]
            why.append(
                _of_label(label, [zones[z] for z in np.flatnonzero(stands_in[:, row]).tolist()])
                if stands_in[:, row].any()
                else _of_zone(float(shares[:, row].max()))
            )
        drops.append(tuple(why))
    return drops


def _of_zone(share: float) -> Drop:
    return Drop(reason=DropReason.ZONE, value=f"{share:.2f}", limit=f"{MIN_AREA_SHARE:g}")


def _of_label(label: str, zones: Sequence[Zone]) -> Drop:
    wanted = sorted({each for zone in zones for each in zone.labels})
    return Drop(reason=DropReason.LABEL, value=label, limit=", ".join(wanted))
