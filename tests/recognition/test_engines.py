"""The best engine that takes a file runs it, and what it refuses runs on the other."""

import io
import zipfile
from pathlib import Path

import numpy as np
import onnx
import openvino
import pytest
from onnx import helper
from structlog.testing import capture_logs

from object_recognition.checkpoints.convert import CheckpointConverter
from object_recognition.engines import choice
from object_recognition.engines.choice import INT8_SUFFIX, Engines, engines_for
from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.engine import Engine
from object_recognition.engines.probe import probe
from object_recognition.engines.race import race
from object_recognition.ir_archive import write_archive
from object_recognition.models.download import Downloader, Limits
from object_recognition.models.store import ModelStore
from tests.recognition.checkpoint_files import write_shell_of_checkpoint
from tests.recognition.onnx_files import (
    names_of,
    write_endless_model,
    write_grid_model,
    write_model,
)
from vigil.clock import SystemClock
from vigil.errors import ModelInvalid, SetupInvalid
from vigil.runtime import StopSignal

FRAME = np.zeros((128, 128, 3), np.uint8)
FRAME[64:72, 64:72] = 255
OUTPUT = np.zeros((1, 5, 84), np.float32)


def engines(setting: str = "auto", folder: Path | None = None) -> Engines:
    return Engines(engines_for(setting), threads=1, folder=folder)


def sees_the_spot(detector: ModelDetector) -> bool:
    seen = detector.detect(FRAME)
    return bool(seen.confidence[0] > 0.9) and seen.xyxy[0].tolist() == [64, 64, 72, 72]


def an_ir(folder: Path) -> Path:
    """Return the .xml of a small model as OpenVINO keeps it, its .bin beside it."""
    return write_ir(folder, write_grid_model(folder / "grid.onnx", size=128))


def write_ir(folder: Path, onnx: Path) -> Path:
    openvino.save_model(openvino.Core().read_model(onnx), folder / "grid.xml")
    return folder / "grid.xml"


def test_takes_openvino_where_it_is_installed(tmp_path: Path) -> None:
    path = write_grid_model(tmp_path / "m.onnx", size=128)

    with capture_logs() as logs:
        detector = engines().open(path, "grid")

    assert detector.name.startswith("grid, OpenVINO ")
    assert sees_the_spot(detector)
    assert not logs


def test_one_setting_turns_it_off(tmp_path: Path) -> None:
    path = write_grid_model(tmp_path / "m.onnx", size=128)

    assert engines("onnxruntime").open(path, "grid").name == "grid, ONNX Runtime"


def test_a_file_that_openvino_refuses_runs_on_onnx_runtime_and_the_log_says_why(
    tmp_path: Path,
) -> None:
    path = write_model(tmp_path / "m.onnx", OUTPUT, metadata=names_of("cat"), strange=True)
    engines().check(path)

    with capture_logs() as logs:
        detector = engines().open(path, "strange")

    assert detector.name == "strange, ONNX Runtime"
    [line] = logs
    assert (line["event"], line["engine"]) == ("engine_refused_model", Engine.OPENVINO)
    assert "Det" in line["reason"], line["reason"]


def test_a_file_that_both_refuse_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", np.zeros((1, 1000), np.float32))

    with pytest.raises(ModelInvalid, match=r"shape \(1, 1000\)"):
        engines().check(path)


def test_a_crash_of_openvino_is_a_childs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a process in which OpenVINO crashes as soon as it is there
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if 'openvino' in sys.argv or 'openvino' in sys.orig_argv:\n"
        "    os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    path = write_grid_model(tmp_path / "m.onnx", size=128)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    engines().check(path)
    detector = engines().open(path, "grid")

    assert detector.name == "grid, ONNX Runtime"


