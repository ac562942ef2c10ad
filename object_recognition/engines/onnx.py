"""Model files on ONNX Runtime."""

import mmap
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from object_recognition.engines.runtime import Floats, Infer, Tensor, first_line, fixed_wh_of
from vigil.errors import ModelInvalid

#: What the runtime raises, without a root of its own; each version knows more.
_ORT_ERRORS = tuple(
    each
    for each in vars(ort_errors).values()
    if isinstance(each, type) and issubclass(each, Exception)
)
_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class OnnxRuntime:
    """An ONNX file on ONNX Runtime, on the GPU where its build knows one.

    Args:
        path: The file.
        threads: How many work at one inference.

    Raises:
        ModelInvalid: It cannot be loaded, or is not fed with one picture.
    """

    can_reshape = False

    def __init__(self, path: Path, *, threads: int) -> None:
        self._session = _open(path, threads=threads)
        # What it really runs on: a GPU's libraries may be missing.
        is_on_gpu = _CUDA in self._session.get_providers()
        self.name = "ONNX Runtime CUDA" if is_on_gpu else "ONNX Runtime"
        inputs = [
            Tensor(each.name, each.type, each.type == "tensor(float)", each.shape)
            for each in self._session.get_inputs()
        ]
        self.fixed_wh = fixed_wh_of(inputs, output_count=len(self._session.get_outputs()))
        self._input_name = inputs[0].name
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def at(self, _input_wh: tuple[int, int]) -> Infer:
        """Return the inference: one session takes each size that its file allows."""
        return self._infer

    def _infer(self, tensor: Floats) -> Floats:
        try:
            output = self._session.run(None, {self._input_name: tensor})[0]
        except _ORT_ERRORS as error:
            raise ModelInvalid(f"the model does not run: {first_line(error)}") from error
        return np.asarray(output, np.float32)


def has_cuda() -> bool:
    """Return whether this build of the runtime knows NVIDIA's GPUs."""
    return _CUDA in onnxruntime.get_available_providers()


def was_quantized_dynamically(path: Path) -> bool:
    """Return whether a file counts in whole numbers whose scale each frame decides anew.

    Which engine does that faster differs from model to model, by a factor of two.
    """
    with path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(b"DynamicQuantizeLinear") >= 0


def _open(path: Path, *, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads take the cores that the decoders need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    # Best first; only the runtime of the GPU image knows CUDA.
    providers = [_CUDA, _CPU] if has_cuda() else [_CPU]
    try:
        return onnxruntime.InferenceSession(str(path), sess_options=options, providers=providers)
    except _ORT_ERRORS as error:
        raise ModelInvalid(f"the file is no ONNX model: {first_line(error)}") from error
