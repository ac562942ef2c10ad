"""What is drawn on is known, and the rest of a picture stays as it was, to the bit."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from object_recognition.canvas import Canvas
from object_recognition.detection import Detections, ImageBgr
from object_recognition.drawing import Caption, annotate
from object_recognition.picture import decoded, encoded, redrawn
from object_recognition.skeleton import COCO_JOINTS
from vigil.camera_document import Line, Zone
from vigil.media.strips import STRIP_PX, apart
from vigil.messages import LineTally

WIDTH, HEIGHT = 320, 400
QUALITY = 85
CAPTION = Caption("yolox", datetime(2026, 9, 21, 12, 30, tzinfo=UTC))

coordinates = st.floats(-600, 900, allow_nan=False)
points = st.tuples(coordinates, coordinates)


def a_scene(width: int = WIDTH, height: int = HEIGHT) -> ImageBgr:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3)).astype(np.uint8)


@st.composite
def founds(draw: st.DrawFn) -> Detections:
    boxes = draw(st.lists(st.tuples(points, points), max_size=4))
    corners = np.array([[*one, *other] for one, other in boxes], np.float32).reshape(-1, 4)
    low = np.minimum(corners[:, :2], corners[:, 2:])
    high = np.maximum(corners[:, :2], corners[:, 2:])
    count = len(boxes)
    keypoints = np.zeros((count, COCO_JOINTS, 3), np.float32)
    keypoints[:] = [[*draw(points), draw(st.floats(0, 1))] for _ in range(COCO_JOINTS)]
    return Detections(
        np.hstack([low, high]).astype(np.float32),
        np.full(count, 0.8, np.float32),
        np.zeros(count, np.int64),
        keypoints=keypoints if draw(st.booleans()) else None,
    )


zones = st.builds(
    lambda corners: Zone(id=1, name="door", points=tuple(corners)),
    st.lists(points, min_size=3, max_size=5),
)
lines = st.builds(
    lambda ends: Line(id=1, name="street", start=ends[0], end=ends[1]), st.tuples(points, points)
)


@settings(max_examples=200)
@given(found=founds(), zone=st.none() | zones, line=st.none() | lines, are_waiting=st.booleans())
def test_all_that_changes_is_noted(
    found: Detections, zone: Zone | None, line: Line | None, are_waiting: bool
) -> None:
    scene = a_scene()
    canvas = Canvas(scene.copy())

    annotate(
        canvas,
        found,
        labels=("person",),
        is_waiting=np.full(len(found), are_waiting),
        zones=[] if zone is None else [zone],
        lines=[] if line is None else [line],
        tallies=[] if line is None else [LineTally(line=1, in_count=0, out_count=0)],
        caption=CAPTION,
    )

    is_changed = (canvas.image_bgr != scene).any(axis=(1, 2))
    changed = set((np.flatnonzero(is_changed) // STRIP_PX).tolist())
    assert changed <= set(canvas.drawn_strips)


def test_what_nobody_drew_on_is_copied() -> None:
    jpeg = encoded(a_scene(), quality=QUALITY)
    canvas = Canvas(decoded(jpeg))
    canvas.fill((10, 3 * STRIP_PX + 5), (50, 4 * STRIP_PX - 5), (0, 0, 255))

    after = redrawn(jpeg, canvas.image_bgr, canvas.drawn_strips, quality=QUALITY)
    drawn, before = apart(after), apart(jpeg)

    assert drawn is not None
    assert before is not None
    differ = [a != b for a, b in zip(drawn.strips, before.strips, strict=True)]
    assert [number for number, is_other in enumerate(differ) if is_other] == [3]
    assert canvas.drawn_strips == [3]


@pytest.mark.parametrize("size_wh", [(WIDTH, HEIGHT), (1280, 720), (16, 16), (33, 1001)])
def test_a_picture_drawn_on_shows_what_was_drawn(size_wh: tuple[int, int]) -> None:
    jpeg = encoded(a_scene(*size_wh), quality=QUALITY)
    canvas = Canvas(decoded(jpeg))
    canvas.fill((0, 0), (size_wh[0] // 2, size_wh[1] // 2), (10, 200, 30))

    shown = decoded(redrawn(jpeg, canvas.image_bgr, canvas.drawn_strips, quality=QUALITY))

    whole = decoded(encoded(canvas.image_bgr, quality=QUALITY))
    for number in canvas.drawn_strips:
        rows = slice(number * STRIP_PX + 2, (number + 1) * STRIP_PX - 2)
        assert (shown[rows] == whole[rows]).all()
    assert shown.shape == canvas.image_bgr.shape


def of_another_quality(image_bgr: ImageBgr) -> bytes:
    return encoded(image_bgr, quality=60)


def not_in_strips(image_bgr: ImageBgr) -> bytes:
    jpeg: bytes = simplejpeg.encode_jpeg(image_bgr, quality=QUALITY, colorspace="BGR")
    return jpeg


def of_another_size(image_bgr: ImageBgr) -> bytes:
    return encoded(image_bgr[:-STRIP_PX].copy(), quality=QUALITY)


@pytest.mark.parametrize("made", [of_another_quality, not_in_strips, of_another_size])
def test_a_picture_coded_otherwise_is_coded_anew(made: Callable[[ImageBgr], bytes]) -> None:
    canvas = Canvas(a_scene())
    canvas.fill((0, 0), (9, 9), (0, 0, 0))

    jpeg = redrawn(made(a_scene()), canvas.image_bgr, canvas.drawn_strips, quality=QUALITY)

    assert jpeg == encoded(canvas.image_bgr, quality=QUALITY)


@pytest.mark.parametrize("size_wh", [(9600, 32), (16000, 20), (640, 480)])
def test_a_picture_of_one_strip_is_decoded_too(size_wh: tuple[int, int]) -> None:
    grey = np.full((size_wh[1], size_wh[0], 3), 90, np.uint8)
    assert decoded(encoded(grey, quality=QUALITY)).shape == grey.shape


def test_many_threads_decode_at_once() -> None:
    jpeg = encoded(a_scene(1280, 720), quality=QUALITY)
    alone = decoded(jpeg)
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(decoded, [jpeg] * 16))
    assert all((each == alone).all() for each in together)


def test_two_threads_decode_what_one_does() -> None:
    scene = np.repeat(np.repeat(a_scene(160, 90), 8, axis=0), 8, axis=1)
    jpeg = encoded(scene, quality=QUALITY)

    whole: ImageBgr = simplejpeg.decode_jpeg(jpeg, colorspace="BGR")

    # But for the two rows at which their halves meet, whose chroma is smoothed.
    rows = np.flatnonzero((decoded(jpeg) != whole).any(axis=(1, 2)))
    assert len(rows) <= 2
