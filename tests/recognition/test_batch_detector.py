"""A batch sees what each of its pictures shows, and no picture costs another anything."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs

from bench.footage import data_folder, frames_of
from object_recognition.boxes import iou_of
from object_recognition.detection import Detections, takes_batches
from object_recognition.engines import batch_bound, batch_detector
from object_recognition.engines.batch_detector import BatchModelDetector
from object_recognition.engines.choice import Engines, engines_for
from object_recognition.engines.decoding import CpuDecoder, Pixels
from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.onnx import OnnxRuntime
from object_recognition.engines.pipeline import Pipeline
from object_recognition.engines.providers import Provider, SessionOptions
from object_recognition.picture import JpegPicture, encoded
from tests.recognition.onnx_files import write_grid_model, write_mean_model, write_model
from vigil.errors import FrameInvalid, ModelInvalid


def a_detector(path: Path, *, batch_max: int = 8) -> BatchModelDetector:
    return BatchModelDetector(
        path,
        OnnxRuntime(path, threads=1),
        name=path.stem,
        decoder=CpuDecoder("cpu", threads=2),
        batch_max=batch_max,
        options=SessionOptions(threads=1),
    )


def a_picture_with(*spots_xy: tuple[int, int], width: int = 128, height: int = 128) -> JpegPicture:
    """Return a dark picture with bright spots of 16 pixels, by their upper left corners."""
    image = np.zeros((height, width, 3), np.uint8)
    for x, y in spots_xy:
        image[y : y + 16, x : x + 16] = 255
    return JpegPicture(encoded(image, quality=95))


PICTURES = [
    a_picture_with((16, 32)),
    a_picture_with(),
    a_picture_with((0, 0), (96, 64), width=256),
    a_picture_with((48, 48), width=96, height=200),
    a_picture_with((112, 112)),
]


def same(one: Detections | FrameInvalid, other: Detections | FrameInvalid) -> bool:
    assert isinstance(one, Detections)
    assert isinstance(other, Detections)
    return (
        np.array_equal(one.xyxy, other.xyxy)
        and np.array_equal(one.confidence, other.confidence)
        and np.array_equal(one.class_id, other.class_id)
        and (one.keypoints is None) == (other.keypoints is None)
        and all(
            np.array_equal(one.keypoints_of(row), other.keypoints_of(row))
            for row in range(len(one))
        )
    )


@pytest.mark.parametrize("size", [128, "any"])
def test_a_batch_of_all_sizes_sees_exactly_what_each_alone_shows(
    tmp_path: Path, size: int | str
) -> None:
    detector = a_detector(write_grid_model(tmp_path / "grid.onnx", size=size))

    together = detector.detect_all(PICTURES)

    alone = [detector.detect_all([each])[0] for each in PICTURES]
    assert all(map(same, together, alone))
    assert [len(each) > 0 for each in together if isinstance(each, Detections)] == [
        True,
        False,
        True,
        True,
        True,
    ]


def test_a_batch_sees_what_the_way_through_numpy_sees(tmp_path: Path) -> None:
    path = write_grid_model(tmp_path / "grid.onnx", size=128)
    together = a_detector(path).detect_all(PICTURES)

    # One level of a pixel is what the two letterboxes may differ by
    numpy = ModelDetector(OnnxRuntime(path, threads=1), name="numpy")
    for picture, found in zip(PICTURES, together, strict=True):
        assert isinstance(found, Detections)
        expected = numpy.detect(picture.image_bgr)
        assert len(found) == len(expected)
        np.testing.assert_allclose(np.sort(found.xyxy, 0), np.sort(expected.xyxy, 0), atol=1e-3)
        np.testing.assert_allclose(
            np.sort(found.confidence), np.sort(expected.confidence), atol=1 / 255
        )


def test_each_picture_has_its_own_boxes_where_the_model_suppresses_itself(tmp_path: Path) -> None:
    # Given a model whose boxes' confidence is the mean of red, green and blue
    detector = a_detector(write_mean_model(tmp_path / "mean.onnx", any_batch=True))
    colours = [(0, 0, 255), (255, 0, 0), (0, 128, 0)]
    pictures = [
        JpegPicture(encoded(np.full((64, 64, 3), each, np.uint8), quality=100)) for each in colours
    ]

    found = detector.detect_all(pictures)

    means = [each.confidence.tolist() for each in found if isinstance(each, Detections)]
    assert means == [
        [pytest.approx(1, abs=0.01)],
        [pytest.approx(1, abs=0.01)],
        [pytest.approx(0.5, abs=0.01)],
    ]


def test_keypoints_come_with_their_boxes(tmp_path: Path) -> None:
    # Given a frame twice as wide as the input, which has 16 rows of padding above
    path = write_mean_model(tmp_path / "pose.onnx", any_batch=True, keypoint=(20, 30, 0.5))
    picture = a_picture_with((0, 0), width=128, height=64)

    # And one of the input's size
    beside = a_picture_with((0, 0), (32, 0), width=64, height=64)

    [found, other] = a_detector(path).detect_all([picture, beside])

    assert isinstance(found, Detections)
    assert found.keypoints is not None
    assert found.keypoints.tolist() == [[[40, 28, 0.5]]] * 3
    assert isinstance(other, Detections)
    assert other.keypoints is not None
    assert other.keypoints.tolist() == [[[20, 30, 0.5]]] * 3


def test_no_look_waits_for_tensorrt_to_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a runtime whose CPU stands for both, as far as a CPU can
    tried: list[list[Provider]] = []
    known = [Provider.TENSORRT, Provider.CPU]
    monkeypatch.setattr(batch_detector, "known_providers", lambda: known)
    monkeypatch.setattr(Provider, "device", "cpu")

    def noting(*args: Any, providers: Sequence[Provider], **options: Any) -> Pipeline:
        tried.append(list(providers))
        return Pipeline(*args, providers=[Provider.CPU], **options)

    monkeypatch.setattr(batch_detector, "Pipeline", noting)
    detector = a_detector(write_grid_model(tmp_path / "grid.onnx", size="any"))

    # When a camera of another aspect than it was loaded for comes
    detector.detect_all([PICTURES[3]])

    assert tried == [known, [Provider.CPU]]


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (b"no picture", "no JPEG"),
        (PICTURES[0].jpeg[:-40], "a broken JPEG"),
    ],
)
def test_a_broken_picture_says_why_and_the_others_are_seen(
    tmp_path: Path, broken: bytes, says: str
) -> None:
    detector = a_detector(write_grid_model(tmp_path / "grid.onnx", size=128))

    found = detector.detect_all([PICTURES[0], JpegPicture(broken), PICTURES[4]])

    assert isinstance(found[1], FrameInvalid)
    assert says in str(found[1])
    assert same(found[0], detector.detect_all([PICTURES[0]])[0])
    assert same(found[2], detector.detect_all([PICTURES[4]])[0])


def test_a_batch_of_broken_pictures_is_no_batch(tmp_path: Path) -> None:
    detector = a_detector(write_grid_model(tmp_path / "grid.onnx", size=128))

    assert [type(each) for each in detector.detect_all([JpegPicture(b"")])] == [FrameInvalid]
    assert detector.detect_all([]) == []


def test_more_pictures_than_a_batch_holds_are_several_batches(tmp_path: Path) -> None:
    detector = a_detector(write_grid_model(tmp_path / "grid.onnx", size=128), batch_max=2)

    found = detector.detect_all(PICTURES)

    whole = a_detector(write_grid_model(tmp_path / "other.onnx", size=128)).detect_all(PICTURES)
    assert all(map(same, found, whole))


def test_what_the_device_has_no_memory_for_is_looked_at_in_smaller_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = a_detector(write_grid_model(tmp_path / "grid.onnx", size=128))
    expected = detector.detect_all(PICTURES)
    look, sizes = Pipeline.look, []

    def of_two(self: Pipeline, frames: Sequence[Pixels]) -> list[Detections]:
        sizes.append(len(frames))
        if len(frames) > 2:
            raise ModelInvalid("the model does not run: out of memory")
        return look(self, frames)

    monkeypatch.setattr(Pipeline, "look", of_two)
    with capture_logs() as logs:
        found = detector.detect_all(PICTURES)

    assert all(map(same, found, expected))
    assert sizes == [5, 2, 2, 1]
    assert [(each["event"], each["batch_max"]) for each in logs] == [("batch_halved", 2)]


def test_a_failure_that_was_passing_costs_nothing_in_the_long_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_bound, "PATIENCE", 3)
    detector = a_detector(write_grid_model(tmp_path / "grid.onnx", size=128), batch_max=4)
    expected = detector.detect_all(PICTURES)
    look, sizes = Pipeline.look, []

    def failing_once(self: Pipeline, frames: Sequence[Pixels]) -> list[Detections]:
        sizes.append(len(frames))
        if len(sizes) == 1:
            raise ModelInvalid("the model does not run: out of memory")
        return look(self, frames)

    monkeypatch.setattr(Pipeline, "look", failing_once)
    for _ in range(4):
        assert all(map(same, detector.detect_all(PICTURES), expected))

    # Six that are full have to go well, for three did not do
    assert sizes == [4, 2, 2, 1, 2, 2, 1, 2, 2, 1, 4, 1]
    assert detector.batch_max == 4


def test_a_model_that_does_not_run_on_one_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = a_detector(write_grid_model(tmp_path / "grid.onnx", size=128))

    def never(_self: Pipeline, _frames: Sequence[Pixels]) -> list[Detections]:
        raise ModelInvalid("the model does not run: the device is lost")

    monkeypatch.setattr(Pipeline, "look", never)
    with pytest.raises(ModelInvalid, match="the device is lost"):
        detector.detect_all(PICTURES)


def test_the_memory_of_many_aspects_is_bounded(tmp_path: Path) -> None:
    detector = a_detector(write_grid_model(tmp_path / "grid.onnx", size="any"), batch_max=2)
    pictures = [a_picture_with(width=64 * n, height=320) for n in range(1, 13)]

    for each in pictures:
        detector.detect_all([each])

    assert len(detector._pipelines) == 8


def test_the_input_of_batches_is_made_once(tmp_path: Path) -> None:
    detector = a_detector(write_grid_model(tmp_path / "grid.onnx", size=128))
    pipeline = detector.pipeline((128, 128))
    before = pipeline._inputs.data_ptr()

    for _ in range(5):
        detector.detect_all(PICTURES)

    assert detector.pipeline((128, 128)) is pipeline
    assert pipeline._inputs.data_ptr() == before


@pytest.fixture
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU is taken for a GPU: what is chosen is the same, and it computes where it can."""
    monkeypatch.setattr(OnnxRuntime, "is_on_gpu", True)


