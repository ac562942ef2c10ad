"""Models of each layout are read on each engine; anything else is refused in words."""

import hashlib
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto

from bench.accuracy import measure
from bench.footage import data_folder
from object_recognition.boxes import iou_of
from object_recognition.detection import Detections
from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.engine import Engine, open_runtime
from object_recognition.engines.labels import COCO_80
from object_recognition.engines.probe import probe
from object_recognition.ir_archive import write_archive
from object_recognition.models.source import DEFAULT_MODEL
from tests.recognition.onnx_files import (
    names_of,
    write_endless_model,
    write_grid_model,
    write_mean_model,
    write_model,
)
from vigil.errors import ModelInvalid

#: Cells of a 64x64 input at strides 8, 16 and 32.
CELLS = 64 + 16 + 4


@pytest.fixture(params=[*Engine])
def engine(request: pytest.FixtureRequest) -> Engine:
    return Engine(request.param)


def a_detector(path: Path, engine: Engine, *, name: str = "tiny") -> ModelDetector:
    return ModelDetector(open_runtime(path, engine, threads=1), name=name)


def an_image(width: int = 128, height: int = 64) -> NDArray[np.uint8]:
    return np.zeros((height, width, 3), np.uint8)


def a_yolox_output() -> NDArray[np.float32]:
    """Cell (2, 1) of the stride-8 grid sees a car at (20, 12) of 16x8 pixels; its neighbour too."""
    rows = np.zeros((1, CELLS, 85), np.float32)
    size = np.log([16 / 8, 8 / 8])
    rows[0, 1 * 8 + 2] = [0.5, 0.5, *size, 0.9, *np.eye(80)[2]]
    rows[0, 1 * 8 + 3] = [-0.5, 0.5, *size, 0.8, *np.eye(80)[2]]
    return rows


def an_anchor_free_output() -> NDArray[np.float32]:
    """Two boxes of one cat, and a dog in the same place."""
    columns = np.zeros((1, 6, CELLS), np.float32)
    columns[0, :, 5] = [32, 32, 16, 8, 0.9, 0.1]
    columns[0, :, 6] = [33, 32, 16, 8, 0.7, 0.1]
    columns[0, :, 7] = [32, 32, 16, 8, 0.1, 0.6]
    return columns


def test_reads_raw_yolox_and_keeps_one_box_of_two(engine: Engine, tmp_path: Path) -> None:
    detector = a_detector(write_model(tmp_path / "m.onnx", a_yolox_output()), engine)

    seen = detector.detect(an_image())

    # The frame is twice as wide as the input, which is padded below only: scale 2.
    assert seen.xyxy.tolist() == [[24, 16, 56, 32]]
    assert [detector.labels[i] for i in seen.class_id] == ["car"]
    assert seen.confidence == pytest.approx([0.9])
    assert detector.labels == COCO_80


def test_reads_yolov8_and_keeps_overlapping_boxes_of_other_classes(
    engine: Engine, tmp_path: Path
) -> None:
    path = write_model(
        tmp_path / "m.onnx", an_anchor_free_output(), metadata=names_of("cat", "dog")
    )
    detector = a_detector(path, engine)

    seen = detector.detect(an_image())

    # Padded on both sides: 16 input rows above, then scale 2.
    assert [detector.labels[i] for i in seen.class_id] == ["cat", "dog"]
    assert seen.xyxy.tolist() == [[48, 24, 80, 40], [48, 24, 80, 40]]
    assert seen.confidence == pytest.approx([0.9, 0.6])


def test_reads_end_to_end_output_as_it_is(engine: Engine, tmp_path: Path) -> None:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = [8, 24, 24, 40, 0.75, 16]
    rows[0, 1] = [8, 24, 24, 40, 0.5, 999]  # A class without a label is nothing.
    rows[0, 2] = [np.nan, 24, 24, 40, 0.9, 1]
    detector = a_detector(write_model(tmp_path / "m.onnx", rows), engine)

    seen = detector.detect(an_image())

    assert seen.xyxy.tolist() == [[16, 16, 48, 48]]
    assert [detector.labels[i] for i in seen.class_id] == ["dog"]


def test_feeds_rgb_between_zero_and_one(engine: Engine, tmp_path: Path) -> None:
    detector = a_detector(write_mean_model(tmp_path / "m.onnx"), engine)
    image = np.zeros((64, 64, 3), np.uint8)
    image[:] = (51, 102, 204)  # blue, green, red

    seen = detector.detect(image)

    assert seen.confidence == pytest.approx([0.8, 0.4, 0.2], abs=1e-4)


