"""The engines there are, and how each opens a model file."""

from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from object_recognition.checkpoints.convert import MISNAMED, is_checkpoint
from object_recognition.engines.onnx import OnnxRuntime
from object_recognition.engines.providers import Provider
from object_recognition.engines.runtime import Runtime
from object_recognition.ir_archive import is_archive
from vigil.errors import ModelInvalid


class Engine(StrEnum):
    """What executes model files."""

    OPENVINO = "openvino"
    ONNX_RUNTIME = "onnxruntime"


def openvino_version() -> str | None:
    """Return which OpenVINO is installed, or None: it is an extra."""
    try:
        return version("openvino")
    except PackageNotFoundError:
        return None


def open_runtime(
    path: Path,
    engine: Engine,
    *,
    threads: int,
    cache: Path | None = None,
    providers: Sequence[Provider] | None = None,
) -> Runtime:
    """Return a model file on one engine, in this process.

    Args:
        path: The file.
        engine: What is to run it.
        threads: How many work at one inference.
        cache: Where OpenVINO keeps what it compiled.
        providers: What ONNX Runtime may compute on; None: the best.

    Raises:
        ModelInvalid: It is no model that this engine takes.
    """
    if is_checkpoint(path):
        raise ModelInvalid(MISNAMED)
    if engine is Engine.OPENVINO:
        # Only where it is installed, and for who chose it: it costs 180 MB of disk.
        from object_recognition.engines.openvino import OpenVinoRuntime  # noqa: PLC0415

        return OpenVinoRuntime(path, threads=threads, cache=cache)
    if is_archive(path):
        raise ModelInvalid(
            "ONNX Runtime cannot read an OpenVINO model: pip install 'vigil[openvino]', and "
            "INFERENCE_ENGINE=auto"
        )
    return OnnxRuntime(path, threads=threads, providers=providers)
