"""Pose models: their keypoints go with their boxes, into the picture and to whoever reads it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.footage import data_folder
from object_recognition.canvas import Canvas
from object_recognition.detection import Detections
from object_recognition.drawing import color_of
from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.engine import Engine, open_runtime
from object_recognition.ir_archive import write_archive
from object_recognition.seen import MAX_POSES
from object_recognition.skeleton import draw_skeleton
from tests.builders import CAMERA
from tests.recognition.onnx_files import names_of, write_model
from tests.recognition.stage import FixedDetector, Stage, a_basic_camera, a_picture
from tests.waiting import wait_until
from vigil.errors import ModelInvalid

CELLS = 64 + 16 + 4
PERSON = names_of("person") | {"task": "pose", "kpt_shape": "[2, 3]"}
#: How far a point may be off, by COCO's measure: nose, eyes, ears, shoulders and so on downwards.
SIGMAS = np.array(
    [.026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087,
     .089, .089]
)  # fmt: skip


@pytest.fixture(params=[*Engine])
def engine(request: pytest.FixtureRequest) -> Engine:
    return Engine(request.param)


def a_detector(path: Path, engine: Engine = Engine.ONNX_RUNTIME) -> ModelDetector:
    return ModelDetector(open_runtime(path, engine, threads=1), name="pose")


def an_image() -> NDArray[np.uint8]:
    return np.zeros((64, 128, 3), np.uint8)


def columns_of(*rows: list[float]) -> NDArray[np.float32]:
    """Return the output of YOLOv8's family: a column for each cell, of which most see nothing."""
    output = np.zeros((1, len(rows[0]), CELLS), np.float32)
    output[0, :, : len(rows)] = np.array(rows, np.float32).T
    return output


def test_a_box_has_its_keypoints_in_pixels_of_the_frame(engine: Engine, tmp_path: Path) -> None:
    # Given two boxes of one person, of which the surer stays, and a guess at another
    one = [32.0, 32, 16, 8, 0.9, 30, 30, 0.75, 40, 20, 0.25]
    same = [33.0, 32, 16, 8, 0.7, 31, 31, 0.5, 41, 21, 0.5]
    output = columns_of(one, same)
    detector = a_detector(write_model(tmp_path / "m.onnx", output, metadata=PERSON), engine)

    seen = detector.detect(an_image())

    # The frame is twice as wide as the input, which has 16 rows of padding above
    assert seen.xyxy.tolist() == [[48, 24, 80, 40]]
    assert seen.keypoints is not None
    assert seen.keypoints.tolist() == [[[60, 28, 0.75], [80, 8, 0.25]]]
    assert detector.keypoint_count == 2


def test_keypoints_of_an_end_to_end_model(engine: Engine, tmp_path: Path) -> None:
    rows = np.zeros((1, 300, 12), np.float32)
    rows[0, 0] = [8, 24, 24, 40, 0.75, 0, 30, 30, 0.75, np.nan, 20, 0.25]
    detector = a_detector(write_model(tmp_path / "m.onnx", rows, metadata=PERSON), engine)

    seen = detector.detect(an_image())

    assert seen.keypoints is not None
    # What is no place is nowhere that is drawn
    assert seen.keypoints[0, 0].tolist() == [60, 28, 0.75]
    assert seen.keypoints[0, 1, 2] == 0


def test_points_without_a_confidence_are_sure(tmp_path: Path) -> None:
    metadata = PERSON | {"kpt_shape": "[3, 2]"}
    output = columns_of([32.0, 32, 16, 8, 0.9, 30, 30, 40, 20, -10, 16])
    path = write_model(tmp_path / "m.onnx", output, metadata=metadata)

    seen = a_detector(path).detect(an_image())

    assert seen.keypoints is not None
    # A point may lie outside the frame; a box may not
    assert seen.keypoints.tolist() == [[[60, 28, 1], [80, 8, 1], [-20, 0, 1]]]


