"""Model files on ONNX Runtime."""

import mmap
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from object_recognition.engines.providers import (
    ORT_ERRORS,
    Provider,
    SessionOptions,
    known_providers,
    open_session,
)
from object_recognition.engines.runtime import Floats, Infer, Tensor, first_line, fixed_wh_of
from vigil.errors import ModelInvalid


class OnnxRuntime:
    """An ONNX file on ONNX Runtime, on the best provider that can be had.

    Args:
        path: The file.
        threads: How many work at one inference on the CPU.
        providers: To try, best first; None: those that the build knows, without TensorRT, which
            takes minutes to build what batches alone pay for.

    Raises:
        ModelInvalid: It cannot be loaded, or is not fed with one picture.
    """

    can_reshape = False

    def __init__(
        self,
        path: Path,
        *,
        threads: int,
        providers: Sequence[Provider] | None = None,
    ) -> None:
        if providers is None:
            providers = [each for each in known_providers() if each is not Provider.TENSORRT]
        self._session, self.provider = open_session(
            str(path), providers, SessionOptions(threads=threads)
        )
        self.name = self.provider.words
        inputs = [
            Tensor(each.name, each.type, each.type == "tensor(float)", each.shape)
            for each in self._session.get_inputs()
        ]
        self.fixed_wh = fixed_wh_of(inputs, output_count=len(self._session.get_outputs()))
        self._input_name = inputs[0].name
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    @property
    def is_on_gpu(self) -> bool:
        """Whether it computes on a GPU."""
        return self.provider is not Provider.CPU

    def at(self, _input_wh: tuple[int, int]) -> Infer:
        """Return the inference: one session takes each size that its file allows."""
        return self._infer

    def _infer(self, tensor: Floats) -> Floats:
        try:
            output = self._session.run(None, {self._input_name: tensor})[0]
        except ORT_ERRORS as error:
            raise ModelInvalid(f"the model does not run: {first_line(error)}") from error
        return np.asarray(output, np.float32)


def has_gpu_provider() -> bool:
    """Return whether this build of the runtime knows NVIDIA's GPUs."""
    return Provider.CUDA in known_providers()


def was_quantized_dynamically(path: Path) -> bool:
    """Return whether a file counts in whole numbers whose scale each frame decides anew.

    Which engine does that faster differs from model to model, by a factor of two.
    """
    with path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(b"DynamicQuantizeLinear") >= 0
