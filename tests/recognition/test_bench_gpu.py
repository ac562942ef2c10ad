"""The program that measures a GPU: what it says without one, and that it runs to its end."""

from pathlib import Path

import numpy as np
import pytest

from bench.gpu import main
from object_recognition.engines.nvidia import why_no_gpu
from object_recognition.picture import encoded
from tests.recognition.onnx_files import write_grid_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_grid_model(tmp_path / "grid.onnx", size=128)


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(3):
        image = np.full((720, 1280, 3), 40 * number, np.uint8)
        (folder / f"{number}.jpg").write_bytes(encoded(image, quality=85))
    return folder


@pytest.mark.skipif(why_no_gpu() is None, reason="this machine has a GPU")
def test_each_thing_that_is_missing_has_its_sentence(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "RESULTS.md"

    assert main(["--model", str(model), "--output", str(output)]) == 2

    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("bench-gpu: no NVIDIA driver is installed: ")
    assert said[1] == (
        "bench-gpu: this ONNX Runtime knows CPUs alone: onnxruntime-gpu must stand in its place"
    )
    # Some of CUDA's libraries may be here, for other packages
    assert said[2].startswith("bench-gpu: CUDA is not whole: lib")
    assert "cannot be loaded: " in said[2]
    assert said[3:] == ["bench-gpu: nothing was measured"]
    assert not output.exists()


def test_a_model_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VIGIL_DATA_DIR", raising=False)

    assert main(["--device", "cpu"]) == 2

    assert "no model: name one with --model" in capsys.readouterr().err


def test_without_a_gpu_it_runs_to_its_end_and_says_that_it_had_none(
    model: Path, frames: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "RESULTS.md"
    options = ["--model", str(model), "--frames", str(frames), "--output", str(output)]

    assert main([*options, "--device", "cpu", "--batch-max", "4", "--seconds", "0.3"]) == 0

    text = output.read_text()
    assert text == capsys.readouterr().out[: len(text)]
    assert "GPU: NONE, a CPU did it all" in text
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    whats = [line.split("|")[2].strip() for line in lines]
    assert whats[1:] == [
        "JPEGs decoded by",
        "batches of 1",
        "batches of 2",
        "batches of 4",
        "ms a frame in batches of 4",
        "720p cameras at 5 fps, 95 % within 200 ms, no frame skipped",
        "the annotated picture, on a core of the CPU",
    ]


def test_a_model_that_takes_no_batches_is_told_of(
    tmp_path: Path, frames: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "none.onnx").write_bytes(b"none")
    options = ["--model", str(tmp_path / "none.onnx"), "--frames", str(frames)]

    assert main([*options, "--device", "cpu"]) == 0

    assert "| none | not measured | the file is no ONNX model: " in capsys.readouterr().out


def test_pictures_of_another_size_are_refused(model: Path, tmp_path: Path) -> None:
    (tmp_path / "small.jpg").write_bytes(encoded(np.zeros((64, 64, 3), np.uint8), quality=85))

    with pytest.raises(SystemExit, match="must hold JPEGs of 1280x720 and no others"):
        main(["--model", str(model), "--frames", str(tmp_path), "--device", "cpu"])
