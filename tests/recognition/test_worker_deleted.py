"""Of a camera that was deleted nothing is left, whatever was away meanwhile."""

from pathlib import Path

from tests.builders import CAMERA
from tests.recognition.stage import Stage, a_basic_camera, a_picture
from tests.recognition.test_quarantine import let_die
from vigil.bus.looks.base import Deaths


def test_a_deleted_camera_leaves_nothing_behind(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera())
    stage.write(CAMERA, 1, a_picture())
    stage.worker.run_once()

    stage.configure()
    stage.worker.run_once()

    assert stage.picture(CAMERA) is None
    assert stage.keeper.held() == {}


def test_a_camera_that_is_deleted_while_its_server_is_away_is_cleared_when_it_is_back(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera())
    stage.write(CAMERA, 1, a_picture())
    stage.worker.run_once()

    stage.recognition.away = frozenset({CAMERA})
    stage.configure()
    for _ in range(2):
        stage.clock.advance(1.0)
        stage.worker.run_once()
    assert stage.keeper.held().keys() == {CAMERA}
    stage.recognition.away = frozenset()
    stage.worker.run_once()

    assert stage.picture(CAMERA) is None
    assert stage.keeper.held() == {}


def test_nobody_knows_any_more_that_workers_died_at_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera())
    let_die(stage, a_picture(250))
    stage.worker.run_once()
    epoch = stage.keeper.held()[CAMERA]
    assert stage.notes.deaths({CAMERA: epoch}, alive=["one"])[CAMERA].count == 1

    stage.configure()
    stage.worker.run_once()

    assert stage.notes.deaths({CAMERA: epoch}, alive=["one"])[CAMERA] == Deaths()