def test_without_a_word_of_poses_numbers_are_classes(tmp_path: Path) -> None:
    fifty_two = columns_of([32.0, 32, 16, 8, *np.eye(52)[3]])

    named = names_of(*(f"label {number}" for number in range(52)))
    path = write_model(tmp_path / "a.onnx", fifty_two, metadata=named)
    seen = a_detector(path).detect(an_image())
    assert (seen.class_id.tolist(), seen.keypoints) == ([3], None)

    # And where their number does not fit the names, that is what is told
    with pytest.raises(ModelInvalid, match="52 classes, but the metadata names 1; a pose model"):
        a_detector(write_model(tmp_path / "b.onnx", fifty_two, metadata=names_of("person")))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kpt_shape": ""}, "'kpt_shape' is missing"),
        ({"kpt_shape": "seventeen"}, r"'kpt_shape' is seventeen; .*as \[17, 3\]"),
        ({"kpt_shape": "[17, 4]"}, r"'kpt_shape' is \[17, 4\]"),
        ({"kpt_shape": "[0, 3]"}, r"'kpt_shape' is \[0, 3\]"),
        ({"kpt_shape": "[True, 3]"}, r"'kpt_shape' is \[True, 3\]"),
        ({"kpt_shape": "[9999, 3]"}, r"1 to 200"),
        ({"kpt_shape": "[17, 3]"}, "says that it gives 17 keypoints; accepted are"),
        ({"task": "segment"}, "task is 'segment'; accepted are 'detect' and 'pose'"),
    ],
)
def test_a_pose_model_that_does_not_say_what_it_gives_is_refused(
    tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    output = columns_of([32.0, 32, 16, 8, 0.9, 30, 30, 0.75, 40, 20, 0.25])
    path = write_model(tmp_path / "m.onnx", output, metadata=PERSON | changes)

    with pytest.raises(ModelInvalid, match=words):
        a_detector(path)


def posed(*boxes: tuple[float, ...], count: int = 17) -> Detections:
    """Return people whose joints stand on the diagonals of their boxes, the last one unsure."""
    xyxy = np.array(boxes, np.float32)
    share = np.linspace(0, 1, count, dtype=np.float32)[None, :, None]
    places = xyxy[:, None, :2] + share * (xyxy[:, None, 2:] - xyxy[:, None, :2])
    sure = np.full((len(boxes), count, 1), 0.9, np.float32)
    sure[:, -1] = 0.1
    return Detections(
        xyxy,
        np.full(len(boxes), 0.9, np.float32),
        np.zeros(len(boxes), np.int64),
        np.concatenate([places, sure], axis=2),
    )


def a_stage(folder: Path, found: Detections) -> Stage:
    model = folder / "model.onnx"
    model.write_bytes(b"a model")
    stage = Stage(folder, detector=FixedDetector(found))
    stage.configure(a_basic_camera(recognition=str(model)))
    stage.shelf.start()
    wait_until(lambda: stage.shelf.get(str(model))[0] is not None)
    return stage


def test_keypoints_are_drawn_and_published_in_pixels_of_the_full_frame(tmp_path: Path) -> None:
    stage = a_stage(tmp_path, posed((40, 40, 120, 200)))
    stage.write(CAMERA, 1, a_picture(), width_px=640, height_px=480)
    stage.worker.run_once()

    [person] = stage.detections.read([CAMERA])[CAMERA].objects
    first, *others = person.keypoints
    assert len(others) == 16
    assert (first, others[7], others[15]) == ((80, 80, 0.9), (160, 240, 0.9), (240, 400, 0.1))
    picture = stage.picture(CAMERA)
    assert picture is not None
    # The middle joint has the colour of its box; where nobody is sure nothing is drawn
    assert np.abs(picture[120, 80].astype(int) - color_of("person")).max() < 60
    assert np.abs(picture[195, 115].astype(int) - 90).max() < 30


def test_what_is_published_of_a_crowd_is_bounded(tmp_path: Path) -> None:
    count = MAX_POSES + 10
    boxes = [(2.0 * k, 40.0, 2.0 * k + 1, 200.0) for k in range(count)]
    stage = a_stage(tmp_path, posed(*boxes))
    stage.write(CAMERA, 1, a_picture())
    stage.worker.run_once()

    objects = stage.detections.read([CAMERA])[CAMERA].objects
    assert [bool(each.keypoints) for each in objects] == [True] * MAX_POSES + [False] * 10


def test_limbs_are_a_bodys_alone_and_others_have_dots() -> None:
    def between_the_first_two(count: int) -> bool:
        image = np.full((100, 100, 3), 90, np.uint8)
        points = np.full((count, 3), [50, 90, 0.9], np.float32)
        points[:2] = [[10, 10, 0.9], [90, 10, 0.9]]
        draw_skeleton(Canvas(image), points, (80, 200, 60), line_px=1)
        assert image[10, 10].tolist() == [80, 200, 60]
        return bool((image[10, 50] == [80, 200, 60]).all())

    assert between_the_first_two(17)
    assert not between_the_first_two(5)


@pytest.mark.parametrize("far", [1e30, -1e30])
def test_points_far_outside_do_no_harm(far: float) -> None:
    image = np.full((100, 100, 3), 90, np.uint8)
    points = np.full((17, 3), [far, far, 1], np.float32)
    draw_skeleton(Canvas(image), points, (80, 200, 60), line_px=1)
    assert (image == 90).all()


@pytest.mark.needs("data")
@pytest.mark.parametrize(
    ("model", "engine", "least"),
    [
        ("yolov8n-pose_dequant_fp32_640.onnx", Engine.ONNX_RUNTIME, 0.75),
        ("yolov8n-pose_dequant_fp32_640.onnx", Engine.OPENVINO, 0.75),
        ("yolo11n-pose_w8_640.onnx", Engine.ONNX_RUNTIME, 0.60),
        ("yolov8n-pose_int8_openvino_model/yolov8n-pose.xml", Engine.OPENVINO, 0.70),
    ],
)
def test_people_stand_as_their_labels_say(
    tmp_path: Path, model: str, engine: Engine, least: float
) -> None:
    folder = data_folder()
    assert folder is not None
    path = folder / "models" / "pose" / model
    if path.suffix == ".xml":
        write_archive(path, tmp_path / "m.zip")
        path = tmp_path / "m.zip"
    detector = a_detector(path, engine)

    similarities = []
    for picture in sorted((folder / "images/coco8_pose/images").glob("*.jpg")):
        image = cv2.imread(str(picture))
        assert image is not None
        image_bgr = image.astype(np.uint8)
        seen = detector.detect(image_bgr)
        labels = folder / "images/coco8_pose/labels" / f"{picture.stem}.txt"
        people = np.loadtxt(labels, ndmin=2)
        similarities += [
            best_similarity(person, seen, image_bgr.shape)
            for person in people
            # Of fewer points nothing is to be said
            if (person[7::3] > 0).sum() >= 5
        ]

    assert len(similarities) == 19
    assert float(np.mean(similarities)) > least


def best_similarity(person: NDArray[np.float64], seen: Detections, shape: tuple[int, ...]) -> float:
    """Return COCO's object keypoint similarity to the detection that is most like a person."""
    assert seen.keypoints is not None
    height, width = shape[:2]
    area = person[3] * width * person[4] * height
    points = person[5:].reshape(17, 3) * [width, height, 1]
    is_labelled = points[:, 2] > 0
    off = ((seen.keypoints[..., :2] - points[:, :2]) ** 2).sum(axis=2)
    near = np.exp(-off / (2 * area * (2 * SIGMAS) ** 2))[:, is_labelled]
    return float(near.mean(axis=1).max(initial=0))
