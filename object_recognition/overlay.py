"""Draws what one look came to onto its frame."""

from collections.abc import Sequence
from datetime import datetime

from object_recognition.detection import ImageBgr
from object_recognition.drawing import Caption, annotate
from object_recognition.view import Seen


def draw(image_bgr: ImageBgr, seen: Seen, *, labels: Sequence[str], captured_at: datetime) -> None:
    """Draw boxes, numbers and zones onto a frame, and who looked and when.

    Args:
        image_bgr: The frame, which is changed.
        seen: What was seen in it, or before while nothing moved.
        labels: What class ids mean.
        captured_at: When the frame was captured, in the time zone to be shown.
    """
    annotate(
        image_bgr,
        seen.shown,
        labels=labels,
        track_id=seen.track_id,
        zones=seen.zones,
        caption=Caption(seen.published.recogniser, captured_at),
    )
