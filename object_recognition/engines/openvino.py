"""Model files on OpenVINO: ONNX files, and OpenVINO's own in an archive."""

from pathlib import Path

import numpy as np
import openvino

from object_recognition.engines.runtime import Floats, Infer, Tensor, first_line, fixed_wh_of
from object_recognition.ir_archive import is_archive, read_archive, read_notes
from vigil.errors import ModelInvalid

_DEVICE = "CPU"
#: Where a file's metadata lies: ONNX's own properties, and what converters write.
_METADATA = ("framework", "model_info")


class OpenVinoRuntime:
    """A model file on the CPU, as precisely as it pays: bf16 where the CPU multiplies that.

    Args:
        path: An ONNX file, or an archive of OpenVINO's two.
        threads: How many work at one inference.
        cache: Folder of compiled models, which start in half the time; None: keep none.
        precise: Whether to compute with 32 bits, whatever the CPU has.

    Raises:
        ModelInvalid: It cannot be loaded, or is not fed with one picture.
    """

    def __init__(
        self, path: Path, *, threads: int, cache: Path | None = None, precise: bool = False
    ) -> None:
        self._path = path
        self._core = openvino.Core()
        capabilities = self._core.get_property(_DEVICE, "OPTIMIZATION_CAPABILITIES")
        precision = "bf16" if "BF16" in capabilities and not precise else "f32"
        self._config: dict[str, object] = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": precision,
            # Each worker would pin itself to the same first core.
            "ENABLE_CPU_PINNING": False,
        }
        if cache is not None:
            self._config["CACHE_DIR"] = str(cache)
        model = self.read()
        is_int8 = any(node.get_type_name() == "FakeQuantize" for node in model.get_ops())
        self.name = f"OpenVINO {'INT8' if is_int8 else precision.replace('f32', 'fp32')}"
        inputs = [_tensor(each) for each in model.inputs]
        self.fixed_wh = fixed_wh_of(inputs, output_count=len(model.outputs))
        self.can_reshape = self.fixed_wh is not None
        notes = read_notes(path) if is_archive(path) else {}
        self.metadata = notes | _metadata_of(model)

    def at(self, input_wh: tuple[int, int]) -> Infer:
        """Return the inference for inputs of one size, compiled for it.

        Of one compiled for any size, bf16 takes a tenth longer and INT8 a third.

        Raises:
            ModelInvalid: The model cannot take it.
        """
        model = self.read()
        try:
            if self.fixed_wh != input_wh:
                model.reshape([1, 3, input_wh[1], input_wh[0]])
        except RuntimeError as error:
            raise ModelInvalid(f"the model cannot be reshaped: {_cause(error)}") from error
        return self._compiled(model)

    def read(self) -> openvino.Model:
        """Return the file's graph.

        Raises:
            ModelInvalid: It cannot be read.
        """
        try:
            if is_archive(self._path):
                xml, weights = read_archive(self._path)
                return self._core.read_model(xml, weights)
            return self._core.read_model(str(self._path))
        except RuntimeError as error:
            raise ModelInvalid(f"OpenVINO cannot read the file: {_cause(error)}") from error

    def _compiled(self, model: openvino.Model) -> Infer:
        try:
            request = self._core.compile_model(model, _DEVICE, self._config).create_infer_request()
        except RuntimeError as error:
            raise ModelInvalid(f"OpenVINO cannot compile the model: {_cause(error)}") from error

        def infer(tensor: Floats) -> Floats:
            try:
                # Shared: both sides see one buffer, and nothing is copied.
                request.set_input_tensor(openvino.Tensor(tensor, shared_memory=True))
                request.infer()
                output = request.get_output_tensor().data
            except RuntimeError as error:
                raise ModelInvalid(f"the model does not run: {_cause(error)}") from error
            return np.asarray(output, np.float32)

        return infer


def _tensor(port: openvino.Output) -> Tensor:
    shape = [each.get_length() if each.is_static else None for each in port.partial_shape]
    name = port.get_any_name() if port.get_names() else "input"
    type_name = port.element_type.get_type_name()
    return Tensor(name, type_name, type_name == "f32", shape)


def _metadata_of(model: openvino.Model) -> dict[str, str]:
    metadata: dict[str, str] = {}
    for section in _METADATA:
        if model.has_rt_info([section]):
            entries = model.get_rt_info([section]).value
            metadata |= {str(key): str(value) for key, value in dict(entries).items()}
    labels = metadata.get("labels")
    if labels and "names" not in metadata:
        # Set apart by spaces, so that those within a label are underscores.
        metadata["names"] = str([each.replace("_", " ") for each in labels.split()])
    return metadata


def _cause(error: RuntimeError) -> str:
    """Return what is wrong, without the lines that say where in its source that was found."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("Exception from", "Check '"))]
    return " ".join(told)[:300] or first_line(error)
