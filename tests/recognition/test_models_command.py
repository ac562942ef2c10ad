"""``vigil models``: what an operator types, and is answered."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from object_recognition.engines.choice import INT8_SUFFIX
from tests.recognition.checkpoint_files import write_shell_of_checkpoint
from tests.recognition.file_server import served
from tests.recognition.onnx_files import write_grid_model, write_model


def vigil_models(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vigil", "models", *map(str, arguments)],
        env={**os.environ, "VIGIL_HOME": str(home / "home")},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def spots(folder: Path, count: int) -> Path:
    """Write pictures of one bright spot each, on a dark ground, in another place each."""
    folder.mkdir()
    for number in range(count):
        image = np.full((128, 128, 3), 8 + number % 5, np.uint8)
        x, y = 8 * (number % 15), 8 * (number // 15)
        image[y : y + 8, x : x + 8] = 255
        cv2.imwrite(str(folder / f"{number}.png"), image)
    return folder


def test_a_model_is_tried_described_and_kept(tmp_path: Path) -> None:
    path = write_grid_model(tmp_path / "grid.onnx", size=128)

    done = vigil_models(tmp_path, "add", path)

    assert done.returncode == 0, done.stderr
    assert "grid, OpenVINO" in done.stdout
    assert "128x96 of a 1080p picture, follows the camera's aspect" in done.stdout
    assert "1: bright" in done.stdout
    assert "licence      MIT" in done.stdout
    listed = vigil_models(tmp_path, "list").stdout
    assert str(path) in listed
    # And it is known by its name from then on
    path.unlink()
    assert vigil_models(tmp_path, "check", "grid").returncode == 0


def test_a_model_behind_a_url_is_kept(tmp_path: Path) -> None:
    content = write_grid_model(tmp_path / "grid.onnx", size=128).read_bytes()

    with served(content) as server:
        done = vigil_models(tmp_path, "add", f"{server.url}/best.onnx")

    assert done.returncode == 0, done.stderr
    assert "best, OpenVINO" in done.stdout
    assert f"{server.url}/best.onnx" in vigil_models(tmp_path, "list").stdout


def test_a_check_keeps_nothing(tmp_path: Path) -> None:
    done = vigil_models(tmp_path, "check", write_grid_model(tmp_path / "grid.onnx", size=128))

    assert done.returncode == 0, done.stderr
    assert "no model is kept yet" in vigil_models(tmp_path, "list").stdout


@pytest.mark.parametrize("command", ["add", "check"])
def test_a_bad_file_is_refused_with_the_reason(tmp_path: Path, command: str) -> None:
    path = write_model(tmp_path / "bad.onnx", np.zeros((1, 1000), np.float32))

    done = vigil_models(tmp_path, command, path)

    assert done.returncode == 1
    assert "refused: the output has the shape (1, 1000)" in done.stderr
    assert "no model is kept yet" in vigil_models(tmp_path, "list").stdout


def test_a_name_that_nobody_knows_is_told(tmp_path: Path) -> None:
    done = vigil_models(tmp_path, "check", "best")

    assert done.returncode == 1
    assert "'best' is no file, no URL and no model that is kept" in done.stderr


def test_a_model_is_measured_on_each_engine(tmp_path: Path) -> None:
    done = vigil_models(tmp_path, "bench", write_grid_model(tmp_path / "grid.onnx", size=128))

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("grid, OpenVINO")
    assert lines[1].startswith("grid, ONNX Runtime: ")
    assert lines[2].startswith("chosen: grid, OpenVINO")


def test_a_model_is_calibrated_compared_and_kept(tmp_path: Path) -> None:
    path = write_grid_model(tmp_path / "grid.onnx", size=128)
    frames = spots(tmp_path / "frames", 60)

    done = vigil_models(tmp_path, "quantize", path, "--frames", frames)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "compared on 30 frames with the boxes of grid, OpenVINO fp32" in done.stdout
    assert "grid, OpenVINO INT8: finds " in done.stdout
    assert "grid, OpenVINO INT8" in vigil_models(tmp_path, "check", "grid").stdout
    assert "INT8" in vigil_models(tmp_path, "list").stdout
    assert vigil_models(tmp_path, "quantize", "grid", "--undo").returncode == 0
    assert "INT8" not in vigil_models(tmp_path, "check", "grid").stdout


def test_what_sees_less_than_was_asked_for_is_not_kept(tmp_path: Path) -> None:
    path = write_grid_model(tmp_path / "grid.onnx", size=128)
    frames = spots(tmp_path / "frames", 40)

    done = vigil_models(tmp_path, "quantize", path, "--frames", frames, "--least-agreement", "1.01")

    assert done.returncode == 1
    assert "not kept: F1 " in done.stdout
    assert not list((tmp_path / "home" / "models").glob(f"*{INT8_SUFFIX}"))


@pytest.mark.parametrize(
    ("count", "message"), [(0, "has no picture and no clip"), (19, "19 frames are too few")]
)
def test_too_few_frames_are_told(tmp_path: Path, count: int, message: str) -> None:
    path = write_grid_model(tmp_path / "grid.onnx", size=128)

    done = vigil_models(tmp_path, "quantize", path, "--frames", spots(tmp_path / "f", count))

    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize("command", ["add", "check"])
def test_without_ultralytics_a_checkpoint_gets_the_line_that_installs_it(
    tmp_path: Path, command: str
) -> None:
    done = vigil_models(tmp_path, command, write_shell_of_checkpoint(tmp_path / "best.pt"))

    assert done.returncode == 1
    [said] = done.stderr.splitlines()
    where = tmp_path / "home" / "ultralytics"
    assert said.endswith(f"python3 -m venv {where} && {where}/bin/pip install ultralytics onnx")