def opened(path: Path, *, batch_max: int = 4) -> ModelDetector:
    engines = Engines(engines_for("onnxruntime"), threads=1, folder=None, batch_max=batch_max)
    return engines.open(path, "tiny")


@pytest.mark.usefixtures("as_on_a_gpu")
def test_a_model_is_looked_at_in_batches_on_a_gpu(tmp_path: Path) -> None:
    detector = opened(write_grid_model(tmp_path / "grid.onnx", size=128))

    assert takes_batches(detector)
    assert detector.batch_max == 4
    assert detector.name == "tiny, ONNX Runtime"


@pytest.mark.usefixtures("as_on_a_gpu")
def test_one_at_a_time_is_a_setting(tmp_path: Path) -> None:
    path = write_grid_model(tmp_path / "grid.onnx", size=128)

    assert not takes_batches(opened(path, batch_max=1))


def test_a_cpu_is_given_no_batches(tmp_path: Path) -> None:
    path = write_grid_model(tmp_path / "grid.onnx", size=128)

    assert not takes_batches(opened(path))


def an_answer() -> NDArray[np.float32]:
    return np.array([[[16, 16, 48, 48, 0.9, 0]]], np.float32)


@pytest.mark.usefixtures("as_on_a_gpu")
def test_a_model_that_answers_for_one_alone_looks_one_by_one_and_that_is_told(
    tmp_path: Path,
) -> None:
    path = write_model(tmp_path / "fixed.onnx", an_answer())

    with capture_logs() as logs:
        detector = opened(path)

    assert not takes_batches(detector)
    assert len(detector.detect(np.zeros((64, 64, 3), np.uint8))) == 1
    [told] = [each for each in logs if each["event"] == "model_looks_one_by_one"]
    assert "three pictures give an output of (1, 1, 6), not (3, 1, 6)" in told["reason"]


