"""Several models look at one camera: each with its labels and its bound, and none hides another."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from object_recognition.bounds import Bounds
from object_recognition.boxes import iou_of
from object_recognition.detection import Detections
from object_recognition.following import CONFIRM_HITS
from object_recognition.together import MAX_IOU, DetectorGroup
from tests.builders import CAMERA, OTHER_CAMERA
from tests.recognition.stage import FixedDetector, Stage, a_basic_camera, a_picture
from tests.waiting import wait_until
from vigil.camera_document import CameraConfig, ModelUse
from vigil.domain.explanation import DropReason
from vigil.errors import ModelInvalid
from vigil.messages import FrameDetections, RecognitionStatus

WALKER = (40.0, 80.0, 80.0, 180.0)
BESIDE = (100.0, 80.0, 140.0, 180.0)
PLATE = (200.0, 150.0, 240.0, 160.0)


def found(*rows: tuple[tuple[float, ...], int, float]) -> Detections:
    """Return detections of boxes, class ids and confidences."""
    boxes, class_ids, confidences = zip(*rows, strict=True) if rows else ((), (), ())
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(confidences, np.float32),
        np.array(class_ids, np.int64),
    )


class SeveralStage(Stage):
    """A stage whose models see what the test says, by their name."""

    def __init__(self, folder: Path, **detectors: FixedDetector) -> None:
        super().__init__(folder)
        self.folder = folder
        self.detectors |= detectors
        for name in detectors:
            (folder / f"{name}.onnx").write_bytes(f"the model {name}".encode())
        self.shelf.start()
        self._sequence = 0

    def use(self, name: str, *labels: str, min_confidence: float | None = None) -> ModelUse:
        model = name if name == "basic" else str(self.folder / f"{name}.onnx")
        return ModelUse(model=model, labels=labels, min_confidence=min_confidence)

    def begin(self, *uses: ModelUse, camera_id: int = CAMERA) -> CameraConfig:
        """Configure a camera, and wait until its models are there or refused."""
        camera = a_basic_camera(camera_id, models=uses, revision=self._generation + 1)
        self.configure(camera)
        self.configs.refresh()
        wait_until(lambda: self.recognisers.are_ready([camera]))
        return camera

    def look(self, times: int = 1) -> FrameDetections:
        for _ in range(times):
            self._sequence += 1
            captured_at_us = 1_790_000_000_000_000 + 2_000_000 * self._sequence
            self.write(CAMERA, self._sequence, a_picture(), captured_at_us=captured_at_us)
            self.clock.advance(1.0)
            self.worker.run_once()
        return self.detections.read([CAMERA])[CAMERA]

    def status(self) -> RecognitionStatus:
        self.clock.advance(1.0)
        self.worker.run_once()
        return self.statuses.read([CAMERA])[CAMERA]


def test_two_models_look_at_the_same_frame_and_both_are_named(tmp_path: Path) -> None:
    stage = SeveralStage(
        tmp_path,
        people=FixedDetector(found((WALKER, 0, 0.9)), name="people"),
        plates=FixedDetector(found((PLATE, 0, 0.8)), name="plates", labels=("plate",)),
    )
    stage.begin(stage.use("people"), stage.use("plates"))

    # Until both are confirmed: guesses are shown, and do not count
    seen = stage.look(times=5)

    assert [(each.label, each.box) for each in seen.objects] == [
        ("person", WALKER),
        ("plate", PLATE),
    ]
    assert seen.recogniser == "people + plates"
    # What was seen often enough is counted
    stage.look(CONFIRM_HITS)
    status = stage.status()
    assert (status.recogniser, status.error) == ("people + plates", None)
    assert status.counts == {"person": 1, "plate": 1}


def test_each_model_has_its_labels_and_its_bound_and_an_explanation_names_them(
    tmp_path: Path,
) -> None:
    # Given a camera that is sure from 0.4 on, and a model that has to be surer
    both = found((WALKER, 0, 0.55), (BESIDE, 1, 0.9))
    stage = SeveralStage(
        tmp_path,
        people=FixedDetector(both, name="people"),
        plates=FixedDetector(found((PLATE, 0, 0.5)), name="plates", labels=("plate",)),
    )
    stage.begin(stage.use("people", "person", min_confidence=0.6), stage.use("plates"))

    seen = stage.look()

    assert [each.label for each in seen.objects] == ["plate"]
    explanation = stage.explanations.newest(CAMERA, limit=1)[0]
    told = {
        each.label: [(drop.reason, drop.value, drop.limit) for drop in each.drops]
        for each in explanation.objects
    }
    assert told == {
        "person": [(DropReason.CONFIDENCE, "0.5500", "0.6")],
        "car": [(DropReason.LABEL, "car", "person")],
    }

    # When just what is named is moved, it is shown
    stage.begin(stage.use("people", "person", "car", min_confidence=0.5), stage.use("plates"))
    assert {each.label for each in stage.look().objects} == {"person", "car", "plate"}


def test_one_object_that_two_models_call_the_same_is_one_box(tmp_path: Path) -> None:
    moved = (44.0, 82.0, 84.0, 182.0)
    stage = SeveralStage(
        tmp_path,
        one=FixedDetector(found((WALKER, 0, 0.7)), name="one"),
        two=FixedDetector(found((moved, 1, 0.9), (BESIDE, 0, 0.6)), labels=("car", "person")),
    )
    stage.begin(stage.use("one"), stage.use("two"))

    # Another label is another object
    assert {(each.label, each.box) for each in stage.look(CONFIRM_HITS).objects} == {
        ("person", moved),
        ("car", BESIDE),
    }
    assert len({fact.track for fact in stage.told()}) == 2

    # When the other takes its place, it is the track that it was
    assert isinstance(stage.detectors["two"], FixedDetector)
    before = stage.look().objects[0].track
    stage.detectors["two"].found = found()
    assert stage.look().objects[0].track == before


def test_what_does_not_count_hides_nothing_that_does(tmp_path: Path) -> None:
    stage = SeveralStage(
        tmp_path,
        strict=FixedDetector(found((WALKER, 0, 0.55)), name="strict"),
        kind=FixedDetector(found((WALKER, 0, 0.5)), name="kind"),
    )
    stage.begin(stage.use("strict", min_confidence=0.6), stage.use("kind", min_confidence=0.3))

    assert [each.confidence for each in stage.look().objects] == [0.5]


def test_what_is_missing_is_named_and_the_others_look(tmp_path: Path) -> None:
    stage = SeveralStage(tmp_path, people=FixedDetector(found((WALKER, 0, 0.9)), name="people"))
    away = str(tmp_path / "away.onnx")
    stage.begin(stage.use("people"), ModelUse(model=away))

    assert [each.label for each in stage.look().objects] == ["person"]
    status = stage.status()
    assert status.recogniser == "people"
    assert status.error == f"{away}: the file cannot be read: No such file or directory"


def test_the_basic_recogniser_stands_in_only_where_no_model_looks(tmp_path: Path) -> None:
    people = FixedDetector(found((WALKER, 0, 0.9)), name="people")
    stage = SeveralStage(tmp_path, people=people)
    away = ModelUse(model="/nowhere/a.onnx"), ModelUse(model="/nowhere/b.onnx")
    stage.begin(*away)
    stage.look()
    status = stage.status()
    assert status.recogniser == "basic recogniser"
    assert status.error is not None
    assert status.error.count("the file cannot be read") == 2

    # It may be one of several, too
    stage.begin(stage.use("basic"), stage.use("people"))
    stage.look()
    assert stage.status().recogniser == "basic recogniser + people"


def test_a_model_that_fails_on_a_frame_is_refused_alone(tmp_path: Path) -> None:
    good = FixedDetector(found((WALKER, 0, 0.9)), name="good")
    bad = FixedDetector(found(), name="bad", error=ModelInvalid("it does not run"))
    stage = SeveralStage(tmp_path, good=good, bad=bad)
    stage.begin(stage.use("good"), stage.use("bad"))

    stage.write(CAMERA, 1, a_picture())
    stage.worker.run_once()
    assert stage.detections.read([CAMERA]) == {}
    stage._sequence = 1

    assert [each.label for each in stage.look().objects] == ["person"]
    status = stage.status()
    assert (status.recogniser, status.error) == ("good", f"{tmp_path}/bad.onnx: it does not run")


def test_a_label_that_a_model_does_not_have_is_said(tmp_path: Path) -> None:
    stage = SeveralStage(tmp_path, people=FixedDetector(found((WALKER, 0, 0.9)), name="people"))
    stage.begin(stage.use("people", "persn", "car"))

    assert stage.look().objects == ()
    error = stage.status().error
    assert error == f"{tmp_path}/people.onnx: it has no label persn; it has person, car"


def test_a_camera_of_whose_labels_no_model_has_any_is_looked_at_and_that_is_said(
    tmp_path: Path,
) -> None:
    stage = SeveralStage(tmp_path, people=FixedDetector(found((WALKER, 0, 0.9)), name="people"))
    stage.begin(stage.use("people", "persn"))

    assert stage.look().objects == ()
    assert "it has no label persn" in (stage.status().error or "")


def test_cameras_share_what_they_both_name(tmp_path: Path) -> None:
    stage = SeveralStage(
        tmp_path,
        people=FixedDetector(found(), name="people"),
        plates=FixedDetector(found(), name="plates"),
    )
    one = a_basic_camera(CAMERA, models=(stage.use("people"), stage.use("plates")))
    other = a_basic_camera(OTHER_CAMERA, models=(stage.use("people", "car"),))
    stage.configure(one, other)
    wait_until(lambda: stage.recognisers.are_ready([one, other]))

    assert stage.recognisers.of(other).detector is stage.detectors["people"]
    assert sorted(stage.loaded) == ["people", "plates"]
    # And what looks is the same from frame to frame, so that nothing is forgotten
    assert stage.recognisers.of(one).detector is stage.recognisers.of(one).detector


LABELS = ("person", "car")


def detections() -> st.SearchStrategy[Detections]:
    def of(count: int) -> st.SearchStrategy[Detections]:
        return st.builds(
            lambda low, size, confidence, class_id: Detections(
                np.concatenate([low, low + size], axis=1), confidence, class_id
            ),
            arrays.arrays(np.float32, (count, 2), elements=st.integers(0, 40).map(float)),
            arrays.arrays(np.float32, (count, 2), elements=st.integers(1, 40).map(float)),
            arrays.arrays(np.float32, count, elements=st.floats(0.0625, 1, width=32)),
            arrays.arrays(np.int64, count, elements=st.integers(0, len(LABELS) - 1)),
        )

    return st.integers(0, 6).flatmap(of)


@given(one=detections(), two=detections())
def test_of_two_models_boxes_of_one_label_overlap_little_and_no_others_are_touched(
    one: Detections, two: Detections
) -> None:
    bounds = Bounds.joined([Bounds.of(LABELS, min_confidence=least) for least in (0.3, 0.6)])
    group = DetectorGroup([FixedDetector(one), FixedDetector(two)], bounds=bounds)

    left = group.detect(a_blank())

    is_first = left.class_id < len(LABELS)
    kept = [left.take(is_first), left.take(~is_first)]
    same = (kept[0].class_id[:, None] % 2) == (kept[1].class_id % 2)
    assert not (same & (iou_of(kept[0].xyxy, kept[1].xyxy) > MAX_IOU)).any()
    # What is gone has a twin that stayed, which counts if it did, and is as sure
    for found_, other, offset, least in ((one, kept[1], 0, 0.3), (two, kept[0], 2, 0.6)):
        mine = kept[0] if offset == 0 else kept[1]
        for row in range(len(found_)):
            is_there = (mine.xyxy == found_.xyxy[row]).all(axis=1)
            is_there &= mine.class_id == found_.class_id[row] + offset
            if is_there.any():
                continue
            twin = (iou_of(found_.xyxy[row : row + 1], other.xyxy)[0] > MAX_IOU) & (
                other.class_id % 2 == found_.class_id[row]
            )
            assert twin.any()
            if found_.confidence[row] >= np.float32(least):
                assert bounds.sure(other)[twin].any()


def a_blank() -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    return np.zeros((96, 96, 3), np.uint8)


def test_bounds_are_of_each_class() -> None:
    bounds = Bounds.joined(
        [
            Bounds.of(("person", "car"), min_confidence=0.5, wanted=("car",)),
            Bounds.of(("person",), min_confidence=0.25),
        ]
    )
    boxes = found((WALKER, 0, 0.5), (WALKER, 1, 0.49), (WALKER, 2, 0.25))

    assert bounds.labels == ("person", "car", "person")
    assert bounds.sure(boxes).tolist() == [True, False, True]
    assert bounds.wants(boxes).tolist() == [False, True, True]


def test_keypoints_that_disagree_with_the_rows_are_refused() -> None:
    boxes = found((WALKER, 0, 0.5))
    with pytest.raises(ValueError, match="1 rows, keypoints are"):
        Detections(boxes.xyxy, boxes.confidence, boxes.class_id, np.zeros((2, 17, 3), np.float32))


def test_joined_detections_have_the_keypoints_that_they_had() -> None:
    boxes = found((WALKER, 0, 0.5))
    posed = Detections(
        boxes.xyxy, boxes.confidence, boxes.class_id, np.ones((1, 17, 3), np.float32)
    )

    joined = Detections.joined([boxes, posed])

    assert [len(joined.keypoints_of(row)) for row in (0, 1)] == [0, 17]
    assert joined.keypoints_of(1).min() == 1
    assert Detections.joined([boxes, boxes]).keypoints is None