def test_an_empty_frame_gives_nothing(engine: Engine, tmp_path: Path) -> None:
    output = np.zeros((1, CELLS, 85), np.float32)
    detector = a_detector(write_model(tmp_path / "m.onnx", output), engine)

    assert len(detector.detect(an_image())) == 0


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 3000), (3000, 1), (63, 65), (640, 480)])
def test_boxes_stay_inside_frames_of_any_shape(
    engine: Engine, tmp_path: Path, width: int, height: int
) -> None:
    detector = a_detector(write_model(tmp_path / "m.onnx", a_yolox_output()), engine)

    seen = detector.detect(an_image(width, height))

    assert (seen.xyxy >= 0).all()
    assert (seen.xyxy[:, 2] <= width).all()
    assert (seen.xyxy[:, 3] <= height).all()


def test_a_model_of_any_size_follows_the_aspect_of_the_camera(
    engine: Engine, tmp_path: Path
) -> None:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = [0, 0, 640, 384, 0.9, 0]
    path = write_model(tmp_path / "m.onnx", rows, input_shape=(1, 3, "height", "width"))
    detector = a_detector(path, engine)

    seen = detector.detect(an_image(1920, 1080))

    # 1920x1080 goes into 640x384: 12 rows of padding above and below are cut away again.
    assert seen.xyxy.tolist() == [[0, 0, 1920, 1080]]