@pytest.mark.needs("data")
@pytest.mark.parametrize(
    "name",
    [
        "detect/yolox_nano_416",
        "detect/yolo11n_dequant_fp32_640",
        "pose/yolov8n-pose_dequant_fp32_640",
    ],
)
def test_real_models_see_real_frames_in_batches_as_they_do_alone(name: str) -> None:
    folder = data_folder()
    assert folder is not None
    clips = [folder / "video" / each for each in ("vtest_480x360.avi", "plate_uk_720p.mp4")]
    frames = [list(frames_of(clip))[::60][:3] for clip in clips]
    pictures = [JpegPicture(encoded(each, quality=85)) for clip in frames for each in clip]
    detector = a_detector(folder / "models" / f"{name}.onnx")

    together = detector.detect_all(pictures)

    assert all(map(same, together, [detector.detect_all([each])[0] for each in pictures]))
    sure_of = 0
    for picture, found in zip(pictures, together, strict=True):
        assert isinstance(found, Detections)
        expected = detector.detect(picture.image_bgr)
        # Whoever is sure of a box is so on both ways, and in the same place
        for one, other in ((found, expected), (expected, found)):
            sure = one.take(one.confidence >= 0.5)
            sure_of += len(sure)
            if len(sure):
                assert float(iou_of(sure.xyxy, other.xyxy).max(axis=1).min()) > 0.9
    assert sure_of > 0


@pytest.mark.needs("data")
@pytest.mark.parametrize("name", ["yolov8n_int8_640", "yolo26n_int8_640"])
def test_models_that_measure_a_whole_batch_are_refused_it(name: str) -> None:
    folder = data_folder()
    assert folder is not None

    # Their whole numbers are scaled by the brightest pixel of all pictures together
    with pytest.raises(ModelInvalid, match="together give other numbers than alone"):
        a_detector(folder / "models/detect" / f"{name}.onnx")
