"""Six people who come in one after the other are six objects, with the default model."""

from pathlib import Path

import pytest

from bench.footage import data_folder
from object_recognition.replay.report import Report
from tests.replay.test_command import vigil_replay

#: Seconds at which the clip shows one of its six people each, and at which it shows nobody, as
#: somebody saw who looked at it.
EACH_OF_SIX_S = (11.6, 34.8, 58.0, 81.2, 104.4, 130.0)
NOBODY_S = (2.0, 5.8, 46.4, 88.0, 121.8)


@pytest.mark.needs("data")
def test_six_people_are_six_objects(tmp_path: Path) -> None:
    shared = data_folder()
    assert shared is not None

    done = vigil_replay(
        tmp_path,
        shared / "video" / "one-by-one-person-detection.mp4",
        *("--model", shared / "models" / "detect" / "yolox_nano_416.onnx"),
        *("--set", "frame_fps=2"),
        "--json",
    )

    assert done.returncode == 0, done.stderr
    report = Report.model_validate_json(done.stdout)
    people = [each for each in report.account.objects if each.label == "person"]
    there = [
        [each.track for each in people if each.from_s <= at_s <= each.to_s]
        for at_s in EACH_OF_SIX_S
    ]
    assert [len(each) for each in there] == [1] * 6
    assert len({each[0] for each in there}) == len(people) == 6
    for at_s in NOBODY_S:
        assert not [each for each in people if each.from_s <= at_s <= each.to_s]