def test_a_file_is_tried_once_for_each_version_of_openvino(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_grid_model(tmp_path / "m.onnx", size=128)
    engines(folder=tmp_path / "cache").open(path, "grid")

    monkeypatch.setattr(choice, "probe", lambda *_: pytest.fail("tried again"))
    assert sees_the_spot(engines(folder=tmp_path / "cache").open(path, "grid"))


def test_the_engine_that_is_faster_with_a_file_runs_it_and_that_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = quantized(write_grid_model(tmp_path / "m.onnx", size=128))

    def opened(**ms: float) -> str:
        monkeypatch.setattr(
            choice, "race", lambda *_, **__: {Engine(name): at for name, at in ms.items()}
        )
        folder = tmp_path / "cache"
        measuring = Engines(engines_for("auto"), threads=1, folder=folder, measures=True)
        return measuring.open(path, "grid").name

    # By chance alone nothing changes, and where nothing could be measured
    assert opened().startswith("grid, OpenVINO")
    assert opened(openvino=10.0, onnxruntime=9.5).startswith("grid, OpenVINO")
    # It was measured once
    assert opened(openvino=10.0, onnxruntime=1.0).startswith("grid, OpenVINO")

    # Another file has its own
    path = quantized(write_grid_model(tmp_path / "other.onnx", size=128))
    assert opened(openvino=10.0, onnxruntime=8.0) == "grid, ONNX Runtime"
    assert opened(openvino=1.0, onnxruntime=8.0) == "grid, ONNX Runtime"

    # Of one in floats it is known
    path = write_grid_model(tmp_path / "floats.onnx", size=128)
    assert opened(openvino=10.0, onnxruntime=1.0).startswith("grid, OpenVINO")


def quantized(path: Path) -> Path:
    """Have a file count the mean of its frame in whole numbers, beside what it answers."""
    model = onnx.load(path)
    names = ["whole", "scale", "zero_point"]
    model.graph.node.append(helper.make_node("DynamicQuantizeLinear", ["images"], names))
    onnx.save(model, path)
    return path


def test_engines_are_measured_for_real_and_one_that_refuses_is_left_out(tmp_path: Path) -> None:
    both = write_grid_model(tmp_path / "m.onnx", size=128)
    strange = write_model(tmp_path / "s.onnx", OUTPUT, strange=True, metadata=names_of("cat"))
    neither = tmp_path / "none.onnx"
    neither.write_bytes(b"nothing")
    engines_ = [*Engine]

    measured_ms = race(both, engines_, threads=1)

    assert set(measured_ms) == set(engines_)
    assert all(0 < ms < 1000 for ms in measured_ms.values())
    assert set(race(strange, engines_, threads=1)) == {Engine.ONNX_RUNTIME}
    assert race(neither, engines_, threads=1) == {}
    assert race(write_endless_model(tmp_path / "e.onnx"), engines_, threads=1, timeout_s=5) == {}


def test_a_cache_that_cannot_be_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = write_grid_model(tmp_path / "m.onnx", size=128)

    with capture_logs() as logs:
        detector = engines(folder=tmp_path / "file").open(path, "grid")

    assert detector.name.startswith("grid, OpenVINO ")
    assert logs[0]["event"] == "engine_cache_unusable"


def test_a_calibrated_sibling_runs_in_its_place(tmp_path: Path) -> None:
    path = write_grid_model(tmp_path / "m.onnx", size=128)
    write_archive(an_ir(tmp_path), path.with_suffix(INT8_SUFFIX))
    path.write_bytes(b"not looked at")

    assert sees_the_spot(engines().open(path, "grid"))


def test_a_broken_sibling_is_told_of_and_passed_over(tmp_path: Path) -> None:
    path = write_grid_model(tmp_path / "m.onnx", size=128)
    path.with_suffix(INT8_SUFFIX).write_bytes(b"PK\x03\x04 and no more")

    with capture_logs() as logs:
        detector = engines().open(path, "grid")

    assert sees_the_spot(detector)
    assert logs[0]["event"] == "int8_model_refused"


def test_openvinos_two_files_are_kept_as_one(tmp_path: Path) -> None:
    downloader = Downloader(limits=Limits(), clock=SystemClock(), stop=StopSignal())
    store = ModelStore(
        tmp_path / "models",
        downloader=downloader,
        check=engines().check,
        converter=CheckpointConverter(tmp_path, threads=1),
        max_bytes=10**6,
    )

    kept = store.add_file(an_ir(tmp_path))

    assert kept.suffix == ".zip"
    assert kept == store.add_file(tmp_path / "grid.xml")
    detector = engines().open(kept, "grid")
    assert sees_the_spot(detector)
    assert detector.labels == ("bright",)


def test_what_ultralytics_wrote_beside_the_two_is_kept(tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text(
        "license: AGPL-3.0 (https://x)\r\ntask: detect\r\nnames:\r\n  0: a\r\n"
    )
    onnx = write_model(tmp_path / "g.onnx", OUTPUT, metadata=names_of("cat"))
    write_archive(write_ir(tmp_path, onnx), tmp_path / "m.zip")

    detector = engines().open(tmp_path / "m.zip", "cats")

    assert detector.license == "AGPL-3.0 (https://x)"


def test_another_task_beside_the_two_is_refused(tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("task: segment\n")
    xml = write_ir(tmp_path, write_grid_model(tmp_path / "g.onnx", task=""))
    write_archive(xml, tmp_path / "m.zip")

    with pytest.raises(ModelInvalid, match="task is 'segment'"):
        engines().check(tmp_path / "m.zip")


def test_the_first_of_two_files_alone_is_refused(tmp_path: Path) -> None:
    xml = an_ir(tmp_path)
    xml.with_suffix(".bin").unlink()

    with pytest.raises(ModelInvalid, match=r"grid.bin' cannot be read .*an .xml with its .bin"):
        write_archive(xml, tmp_path / "m.zip")


def test_openvinos_own_file_needs_openvino(tmp_path: Path) -> None:
    write_archive(an_ir(tmp_path), tmp_path / "m.zip")

    with pytest.raises(ModelInvalid, match="cannot read an OpenVINO model: pip install"):
        engines("onnxruntime").check(tmp_path / "m.zip")


@pytest.mark.parametrize("setting", ["auto", "onnxruntime"])
def test_a_checkpoint_of_pytorch_is_refused_with_what_to_do(tmp_path: Path, setting: str) -> None:
    path = write_shell_of_checkpoint(tmp_path / "best.onnx")

    with pytest.raises(ModelInvalid, match=r"PyTorch checkpoint.*yolo export model=best.pt"):
        engines(setting).check(path)


@pytest.mark.parametrize("names", [(), ("a.xml",), ("a.xml", "b.xml", "a.bin"), ("readme",)])
def test_other_archives_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in ("first", *names):
            archive.writestr(name, b"<net/>")
    (tmp_path / "m.zip").write_bytes(content.getvalue())

    with pytest.raises(ModelInvalid, match=r"accepted is an archive of one OpenVINO model"):
        engines().check(tmp_path / "m.zip")


def test_a_model_that_never_ends_is_no_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "probe", lambda path, engine: probe(path, engine, timeout_s=2))

    with pytest.raises(ModelInvalid):
        engines().check(write_endless_model(tmp_path / "m.onnx"))


def test_says_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "openvino_version", lambda: None)

    assert engines_for("auto") == [Engine.ONNX_RUNTIME]
    with pytest.raises(SetupInvalid, match=r"not installed: pip install 'vigil\[openvino\]'"):
        engines_for("openvino")
