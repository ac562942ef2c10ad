"""The graphs that run on a GPU say what numpy says, on frames and boxes of every kind."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from object_recognition.boxes import iou_of
from object_recognition.detection import Detections
from object_recognition.engines.decoding import Pixels as FramePixels
from object_recognition.engines.gpu_graphs import selection_graph
from object_recognition.engines.keypoints import Keypoints
from object_recognition.engines.layouts import AnchorFreeLayout, Layout, YoloxLayout
from object_recognition.engines.letterbox import Letterbox, Pixels
from object_recognition.engines.pipeline import Pipeline
from object_recognition.engines.providers import Provider, SessionOptions
from object_recognition.engines.suppression import suppress_overlaps
from tests.recognition.onnx_files import write_grid_model

INPUT_WH = (128, 96)
MAX_IOU, MIN_CONFIDENCE = 0.5, 0.05
#: At these strides, as layouts count them.
CELLS = 16 * 12 + 8 * 6 + 4 * 3
CLASSES = 7
#: Of floats that were summed in another order.
NEARLY = 1e-4

LAYOUTS: list[Layout] = [
    YoloxLayout(INPUT_WH, class_count=CLASSES, strides=(8, 16, 32)),
    AnchorFreeLayout(class_count=CLASSES),
    AnchorFreeLayout(class_count=CLASSES, keypoints=Keypoints(count=2, dims=3)),
]


def selected(layout: Layout, output: NDArray[np.float32]) -> list[Detections]:
    graph = selection_graph(layout, INPUT_WH, min_confidence=MIN_CONFIDENCE, max_iou=MAX_IOU)
    assert graph is not None
    [found] = onnxruntime.InferenceSession(graph).run(None, {"output": output})
    of_each = [found[found[:, 0] == n] for n in range(len(output))]
    return [
        Detections(
            rows[:, 1:5],
            rows[:, 5],
            rows[:, 6].astype(np.int64),
            None if layout.keypoints is None else layout.keypoints.decode(rows[:, 7:]),
        )
        for rows in of_each
    ]


def in_numpy(layout: Layout, output: NDArray[np.float32]) -> Detections:
    found = layout.decode(output, min_confidence=MIN_CONFIDENCE)
    return suppress_overlaps(found, max_iou=MAX_IOU)


def an_output(layout: Layout, rng: np.random.Generator, *, objects: int) -> NDArray[np.float32]:
    """Return a model's output in which some cells are sure of something, in clusters."""
    # Two cells are never equally sure: which comes first then is nobody's promise.
    confidence = rng.permutation(np.linspace(0.06, 0.99, CELLS)).astype(np.float32)
    cells = rng.choice(CELLS, size=min(objects, CELLS), replace=False)
    rows = np.zeros((CELLS, 5 + CLASSES), np.float32)
    for cell in cells:
        rows[cell, 4] = 1
        rows[cell, 5 + rng.integers(CLASSES)] = confidence[cell]
    if isinstance(layout, YoloxLayout):
        rows[:, :2] = rng.uniform(-1, 1, (CELLS, 2))
        rows[:, 2:4] = rng.uniform(-1, 1.5, (CELLS, 2))
        return rows[None]
    rows[:, :2] = rng.uniform((20, 20), (108, 76), (CELLS, 2))
    rows[:, 2:4] = rng.uniform(4, 60, (CELLS, 2))
    rows = np.delete(rows, 4, axis=1)
    if layout.keypoints is not None:
        points = rng.uniform(0, 1, (CELLS, layout.keypoints.numbers)).astype(np.float32)
        rows = np.concatenate([rows, points], axis=1)
    return np.ascontiguousarray(rows.T)[None]


def is_borderline(layout: Layout, output: NDArray[np.float32]) -> bool:
    """Return whether two boxes overlap by so nearly the limit that rounding decides."""
    boxes = layout.decode(output, min_confidence=MIN_CONFIDENCE).xyxy
    return bool((np.abs(iou_of(boxes, boxes) - MAX_IOU) < NEARLY).any())


