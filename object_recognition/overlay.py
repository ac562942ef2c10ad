"""The annotated picture: a frame with what one look came to, as a JPEG with the frame's stamp."""

from collections.abc import Sequence
from datetime import datetime

from object_recognition.canvas import Canvas
from object_recognition.detection import ImageBgr
from object_recognition.drawing import Caption, annotate
from object_recognition.picture import redrawn
from object_recognition.seen import Seen
from object_recognition.watch import RawFrame
from vigil.domain.frame import stamped
from vigil.domain.mask_mark import mark_segment, read_mark


def boxed_jpeg(
    frame: RawFrame,
    image_bgr: ImageBgr,
    seen: Seen,
    *,
    labels: Sequence[str],
    captured_at: datetime,
    quality: int,
) -> bytes:
    """Return a frame's annotated picture, marked with the masks that hide what the frame hides.

    Args:
        frame: It.
        image_bgr: Its pixels, which are drawn on.
        seen: What was seen in it, or before while nothing moved.
        labels: What class ids mean.
        captured_at: When the frame was captured, in the time zone to be shown.
        quality: 1 to 100, as libjpeg means it.
    """
    canvas = Canvas(image_bgr)
    draw(canvas, seen, labels=labels, captured_at=captured_at)
    mark = read_mark(frame.jpeg)
    # What is hidden in the frame is hidden here, and by the same masks.
    beside = b"" if mark is None else mark_segment(mark)
    jpeg = redrawn(frame.jpeg, canvas.image_bgr, canvas.drawn_strips, quality=quality)
    return stamped(jpeg, frame.stamp, beside=beside)


def draw(canvas: Canvas, seen: Seen, *, labels: Sequence[str], captured_at: datetime) -> None:
    """Draw boxes, zones, lines and counts onto a frame.

    Args:
        canvas: The frame.
        seen: What was seen in it, or before while nothing moved.
        labels: What class ids mean.
        captured_at: When the frame was captured, in the time zone to be shown.
    """
    said, shown = seen.published, seen.shown
    annotate(
        canvas,
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
