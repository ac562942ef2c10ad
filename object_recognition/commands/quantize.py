"""``vigil models quantize``: whole numbers for a model, where that does not blur what it sees."""

from collections.abc import Sequence
from pathlib import Path

from object_recognition.commands.scoring import Score
from object_recognition.detection import Detections, Detector, ImageBgr
from object_recognition.engines.choice import INT8_SUFFIX
from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.openvino import OpenVinoRuntime
from object_recognition.engines.quantize import quantize
from vigil.errors import SetupInvalid

#: Fewer would calibrate for one scene of one day.
LEAST_FRAMES = 20
#: Boxes of this confidence count: what a camera that nobody has set is shown.
_SURE = 0.4
_SAME_IOU = 0.5


def quantized(path: Path, frames: Sequence[ImageBgr], *, name: str, least_agreement: float) -> bool:
    """Put a calibrated sibling beside a model, if it sees what the model sees.

    Every second frame is calibrated on, the others are what both are compared by.

    Args:
        path: The model's file in the store.
        frames: Of the cameras that it is for.
        name: Of the model, for people.
        least_agreement: The F1 that is kept, 0..1.

    Raises:
        SetupInvalid: Too few frames.
        ModelInvalid: The model cannot be calibrated.
    """
    if len(frames) < LEAST_FRAMES:
        raise SetupInvalid(f"{len(frames)} frames are too few: {LEAST_FRAMES} or more are needed")
    into = path.with_suffix(INT8_SUFFIX)
    fresh = into.with_suffix(".part")
    try:
        quantize(path, frames[::2], fresh)
        exact = _detector(path, name, precise=True)
        usual, whole = _detector(path, name), _detector(fresh, name)
        print(f"compared on {len(frames[1::2])} frames with the boxes of {exact.name}")
        _print_agreement(usual, _agreement(exact, usual, frames[1::2]))
        score = _agreement(exact, whole, frames[1::2])
        _print_agreement(whole, score)
        if score.true == 0:
            print("not kept: the model sees nothing on these frames; take frames with something on")
            return False
        if score.f1 < least_agreement:
            print(f"not kept: F1 {score.f1:.3f} is below {least_agreement:g} (--least-agreement)")
            return False
        fresh.replace(into)
    finally:
        fresh.unlink(missing_ok=True)
    print("kept: workers that start from now on use it on OpenVINO; --undo removes it")
    return True


def undone(path: Path) -> bool:
    """Remove a model's calibrated sibling; return whether there was one."""
    sibling = path.with_suffix(INT8_SUFFIX)
    was_there = sibling.exists()
    sibling.unlink(missing_ok=True)
    print("removed; workers that start from now on do without" if was_there else "there is none")
    return was_there


def _detector(path: Path, name: str, *, precise: bool = False) -> ModelDetector:
    return ModelDetector(OpenVinoRuntime(path, threads=1, precise=precise), name=name)


def _agreement(exact: Detector, other: Detector, frames: Sequence[ImageBgr]) -> Score:
    score = Score()
    for frame in frames:
        true, told = _sure(exact.detect(frame)), _sure(other.detect(frame))
        for label in {*true.class_id.tolist(), *told.class_id.tolist()}:
            score.add(
                told.xyxy[told.class_id == label],
                true.xyxy[true.class_id == label],
                min_iou=_SAME_IOU,
            )
    return score


def _sure(seen: Detections) -> Detections:
    return seen.take(seen.confidence >= _SURE)


def _print_agreement(detector: Detector, score: Score) -> None:
    print(
        f"{detector.name}: finds {score.recall:.1%} of {score.true} boxes, "
        f"{score.precision:.1%} of its own are among them, F1 {score.f1:.3f}"
    )
