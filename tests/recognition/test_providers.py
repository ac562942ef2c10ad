"""What computes is the best that can be had, and why it is not a better one is said."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from structlog.testing import capture_logs

from object_recognition.engines import choice
from object_recognition.engines.choice import engines_for
from object_recognition.engines.engine import Engine, openvino_version
from object_recognition.engines.nvidia import missing_library, why_no_gpu
from object_recognition.engines.onnx import OnnxRuntime
from object_recognition.engines.providers import (
    Profile,
    Provider,
    SessionOptions,
    known_providers,
    open_session,
    why_unavailable,
)
from tests.recognition.onnx_files import write_grid_model
from vigil.errors import ModelInvalid

OPTIONS = SessionOptions(threads=1)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_grid_model(tmp_path / "grid.onnx", size=128)


def test_what_cannot_be_had_is_told_of_each_and_the_cpu_computes(model: Path) -> None:
    reasons = {Provider.TENSORRT: "no libnvinfer.so.10", Provider.CUDA: "no driver"}

    with capture_logs() as logs:
        session, provider = open_session(
            str(model), list(Provider), OPTIONS, why_not=reasons.__getitem__
        )

    assert provider is Provider.CPU
    assert session.get_providers() == ["CPUExecutionProvider"]
    assert [(each["event"], each["provider"], each["reason"]) for each in logs] == [
        ("provider_unavailable", "TensorrtExecutionProvider", "no libnvinfer.so.10"),
        ("provider_unavailable", "CUDAExecutionProvider", "no driver"),
    ]


@pytest.fixture
def without_a_word(monkeypatch: pytest.MonkeyPatch) -> list[list[tuple[str, object]]]:
    """The runtime leaves out what it has not, as it does when a library fails to load."""
    asked: list[list[tuple[str, object]]] = []
    made = onnxruntime.InferenceSession

    def session(
        path: str, sess_options: onnxruntime.SessionOptions, providers: list[tuple[str, object]]
    ) -> onnxruntime.InferenceSession:
        asked.append(list(providers))
        return made(path, sess_options=sess_options, providers=["CPUExecutionProvider"])

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    return asked


def test_a_runtime_that_goes_on_without_a_provider_is_found_out(
    model: Path, without_a_word: list[list[tuple[str, object]]]
) -> None:
    with capture_logs() as logs:
        _, provider = open_session(str(model), list(Provider), OPTIONS, why_not=lambda _: None)

    assert provider is Provider.CPU
    assert [each["reason"] for each in logs] == ["the runtime went on without it"] * 2
    assert [[name for name, _ in each] for each in without_a_word] == [
        ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"],
        ["CUDAExecutionProvider", "CPUExecutionProvider"],
        ["CPUExecutionProvider"],
    ]


def test_tensorrt_builds_one_engine_for_all_batches_and_keeps_it(
    model: Path, tmp_path: Path, without_a_word: list[list[tuple[str, object]]]
) -> None:
    profile = Profile("images", (640, 384), batch_max=32)
    options = SessionOptions(threads=1, cache=tmp_path)

    with capture_logs():
        open_session(
            str(model), [Provider.TENSORRT], options, profile=profile, why_not=lambda _: None
        )

    assert without_a_word[0][0] == (
        "TensorrtExecutionProvider",
        {
            "trt_fp16_enable": "True",
            "trt_engine_cache_enable": "True",
            "trt_engine_cache_path": str(tmp_path),
            "trt_timing_cache_enable": "True",
            "trt_timing_cache_path": str(tmp_path),
            "trt_profile_min_shapes": "images:1x3x384x640",
            "trt_profile_opt_shapes": "images:32x3x384x640",
            "trt_profile_max_shapes": "images:32x3x384x640",
        },
    )


def test_a_file_that_nothing_takes_is_refused_with_the_reason_of_the_cpu() -> None:
    with pytest.raises(ModelInvalid, match="the file is no ONNX model: "):
        open_session(b"no model", [Provider.CPU], OPTIONS)


def test_a_build_for_cpus_says_that_it_is_one() -> None:
    assert known_providers() == [Provider.CPU]
    assert why_unavailable(Provider.CPU) is None
    assert why_unavailable(Provider.CUDA) == (
        "this build of ONNX Runtime knows no CUDAExecutionProvider; onnxruntime-gpu does"
    )


@pytest.mark.skipif(why_no_gpu() is None, reason="this machine has a GPU")
def test_a_machine_without_a_gpu_says_what_is_missing() -> None:
    reason = why_no_gpu()

    assert reason is not None
    assert "NVIDIA driver" in reason


def test_a_library_that_is_not_there_is_named() -> None:
    reason = missing_library(("libc.so.6", "libof-nobody.so.9"))

    assert reason is not None
    assert reason.startswith("libof-nobody.so.9 cannot be loaded: ")
    assert missing_library(("libc.so.6",)) is None


def test_a_library_is_found_in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a package nvidia whose wheel has a library that no loader would find
    library = tmp_path / "nvidia" / "cu13" / "lib" / "libof-a-wheel.so.1"
    library.parent.mkdir(parents=True)
    library.touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    # Then that one is tried: it is too short to be a library
    reason = missing_library(("libof-a-wheel.so.1",))
    assert reason is not None
    assert f"{library}: file too short" in reason


def pretending_cuda(monkeypatch: pytest.MonkeyPatch, why: Callable[[], str | None]) -> None:
    monkeypatch.setattr(choice, "has_gpu_provider", lambda: True)
    monkeypatch.setattr(choice, "why_unavailable", lambda _: why())


@pytest.mark.skipif(openvino_version() is None, reason="OpenVINO is not installed")
def test_a_gpu_comes_before_openvino_where_it_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    pretending_cuda(monkeypatch, lambda: None)
    assert engines_for("auto") == [Engine.ONNX_RUNTIME, Engine.OPENVINO]

    pretending_cuda(monkeypatch, lambda: "no driver")
    with capture_logs() as logs:
        assert engines_for("auto") == [Engine.OPENVINO, Engine.ONNX_RUNTIME]
    assert logs == [{"event": "gpu_unavailable", "reason": "no driver", "log_level": "warning"}]


def test_a_recogniser_says_what_computes(model: Path) -> None:
    runtime = OnnxRuntime(model, threads=1)

    assert (runtime.name, runtime.provider, runtime.is_on_gpu) == (
        "ONNX Runtime",
        Provider.CPU,
        False,
    )
    assert [each.words for each in Provider] == [
        "ONNX Runtime TensorRT fp16",
        "ONNX Runtime CUDA",
        "ONNX Runtime",
    ]
    zeros = np.zeros((1, 3, 128, 128), np.float32)
    assert runtime.at((128, 128))(zeros).shape == (1, 336, 6)
