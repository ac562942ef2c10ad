"""A worker whose detector takes many frames gives it many, of many cameras, and loses none."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from object_recognition.detection import Detections, Picture
from object_recognition.look_limit import LookLimit
from tests.builders import a_camera
from tests.masks import a_box
from tests.recognition.stage import FixedDetector, Stage, a_basic_camera, a_picture, seen
from tests.waiting import wait_until
from vigil.camera_document import ModelUse
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import FrameStamp, stamped
from vigil.domain.mask_mark import read_mark
from vigil.errors import FrameInvalid, ModelInvalid

LEFT = (40.0, 80.0, 80.0, 180.0)
CAMERAS = [CameraId(number) for number in range(1, 7)]
BATCH_MAX = 4


@dataclass
class BatchOfFixed(FixedDetector):
    """Sees the same in every frame, and remembers which it saw together."""

    batch_max: int = BATCH_MAX
    batches: list[list[int]] = field(default_factory=list)

    def detect_all(self, pictures: Sequence[Picture]) -> list[Detections | FrameInvalid]:
        found: list[Detections | FrameInvalid] = []
        self.batches.append([])
        for each in pictures:
            try:
                self.batches[-1].append(round(float(each.image_bgr.mean())))
            except FrameInvalid as error:
                found.append(error)
            else:
                found.append(self.found)
        if self.error is not None:
            raise self.error
        return found


def level(camera_id: CameraId, look: int = 0) -> int:
    """Return a grey that tells a camera and one of its frames."""
    return 10 * camera_id + 80 * look


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"a model")
    return a_stage(model)


def a_stage(model: Path, *, limit: LookLimit = nullcontext) -> Stage:
    """Return a worker whose cameras ask for one model."""
    detector = BatchOfFixed(seen(LEFT))
    stage = Stage(model.parent, detector=detector, batch_max=BATCH_MAX, limit=limit)
    stage.configure(*[a_basic_camera(each, recognition=str(model)) for each in CAMERAS])
    stage.shelf.start()
    wait_until(lambda: stage.shelf.get(str(model))[0] is not None)
    return stage


def batches(stage: Stage) -> list[list[int]]:
    assert isinstance(stage.detector, BatchOfFixed)
    return stage.detector.batches


def run_until_idle(stage: Stage) -> None:
    while stage.worker.run_once():
        pass


def warmed(stage: Stage) -> Stage:
    """Let it look at the first camera, so that it knows that its detector takes many."""
    for sequence in (1, 2):
        stage.write(CAMERAS[0], sequence, a_picture(level(CAMERAS[0])))
        run_until_idle(stage)
        stage.clock.advance(0.1)
    batches(stage).clear()
    return stage


def test_frames_of_many_cameras_are_looked_at_together(stage: Stage) -> None:
    warmed(stage)
    stamps = {each: stage.write(each, 3, a_picture(level(each))) for each in CAMERAS}

    assert stage.worker.run_once()
    assert stage.worker.run_once()
    assert not stage.worker.run_once()

    # Then all are shown, no batch is larger than it may be, and who has waited longest is first
    assert batches(stage) == [[20, 30, 40, 50], [60, 10]]
    assert {each: stage.stamp(each) for each in CAMERAS} == stamps
    assert stage.notes._looks == {}


def test_one_frame_is_looked_at_at_once(stage: Stage) -> None:
    warmed(stage)
    stage.write(CAMERAS[2], 2, a_picture(level(CAMERAS[2])))

    assert stage.worker.run_once()

    assert batches(stage) == [[30]]


def test_a_frame_that_came_meanwhile_is_seen_and_the_older_is_counted(stage: Stage) -> None:
    warmed(stage)
    for camera_id in CAMERAS[:2]:
        for sequence in (3, 4, 5):
            stage.write(camera_id, sequence, a_picture(level(camera_id, 1)))

    run_until_idle(stage)

    assert batches(stage) == [[100, 90]]
    stage.clock.advance(1.0)
    stage.worker.run_once()
    assert [stage.statuses.read([each])[each].skipped for each in CAMERAS[:2]] == [2, 0]


def test_a_broken_frame_says_why_and_those_beside_it_are_shown(stage: Stage) -> None:
    warmed(stage)
    whole = {each: stage.write(each, 2, a_picture(level(each))) for each in CAMERAS[1:3]}
    broken = a_picture(level(CAMERAS[3]))
    stage.write(CAMERAS[3], 2, broken[: len(broken) * 2 // 3])

    with capture_logs() as logs:
        run_until_idle(stage)

    assert [len(each) for each in batches(stage)] == [2]
    assert {each: stage.stamp(each) for each in whole} == whole
    assert stage.stamp(CAMERAS[3]) is None
    [told] = [each for each in logs if each["event"] == "frame_skipped"]
    assert told["camera_id"] == CAMERAS[3]
    assert "JPEG" in told["reason"]
    stage.clock.advance(1.0)
    stage.worker.run_once()
    error = stage.statuses.read([CAMERAS[3]])[CAMERAS[3]].error
    assert error == told["reason"]


def test_a_model_that_stops_running_leaves_its_cameras_to_the_basic_recogniser(
    stage: Stage,
) -> None:
    warmed(stage)
    assert isinstance(stage.detector, BatchOfFixed)
    stage.detector.error = ModelInvalid("the model does not run: the device is lost")
    for each in CAMERAS:
        stage.write(each, 3, a_picture())
    with capture_logs() as logs:
        stage.worker.run_once()
    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["model_refused"]

    stamps = {each: stage.write(each, 4, a_picture()) for each in CAMERAS}
    run_until_idle(stage)

    assert {each: stage.stamp(each) for each in CAMERAS} == stamps


def test_a_camera_that_was_lost_costs_the_others_of_its_batch_nothing(stage: Stage) -> None:
    warmed(stage)
    lost = CAMERAS[1]
    stage.recognition.release(lost, epoch=stage.keeper.held()[lost])
    assert stage.recognition.acquire(lost, "two", ttl_s=60, last_seen=Epoch(0))
    stamps = {each: stage.write(each, 2, a_picture(level(each))) for each in CAMERAS[1:4]}

    stage.worker.run_once()

    assert batches(stage) == [[30, 40]]
    assert stage.stamp(lost) is None
    assert {each: stage.stamp(each) for each in CAMERAS[2:4]} == {
        each: stamps[each] for each in CAMERAS[2:4]
    }
    assert lost not in stage.keeper.held()


def test_what_is_looked_at_one_by_one_is_asked_for_one_by_one(tmp_path: Path) -> None:
    # Given a worker on a CPU: a frame that waits for others' looks would be an old one
    stage = Stage(tmp_path, batch_max=BATCH_MAX)
    stage.configure(*map(a_basic_camera, CAMERAS))
    for each in CAMERAS:
        stage.write(each, 1, a_picture())

    shown = []
    while stage.worker.run_once():
        shown.append(sum(stage.stamp(each) is not None for each in CAMERAS))

    assert shown == [1, 2, 3, 4, 5, 6]


def dies_over(stage: Stage, frames: dict[CameraId, bytes], *, member: str) -> None:
    """Let another worker die when it has begun to look at these frames together."""
    epochs = {}
    for camera_id in frames:
        epoch = stage.recognition.acquire(camera_id, member, ttl_s=60, last_seen=Epoch(0))
        assert epoch is not None
        epochs[camera_id] = epoch
    worker = stage.another(member)
    worker.follow(epochs, alive=[member])
    for camera_id, frame in frames.items():
        stamp = FrameStamp(1, 0, epochs[camera_id], 320, 240)
        assert worker.begin(camera_id, stamped(frame, stamp), epoch=epochs[camera_id])
    for camera_id, epoch in epochs.items():
        stage.recognition.release(camera_id, epoch=epoch)


def test_after_a_death_in_a_batch_its_cameras_are_looked_at_alone(stage: Stage) -> None:
    # Given a worker that died over a batch of the first three cameras
    suspects = CAMERAS[:3]
    dies_over(stage, {each: a_picture(level(each)) for each in suspects}, member="dead")
    stamps = {each: stage.write(each, 1, a_picture(level(each, 1))) for each in CAMERAS}
    for _ in range(2):
        run_until_idle(stage)
    batches(stage).clear()

    for each in CAMERAS:
        stamps[each] = stage.write(each, 2, a_picture(level(each, 2)))
    run_until_idle(stage)

    # Then all are seen, the others together
    assert {each: stage.stamp(each) for each in CAMERAS} == stamps
    together = [each for each in batches(stage) if len(each) > 1]
    assert {each for batch in together for each in batch} <= {
        level(each, 2) for each in CAMERAS[3:]
    }
    assert sorted(map(len, batches(stage)))[:3] == [1, 1, 1]
    assert stage.lookers == []


def test_the_one_that_kills_dies_alone_and_the_innocent_stay(stage: Stage) -> None:
    killer, innocent = CAMERAS[0], CAMERAS[1:3]
    dies_over(stage, {each: a_picture(level(each)) for each in (killer, *innocent)}, member="dead")
    # When it kills the next worker too, which looked at it alone
    dies_over(stage, {killer: a_picture(250)}, member="dead too")

    stamps = {each: stage.write(each, 1, a_picture(level(each, 1))) for each in CAMERAS}
    run_until_idle(stage)

    # Then it alone has a process of its own
    assert [each.camera_id for each in stage.lookers] == [killer]
    assert stage.stamp(killer) is None
    assert {each: stage.stamp(each) for each in CAMERAS[1:]} == {
        each: stamps[each] for each in CAMERAS[1:]
    }


def test_a_suspect_is_begun_when_the_batch_before_it_is_done(stage: Stage) -> None:
    """Else its death would be that of all who were looked at in the same turn."""
    dies_over(stage, {CAMERAS[0]: a_picture(level(CAMERAS[0]))}, member="dead")
    warmed_by = CAMERAS[1]
    stage.write(warmed_by, 1, a_picture(level(warmed_by)))
    run_until_idle(stage)
    open_notes: list[set[CameraId]] = []
    assert isinstance(stage.detector, BatchOfFixed)
    detect_all = stage.detector.detect_all

    def noting(pictures: Sequence[Picture]) -> list[Detections | FrameInvalid]:
        open_notes.append({*stage.notes._looks})
        return detect_all(pictures)

    stage.detector.detect_all = noting  # type: ignore[method-assign]
    for each in CAMERAS[:3]:
        stage.write(each, 2, a_picture(level(each, 1)))
    stage.worker.run_once()

    assert open_notes == [{*CAMERAS[1:3]}, {CAMERAS[0]}]


def test_a_batch_is_within_the_limit_of_a_look(tmp_path: Path) -> None:
    # Given a limit that notes how many frames were looked at and shown within it
    model = tmp_path / "model.onnx"
    model.write_bytes(b"a model")
    within: list[tuple[int, int]] = []

    @contextmanager
    def limit() -> Iterator[None]:
        looks, shown = len(batches(limited)), len(limited.boxed.newest(CAMERAS))
        yield
        within.append((len(batches(limited)) - looks, len(limited.boxed.newest(CAMERAS)) - shown))

    limited = a_stage(model, limit=limit)
    warmed(limited)
    within.clear()
    for each in CAMERAS[1:4]:
        limited.write(each, 2, a_picture(level(each)))

    limited.worker.run_once()

    # Then nothing is outside, and each is shown within one of its own
    assert within == [(1, 1), (0, 1), (0, 1)]


def test_several_models_of_one_camera_look_alone_beside_the_batch_of_the_others(
    stage: Stage, tmp_path: Path
) -> None:
    warmed(stage)
    model = str(tmp_path / "model.onnx")
    both = (ModelUse(model=model), ModelUse(model="basic"))
    stage.configure(
        *[a_basic_camera(each, recognition=model) for each in CAMERAS[:3]],
        a_camera(CAMERAS[3], models=both, revision=2),
    )
    assert isinstance(stage.detector, BatchOfFixed)
    stage.detector.levels.clear()
    stamps = {each: stage.write(each, 3, a_picture(level(each))) for each in CAMERAS[:4]}

    run_until_idle(stage)

    # Then one by one with each of its models, and everybody is shown
    assert stage.detector.levels == [level(CAMERAS[3])]
    assert sorted(each for batch in batches(stage) for each in batch) == [10, 20, 30]
    assert {each: stage.stamp(each) for each in CAMERAS[:4]} == stamps
    assert "basic" in stage.worker._records[CAMERAS[3]].recogniser


def test_each_picture_of_a_batch_has_the_mark_of_its_own_masks(stage: Stage) -> None:
    warmed(stage)
    model = stage.configs.cameras[CAMERAS[0]].models
    masked = a_camera(CAMERAS[1], models=model, masks=(a_box(0, 0, 99, 99),), revision=2)
    stage.configure(a_camera(CAMERAS[0], models=model), masked)
    mark = masked.mask_mark
    assert mark is not None
    stage.write(CAMERAS[0], 3, a_picture(level(CAMERAS[0])))
    stage.write(CAMERAS[1], 3, a_picture(level(CAMERAS[1])), mark=mark)

    run_until_idle(stage)

    assert [len(each) for each in batches(stage)] == [2]
    boxed = stage.boxed.newest(CAMERAS)
    assert [read_mark(boxed[each]) for each in CAMERAS[:2]] == [None, mark]
