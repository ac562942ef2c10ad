"""Draws what one look came to onto its frame."""

from collections.abc import Sequence
from datetime import datetime

from object_recognition.detection import ImageBgr
from object_recognition.drawing import Caption, annotate
from object_recognition.seen import Seen


def draw(image_bgr: ImageBgr, seen: Seen, *, labels: Sequence[str], captured_at: datetime) -> None:
    """Draw boxes, zones, lines and counts onto a frame.

    Args:
        image_bgr: The frame, which is changed.
        seen: What was seen in it, or before while nothing moved.
        labels: What class ids mean.
        captured_at: When the frame was captured, in the time zone to be shown.
    """
    said, shown = seen.published, seen.shown
    annotate(
        image_bgr,
        shown.detections,
        labels=labels,
        track_id=shown.track_id,
        is_waiting=shown.is_waiting,
        zones=seen.zones,
        # Those zones alone are drawn that are there now.
        occupancy=[zone.count for zone in said.occupancy if zone.is_open],
        lines=seen.lines,
        tallies=said.lines,
        caption=Caption(
            said.recogniser, captured_at, looked_fps=said.looked_fps, counts=said.counts
        ),
    )