@pytest.mark.parametrize("layout", LAYOUTS, ids=["yolox", "anchor-free", "pose"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), counts=st.lists(st.integers(0, 120), min_size=1, max_size=4))
def test_boxes_are_chosen_as_numpy_chooses_them(
    layout: Layout, seed: int, counts: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    outputs = [an_output(layout, rng, objects=each) for each in counts]

    found = selected(layout, np.concatenate(outputs))

    for output, each in zip(outputs, found, strict=True):
        if is_borderline(layout, output):
            continue
        expected = in_numpy(layout, output)
        assert each.class_id.tolist() == expected.class_id.tolist()
        np.testing.assert_allclose(each.confidence, expected.confidence, atol=NEARLY)
        np.testing.assert_allclose(each.xyxy, expected.xyxy, atol=1e-3)
        if expected.keypoints is not None:
            np.testing.assert_array_equal(each.keypoints, expected.keypoints)


@pytest.mark.parametrize("layout", LAYOUTS, ids=["yolox", "anchor-free", "pose"])
@pytest.mark.parametrize("nonsense", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_cost_the_other_boxes_nothing(
    layout: Layout, nonsense: float
) -> None:
    rng = np.random.default_rng(1)
    output = an_output(layout, rng, objects=30)
    broken = output.copy()
    # In a picture of its own, and in each place of a cell
    axis = 1 if isinstance(layout, YoloxLayout) else 2
    columns = 5 + CLASSES if isinstance(layout, YoloxLayout) else 4 + CLASSES
    for column in range(columns):
        place: list[Any] = [0, column, column]
        broken[tuple(place)] = nonsense
    assert broken.shape[axis] == CELLS

    whole, odd = selected(layout, np.concatenate([output, broken]))

    expected = in_numpy(layout, output)
    np.testing.assert_allclose(whole.xyxy, expected.xyxy, atol=1e-3)
    assert np.isfinite(odd.xyxy).all()
    assert np.isfinite(odd.confidence).all()


def test_a_box_of_nonsense_hides_no_other() -> None:
    layout = LAYOUTS[0]
    output = an_output(layout, np.random.default_rng(2), objects=20)
    # As wide as e to the 20th
    output[0, 0] = 0
    output[0, 0, 2:4], output[0, 0, 4], output[0, 0, 5 + 3] = 20, 1, 1.0

    [found] = selected(layout, output)

    expected = in_numpy(layout, output)
    assert found.class_id.tolist() == expected.class_id.tolist()
    np.testing.assert_allclose(found.xyxy[1:], expected.xyxy[1:], atol=1e-3)


def test_a_picture_of_three_thousand_candidates_and_more_is_answered() -> None:
    layout = AnchorFreeLayout(class_count=1)
    rng = np.random.default_rng(3)
    output = rng.uniform(0, 1, (2, 5, 8400)).astype(np.float32)
    output[:, 4] = rng.permutation(np.linspace(0.06, 0.99, 2 * 8400)).reshape(2, 8400)
    output[:, :2] *= 600
    output[:, 2:4] = output[:, 2:4] * 20 + 4
    graph = selection_graph(layout, (640, 640), min_confidence=0.05, max_iou=MAX_IOU)
    assert graph is not None

    [found] = onnxruntime.InferenceSession(graph).run(None, {"output": output})

    for n in (0, 1):
        expected = suppress_overlaps(
            layout.decode(output[n : n + 1], min_confidence=0.05), max_iou=MAX_IOU
        )
        rows = found[found[:, 0] == n]
        # Rounding decides about a pair in ten thousand.
        assert abs(len(rows) - len(expected)) <= 3
        assert rows[0, 5] == pytest.approx(float(expected.confidence[0]))


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = write_grid_model(tmp_path_factory.mktemp("models") / "grid.onnx", size="any")
    return path.read_bytes()


@settings(max_examples=60, deadline=None)
@given(
    frame_wh=st.tuples(st.integers(16, 400), st.integers(16, 400)),
    rgb=st.booleans(),
    unit=st.booleans(),
    centred=st.booleans(),
    is_rgb=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_frame_is_fitted_as_numpy_fits_it(
    grid: bytes,
    frame_wh: tuple[int, int],
    rgb: bool,
    unit: bool,
    centred: bool,
    is_rgb: bool,
    seed: int,
) -> None:
    wanted = Pixels(rgb=rgb, unit=unit, centred=centred)
    image_bgr = np.random.default_rng(seed).integers(
        0, 256, (frame_wh[1], frame_wh[0], 3), dtype=np.uint8
    )
    frame = np.ascontiguousarray(image_bgr[..., ::-1]) if is_rgb else image_bgr
    layout = AnchorFreeLayout(class_count=1, pixels=wanted)
    pipeline = Pipeline(
        grid,
        "images",
        layout,
        INPUT_WH,
        batch_max=2,
        min_confidence=MIN_CONFIDENCE,
        max_iou=MAX_IOU,
        providers=[Provider.CPU],
        options=SessionOptions(threads=1),
    )

    # The second place of the batch: the first stays as it was
    before = pipeline.inputs(1).copy()
    fit = pipeline.fill(1, FramePixels(frame.ctypes.data, frame_wh, is_rgb, frame))

    letterbox = Letterbox(INPUT_WH, wanted)
    expected = letterbox.fill(image_bgr)[0]
    one_level = (1 / 255 if unit else 1) * 1.001
    np.testing.assert_allclose(pipeline.inputs(2)[1], expected, atol=one_level)
    np.testing.assert_array_equal(pipeline.inputs(1), before)
    boxes = np.array([[0, 0, *INPUT_WH], [10, 20, 30, 40]], np.float32)
    found = Detections(boxes, np.ones(2, np.float32), np.zeros(2, np.int64))
    np.testing.assert_array_equal(fit.to_frame(found).xyxy, letterbox.to_frame(found).xyxy)