def a_bright_spot(width: int, height: int, *, side: int) -> NDArray[np.uint8]:
    """A square of the frame's middle, to the right and below it."""
    image = an_image(width, height)
    image[height // 2 :, width // 2 :][:side, :side] = 255
    return image


def test_openvino_reshapes_a_fixed_yolox_to_the_aspect_of_the_camera(tmp_path: Path) -> None:
    path = write_grid_model(tmp_path / "m.onnx", size=128)
    here = a_detector(path, Engine.OPENVINO)
    there = a_detector(path, Engine.ONNX_RUNTIME)

    # Then a frame of 2:1 is looked at in half the rows, and a spot is where it is, on both
    assert here.input_wh((256, 128)) == (128, 64)
    assert there.input_wh((256, 128)) == (128, 128)
    image = a_bright_spot(256, 128, side=16)
    for detector in (here, there):
        seen = detector.detect(image)
        assert seen.xyxy[0].tolist() == [128, 64, 144, 80]
    # And one on its side in half the columns
    assert here.input_wh((128, 256)) == (64, 128)
    assert here.detect(a_bright_spot(128, 256, side=16)).xyxy[0].tolist() == [64, 128, 80, 144]


def test_a_model_with_its_size_inside_is_fed_with_that_size(tmp_path: Path) -> None:
    path = write_grid_model(tmp_path / "m.onnx", size=128, holds_its_size=True)
    detector = a_detector(path, Engine.OPENVINO)

    assert not detector.follows_aspect
    seen = detector.detect(a_bright_spot(256, 128, side=16))
    assert seen.xyxy[0].tolist() == [128, 64, 144, 80]


def test_says_what_runs_it(engine: Engine, tmp_path: Path) -> None:
    detector = a_detector(write_grid_model(tmp_path / "m.onnx"), engine, name="grid")

    assert re.fullmatch(r"grid, (ONNX Runtime|OpenVINO (bf16|fp32))", detector.name)


#: The same weights as files of both engines, and other families.
SHARED = {
    "yolox": "yolox_nano_416.onnx",
    "yolov8": "yolov8n_int8_640.onnx",
    "yolo11": "yolo11n_dequant_fp32_640.onnx",
    "yolo11, OpenVINO's own": "yolo11n_int8_openvino_model/yolo11n.xml",
    "yolo26, end to end": "yolo26n_int8_640.onnx",
}


@pytest.mark.needs("data")
@pytest.mark.parametrize("model", SHARED)
def test_openvino_sees_what_onnx_runtime_sees(tmp_path: Path, model: str) -> None:
    folder = data_folder()
    assert folder is not None
    path = folder / "models" / "detect" / SHARED[model]
    if path.suffix == ".xml":
        write_archive(path, tmp_path / "m.zip")
        here = a_detector(tmp_path / "m.zip", Engine.OPENVINO)
        path = path.parent.with_name("yolo11n_dequant_fp32_640.onnx")
    else:
        here = a_detector(path, Engine.OPENVINO)
    there = a_detector(path, Engine.ONNX_RUNTIME)
    image = cv2.imread(str(min((folder / "images/coco_val2017_64").rglob("*.jpg"))))
    assert image is not None
    image_bgr = image.astype(np.uint8)

    expected = sure(there, image_bgr)

    assert len(expected)
    assert here.labels == there.labels
    found = sure(here, image_bgr, least=0.3)
    for box, class_id in zip(expected.xyxy, expected.class_id, strict=True):
        same = found.xyxy[found.class_id == class_id]
        assert iou_of(box[None], same).max(initial=0) > 0.75


def sure(detector: ModelDetector, image: NDArray[np.uint8], *, least: float = 0.6) -> Detections:
    seen = detector.detect(image)
    return seen.take(seen.confidence >= least)


@pytest.mark.needs("data")
def test_the_default_model_is_the_one_that_was_measured(engine: Engine) -> None:
    folder = data_folder()
    assert folder is not None
    path = folder / "models" / "detect" / "yolox_nano_416.onnx"
    content = path.read_bytes()
    assert len(content) == DEFAULT_MODEL.size_bytes
    assert hashlib.sha256(content).hexdigest() == DEFAULT_MODEL.sha256

    probe(path, engine)
    row = measure(a_detector(path, engine, name=DEFAULT_MODEL.name), folder)

    assert row.score.f1 >= 0.80


REFUSED = {
    "seven columns": (
        {"output": np.zeros((1, 300, 7), np.float32)},
        r"shape \(1, 300, 7\) for an input of 64x64; accepted are .*YOLOX.*YOLOv8.*end-to-end",
    ),
    "a classifier": ({"output": np.zeros((1, 1000), np.float32)}, r"shape \(1, 1000\)"),
    "classes without names": (
        {"output": np.zeros((1, 11, CELLS), np.float32)},
        "7 classes and the file names none",
    ),
    "too few names": (
        {
            "output": np.zeros((1, 11, CELLS), np.float32),
            "metadata": names_of("cat", "dog"),
        },
        "7 classes, but the metadata names 2",
    ),
    "names that are no list": (
        {
            "output": np.zeros((1, 6, CELLS), np.float32),
            "metadata": {"names": "__import__('os').abort()"},
        },
        "'names' is no list",
    ),
    "another task": (
        {"output": np.zeros((1, 84, CELLS), np.float32), "metadata": {"task": "segment"}},
        "task is 'segment'; accepted are 'detect' and 'pose'",
    ),
    "bytes as input": (
        {"output": np.zeros((1, 300, 6), np.float32), "input_type": TensorProto.UINT8},
        r"images (tensor\(uint8\)|u8) .*accepted is one input of float",
    ),
    "grey input": (
        {"output": np.zeros((1, 300, 6), np.float32), "input_shape": (1, 1, 64, 64)},
        r"\[1, 1, 64, 64\]; accepted is",
    ),
    "a batch of four": (
        {"output": np.zeros((1, 300, 6), np.float32), "input_shape": (4, 3, 64, 64)},
        r"\[4, 3, 64, 64\]; accepted is",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_other_models_and_says_what_it_found(
    engine: Engine, tmp_path: Path, case: str
) -> None:
    model, message = REFUSED[case]
    path = write_model(tmp_path / "m.onnx", **model)  # type: ignore[arg-type]

    with pytest.raises(ModelInvalid, match=message):
        a_detector(path, engine)


@pytest.mark.parametrize(
    "content", [b"", b"not a model at all", b"\x08\x08" * 4000], ids=["empty", "text", "noise"]
)
def test_refuses_a_file_that_is_no_model(engine: Engine, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)

    with pytest.raises(ModelInvalid):
        a_detector(path, engine)


def test_the_probe_accepts_what_the_detector_accepts(engine: Engine, tmp_path: Path) -> None:
    probe(write_model(tmp_path / "m.onnx", a_yolox_output()), engine)


def test_the_probe_tells_why_a_file_is_refused(engine: Engine, tmp_path: Path) -> None:
    output = np.zeros((1, 1000), np.float32)

    with pytest.raises(ModelInvalid, match=r"shape \(1, 1000\)"):
        probe(write_model(tmp_path / "m.onnx", output), engine)


def test_the_probe_ends_a_model_that_never_does(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match="did not load and run once in 3 s"):
        probe(write_endless_model(tmp_path / "m.onnx"), engine, timeout_s=3)


def test_the_probe_survives_a_child_that_dies(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file that crashes the loader of every version cannot be kept: the child crashes itself.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(ModelInvalid, match=r"crashed its loader \(SIGSEGV\)"):
        probe(write_model(tmp_path / "m.onnx", a_yolox_output()), engine)
