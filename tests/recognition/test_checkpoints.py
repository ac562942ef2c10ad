"""A ``.pt`` is converted once, in a child that knows no secret, and served as any other model."""

import json
import os
import sys
from pathlib import Path

import psutil
import pytest

from bench import ultralytics_env
from object_recognition.checkpoints.convert import CheckpointConverter, is_checkpoint
from object_recognition.engines.choice import Engines, engines_for
from object_recognition.models.download import Downloader, Limits
from object_recognition.models.source import ModelSource
from object_recognition.models.store import ModelStore
from tests.recognition.checkpoint_files import write_checkpoints, write_shell_of_checkpoint
from tests.recognition.file_server import served
from tests.recognition.onnx_files import write_grid_model
from tests.recognition.stage import Stage
from tests.waiting import wait_until
from vigil.clock import SystemClock
from vigil.domain.model_name import names_checkpoint
from vigil.errors import ModelInvalid, ModelUnavailable
from vigil.runtime import StopSignal

MODELS = {
    "poses": {"kind": "PoseModel", "yaml": "yolo11n-pose.yaml", "task": "pose"},
    "classifier": {"kind": "ClassificationModel", "yaml": "yolo11n-cls.yaml", "task": "classify"},
    "endless": {"kind": "evil", "code": "import time; time.sleep(600)"},
    "hungry": {"kind": "evil", "code": "kept = bytearray(4 * 1024**3)"},
    "leaving": {"kind": "evil", "code": "import os; os._exit(0)"},
    "curious": {
        "kind": "evil",
        "code": (
            "import json, os, subprocess, sys;"
            "said = {'environment': dict(os.environ), 'left': subprocess.Popen("
            "[sys.executable, '-c', 'import time; time.sleep(600)']).pid};"
            "open(os.path.join(os.path.dirname(os.path.realpath('model.pt')), 'said.json'), 'w')"
            ".write(json.dumps(said))"
        ),
    },
}
needs_ultralytics = pytest.mark.needs("ultralytics")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_checkpoints(tmp_path_factory.mktemp("checkpoints"), MODELS)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home in which an environment for Ultralytics is, if this machine has one."""
    home = tmp_path / "home"
    home.mkdir()
    if (python := ultralytics_env.found()) is not None:
        (home / "ultralytics").symlink_to(python.parents[1])
    return home


def a_store(home: Path) -> tuple[ModelStore, Engines]:
    engines = Engines(engines_for("auto"), threads=1, folder=None)
    downloader = Downloader(limits=Limits(), clock=SystemClock(), stop=StopSignal())
    store = ModelStore(
        home / "models",
        downloader=downloader,
        check=engines.check,
        converter=CheckpointConverter(home, threads=1),
        max_bytes=10**9,
    )
    return store, engines


@needs_ultralytics
def test_a_checkpoint_is_converted_once_and_then_served_without_pytorch(
    home: Path, checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, engines = a_store(home)

    kept = store.add_file(checkpoints["poses"])

    assert kept.suffix == ".onnx"
    detector = engines.open(kept, "best")
    assert detector.labels == ("cat", "dog")
    assert detector.follows_aspect
    assert detector.input_wh((1920, 1080)) == (640, 384)
    assert detector.license is not None
    assert detector.license.startswith("AGPL-3.0")
    assert detector.keypoint_count == 17
    # The pickle is not kept, and nothing runs it again: neither from a file nor from a URL
    assert sorted(path.suffix for path in (home / "models").iterdir() if path.is_file()) == [
        ".onnx"
    ]
    monkeypatch.setattr(CheckpointConverter, "convert", pytest.fail)
    assert store.add_file(checkpoints["poses"]) == kept
    with served(checkpoints["poses"].read_bytes()) as server:
        assert store.fetch(ModelSource(f"{server.url}/best.pt?v=2")) == kept


@needs_ultralytics
@pytest.mark.parametrize(
    ("name", "timeout_s", "words"),
    [
        ("classifier", 100, "the model's task is 'classify'; accepted are 'detect' and 'pose'"),
        ("endless", 6, "the checkpoint was not converted in 6 s"),
        ("hungry", 100, "Ultralytics cannot convert it: .*MemoryError"),
        ("leaving", 100, "the checkpoint ended its conversion before a model was there"),
    ],
)
def test_a_checkpoint_that_is_no_detector_is_refused_and_leaves_nothing(
    home: Path, checkpoints: dict[str, Path], name: str, timeout_s: float, words: str
) -> None:
    converter = CheckpointConverter(
        home, threads=1, timeout_s=timeout_s, max_memory_bytes=2 * 1024**3
    )

    with pytest.raises(ModelInvalid, match=words):
        converter.convert(checkpoints[name], home / "made.onnx")

    assert [each.name for each in home.iterdir()] == ["ultralytics"]


@needs_ultralytics
def test_a_checkpoint_sees_no_secret_and_leaves_no_process(
    home: Path, checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "a secret of tests")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:s3cret@db/x")

    with pytest.raises(ModelInvalid, match="Ultralytics cannot convert it"):
        CheckpointConverter(home, threads=1).convert(checkpoints["curious"], home / "made.onnx")

    said = json.loads(checkpoints["curious"].with_name("said.json").read_text())
    assert not {"SECRET_KEY", "DATABASE_URL"} & said["environment"].keys()
    assert said["environment"]["YOLO_AUTOINSTALL"] == "false"
    assert said["environment"]["YOLO_OFFLINE"] == "true"
    wait_until(lambda: not is_running(said["left"]))


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_without_ultralytics_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    store, _ = a_store(tmp_path)
    path = write_shell_of_checkpoint(tmp_path / "best.pt")
    sentence = (
        "a .pt is converted by Ultralytics, which is not installed: python3 -m venv "
        f"{tmp_path}/ultralytics && {tmp_path}/ultralytics/bin/pip install ultralytics onnx"
    )

    with pytest.raises(ModelUnavailable) as refused:
        store.add_file(path)
    assert str(refused.value) == sentence

    # And nothing is downloaded in vain
    with served(path.read_bytes()) as server:
        with pytest.raises(ModelUnavailable) as refused:
            store.fetch(ModelSource(f"{server.url}/best.pt"))
        assert server.requests == []
    assert str(refused.value) == sentence


def test_a_camera_says_so_too(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    path = str(write_shell_of_checkpoint(tmp_path / "best.pt"))
    stage.shelf.start()
    stage.shelf.get(path)

    wait_until(lambda: stage.shelf.get(path)[1] is not None)

    _, error = stage.shelf.get(path)
    assert error is not None
    assert error.startswith("a .pt is converted by Ultralytics, which is not installed")


def test_ultralytics_beside_us_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ultralytics").mkdir()
    (tmp_path / "ultralytics" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    assert CheckpointConverter(tmp_path, threads=1).require() == Path(sys.executable)


@pytest.mark.parametrize("name", ["best.onnx", "best", "best.pt.onnx"])
def test_a_checkpoint_under_another_name_runs_nothing(home: Path, name: str) -> None:
    store, _ = a_store(home)
    path = write_shell_of_checkpoint(home / name)

    with pytest.raises(ModelInvalid, match=r"under a name or an address that ends in \.pt"):
        store.add_file(path)
    with (
        served(path.read_bytes()) as server,
        pytest.raises(ModelInvalid, match=r"ends in \.pt, which admins alone"),
    ):
        store.fetch(ModelSource(f"{server.url}/{name}?file=best.pt"))


def test_a_model_that_is_only_called_so_is_taken_as_what_it_is(tmp_path: Path) -> None:
    store, engines = a_store(tmp_path)
    (tmp_path / "ultralytics" / "bin").mkdir(parents=True)
    (tmp_path / "ultralytics" / "bin" / "python").symlink_to(os.devnull)
    path = write_grid_model(tmp_path / "grid.onnx", size=128).rename(tmp_path / "grid.pt")

    assert engines.open(store.add_file(path), "grid").labels == ("bright",)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("/models/best.pt", True),
        ("/models/BEST.PT", True),
        ("https://hub/best.pt", True),
        ("https://hub/best%2Ept?v=2#x", True),
        ("https://hub/best.pt/", True),
        ("best.pt", True),
        ("https://hub/get?file=best.pt", False),
        ("https://hub.pt/best.onnx", False),
        ("/models/best.pt.onnx", False),
        ("/models.pt/best.onnx", False),
        ("https://[broken/best.pt", False),
        ("default", False),
    ],
)
def test_a_checkpoint_is_known_by_the_end_of_its_name(name: str, is_one: bool) -> None:
    assert names_checkpoint(name) is is_one


def test_a_checkpoint_is_known_by_its_content_too(tmp_path: Path) -> None:
    old = tmp_path / "old.pt"
    old.write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")

    assert is_checkpoint(old)
    assert is_checkpoint(write_shell_of_checkpoint(tmp_path / "new.pt"))
    assert not is_checkpoint(write_grid_model(tmp_path / "m.onnx"))
