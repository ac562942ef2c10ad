"""The shelf's thread outlives trouble with a disk, and ends its process with a bug."""

from pathlib import Path

import pytest

from tests.recognition.stage import FixedDetector, Stage, seen
from tests.waiting import wait_until


def test_a_disk_in_trouble_is_told_of_and_tried_again(tmp_path: Path) -> None:
    model = tmp_path / "mine.onnx"
    model.write_bytes(b"a model")
    in_the_way = tmp_path / "models"
    in_the_way.touch()
    stage = Stage(tmp_path, detector=FixedDetector(seen()))
    stage.shelf.get(str(model))
    stage.shelf.start()
    wait_until(lambda: stage.shelf.get(str(model))[1] is not None)
    assert "cannot be kept" in str(stage.shelf.get(str(model))[1])

    in_the_way.unlink()
    stage.clock.advance(10)

    wait_until(lambda: stage.shelf.get(str(model))[0] is not None)
    assert not stage.stop.is_set()
    stage.stop.set()
    stage.shelf.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_ends_the_process(tmp_path: Path) -> None:
    # Given a loader that raises what nobody expects: this stage has no detector to hand out
    model = tmp_path / "mine.onnx"
    model.write_bytes(b"a model")
    stage = Stage(tmp_path, detector=None)
    stage.shelf.get(str(model))

    stage.shelf.start()

    wait_until(stage.stop.is_set)
    stage.shelf.close()
