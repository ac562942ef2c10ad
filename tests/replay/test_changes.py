"""What somebody types changes a camera's settings, or they are told what would be right."""

import pytest

from object_recognition.replay.changes import COMPARABLE, changed, described
from tests.builders import a_camera
from tests.masks import a_box
from vigil.camera_document import CameraConfig, ModelUse, Zone
from vigil.errors import SetupInvalid

DOOR = Zone(points=((0, 0), (50, 0), (50, 90)), name="Door", labels=("person",))


@pytest.fixture
def camera() -> CameraConfig:
    use = ModelUse(model="http://***/best.onnx", sealed="sealed")
    return a_camera(zones=(DOOR,), models=(use,))


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("min_confidence=0.25", {"min_confidence": 0.25}),
        ("frame_fps=2", {"frame_fps": 2.0}),
        ("recognition=basic", {"models": (ModelUse(model="basic"),)}),
        ("time_zone=Asia/Taipei", {"time_zone": "Asia/Taipei"}),
        ("zones=off", {"zones": ()}),
        (
            'zones=[{"points": [[0, 0], [50, 0], [50, 90]], "name": "Door", "labels": ["person"]}]',
            {"zones": (DOOR,)},
        ),
    ],
)
def test_a_setting_is_changed_and_no_other(
    camera: CameraConfig, assignment: str, expected: dict[str, object]
) -> None:
    assert changed(camera, [assignment]) == camera.model_copy(update=expected)


def test_the_last_of_one_name_counts(camera: CameraConfig) -> None:
    other = changed(camera, ["min_confidence=0.1", "frame_fps=1", "min_confidence=0.2"])

    assert (other.min_confidence, other.frame_fps) == (0.2, 1.0)


@pytest.mark.parametrize(
    ("assignment", "match"),
    [
        ("confidence=0.3", r"right is name=value, with one of frame_fps, min_confidence, recog"),
        ("min_confidence", r"right is name=value"),
        ("id=3", r"right is name=value"),
        ("sealed_url=x", r"right is name=value"),
        ("min_confidence=2", r"min_confidence=2: Input should be less than or equal to 1"),
        ("min_confidence=low", r"min_confidence=low: Input should be a valid number"),
        ("min_confidence=nan", r"min_confidence=nan: Input should be a finite number"),
        ("frame_fps=0", r"frame_fps=0: Input should be greater than or equal to 0.01"),
        ("frame_fps=60", r"frame_fps=60: Input should be less than or equal to 30"),
        ("time_zone=Berlin", r"no such time zone; right is Europe/Berlin"),
        ("time_zone=../../etc/passwd", r"no such time zone"),
        ("recognition=off", r"then nothing looks"),
        ("zones=on", r"right is off, or JSON such as \[\{\"points\""),
        ("zones={}", r"right is off, or JSON"),
        ('zones=[{"points": [[0, 0]]}]', r"0\.points: Tuple should have at least 3 items"),
    ],
)
def test_what_is_wrong_is_answered_with_what_would_be_right(
    camera: CameraConfig, assignment: str, match: str
) -> None:
    with pytest.raises(SetupInvalid, match=match):
        changed(camera, [assignment])


def test_nobody_looks_beneath_a_mask() -> None:
    camera = a_camera(masks=(a_box(0, 0, 10, 10),))

    with pytest.raises(SetupInvalid, match="right is name=value"):
        changed(camera, ["masks=off"])
    assert changed(camera, ["zones=off", "min_confidence=0.1"]).masks == camera.masks


@pytest.mark.parametrize("assignment", ["frame_fps=1", "recognition=basic", "time_zone=UTC"])
def test_only_what_shares_the_looks_is_compared(camera: CameraConfig, assignment: str) -> None:
    with pytest.raises(SetupInvalid, match=r"with one of min_confidence, zones$"):
        changed(camera, [assignment], names=COMPARABLE)


def test_settings_are_described_without_secrets(camera: CameraConfig) -> None:
    spoken = camera.model_copy(update={"recognition": "http://me:secret@host/best.onnx"})

    words = described(spoken)

    assert words["zones"] == "1 (Door)"
    assert (words["min_confidence"], words["frame_fps"]) == ("0.4", "5")
    assert "secret" not in words["recognition"]
