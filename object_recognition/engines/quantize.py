"""Calibrates a model for whole numbers, on pictures of the site that it is to look at."""

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import numpy as np
import openvino

from object_recognition.detection import ImageBgr
from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.openvino import OpenVinoRuntime
from object_recognition.engines.runtime import Floats, first_line
from object_recognition.ir_archive import write_archive
from vigil.errors import ModelInvalid

#: What a quantised file says of itself, as the one that it was made of did.
_KEPT = ("names", "task", "kpt_shape", "license", "author", "description")


def quantize(path: Path, frames: Iterable[ImageBgr], into: Path) -> None:
    """Write a calibrated archive of a model.

    Args:
        path: An ONNX file, or an archive of OpenVINO's two.
        frames: What it will be shown, a hundred or more; each is looked at once.
        into: The archive.

    Raises:
        ModelInvalid: The model cannot be read, or not be calibrated.
        ModuleNotFoundError: NNCF is not installed.
    """
    # Nobody is told what runs here.
    os.environ["NNCF_CI"] = "1"
    # Seconds to import, and only here of use.
    import nncf  # noqa: PLC0415

    nncf.set_log_level(logging.ERROR)
    runtime = OpenVinoRuntime(path, threads=os.cpu_count() or 1, precise=True)
    detector = ModelDetector(runtime, name=path.stem)
    tensors = list(_tensors(detector, frames))
    model = runtime.read()
    spared = sorted(_tail_of(model) | _gates_of(model))
    own_shape = model.input().partial_shape
    if detector.follows_aspect:
        model.reshape([1, 3, -1, -1])
    try:
        # Its progress is for people, and stdout is for figures.
        with redirect_stdout(sys.stderr):
            calibrated = nncf.quantize(
                model,
                nncf.Dataset(tensors),
                # Zeros in the middle: a convolution takes a fifth longer where zero is another
                # number. What that costs of precision, exact biases give back.
                preset=nncf.QuantizationPreset.PERFORMANCE,
                fast_bias_correction=False,
                subset_size=len(tensors),
                ignored_scope=nncf.IgnoredScope(names=spared, validate=False),
            )
    except _errors_of(nncf.errors) as error:
        raise ModelInvalid(f"the model cannot be calibrated: {first_line(error)}") from error
    calibrated.reshape(own_shape)
    for key in _KEPT:
        if key in runtime.metadata:
            calibrated.set_rt_info(runtime.metadata[key], ["model_info", key])
    with TemporaryDirectory(dir=into.parent) as folder:
        xml = Path(folder) / "model.xml"
        openvino.save_model(calibrated, xml, compress_to_fp16=False)
        write_archive(xml, into)


def _errors_of(module: ModuleType) -> tuple[type[Exception], ...]:
    """Return what NNCF raises, which has no root of its own, and what OpenVINO does."""
    known = [each for each in vars(module).values() if isinstance(each, type)]
    return (RuntimeError, *(each for each in known if issubclass(each, Exception)))


def _tensors(detector: ModelDetector, frames: Iterable[ImageBgr]) -> Iterator[Floats]:
    for frame in frames:
        # A copy: the letterbox fills the same buffer again.
        yield detector.input_of(frame).copy()


def _tail_of(model: openvino.Model) -> set[str]:
    """Return what makes boxes of the last convolutions: coordinates need more than 256 steps."""
    tail: set[str] = set()
    ahead = [result.input_value(0).get_node() for result in model.get_results()]
    while ahead:
        node = ahead.pop()
        name = node.get_friendly_name()
        if name in tail or _is_learned(node):
            continue
        tail.add(name)
        ahead += [value.get_node() for value in node.input_values()]
    return tail


def _gates_of(model: openvino.Model) -> set[str]:
    """Return what multiplies a value with its own sigmoid (SiLU).

    The CPU does that within the convolution before it, unless the two are quantised apart.
    """
    gates = set()
    for node in model.get_ops():
        if node.get_type_name() != "Multiply":
            continue
        inputs = [value.get_node() for value in node.input_values()]
        for gate, other in (inputs, inputs[::-1]):
            is_sigmoid = gate.get_type_name() == "Sigmoid"
            if is_sigmoid and gate.input_value(0).get_node() == other:
                gates |= {node.get_friendly_name(), gate.get_friendly_name()}
    return gates


def _is_learned(node: openvino.Node) -> bool:
    """Return whether a node is a convolution, but for the one that only takes a mean (DFL)."""
    if node.get_type_name() not in {"Convolution", "GroupConvolution", "MatMul"}:
        return False
    weights = node.input_value(1).get_node()
    if weights.get_type_name() != "Constant":
        return True
    values = np.ravel(weights.data)
    return not np.array_equal(values, np.arange(len(values)))
