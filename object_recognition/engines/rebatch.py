"""Models that were exported for one picture at a time, made to take many.

Most exports write the batch of one into the graph, though nothing in it depends on that. Here the
one becomes "as many as come", where a shape says one and its tensor comes from the picture. Whether
that was all is not argued but tried: pictures together must give what each gives alone.
"""

from collections.abc import Callable

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from object_recognition.engines.runtime import Floats
from vigil.errors import ModelInvalid

_BATCH = "batch"
_NO_SHAPE = np.empty(0, np.int64)
#: What together and alone may differ by, of the largest number of the output.
_TOLERANCE = 1e-3


def with_free_batch(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with a batch of any size.

    Args:
        model: With one input and one output, each with the batch first.

    Raises:
        ModelInvalid: The shapes of its tensors cannot be told.
    """
    try:
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    except onnx.shape_inference.InferenceError as error:
        raise ModelInvalid(f"the shapes in its graph are unknown: {error}") from error
    free = onnx.ModelProto()
    free.CopyFrom(model)
    graph = free.graph
    shapes, constants = _shapes(inferred.graph), _constants(graph)
    weights = {each.name for each in graph.initializer}
    # Old exports list the weights among the inputs.
    pictures = next(each for each in graph.input if each.name not in weights)
    from_picture = {pictures.name}
    for number, node in enumerate(graph.node):
        if from_picture.isdisjoint(node.input):
            continue
        from_picture.update(node.output)
        before = shapes.get(node.input[0], ())
        if before[:1] == (1,):
            # A new constant each: the old one may be another node's too.
            graph.initializer.extend(_freed(node, before, constants, name=f"{_BATCH}_{number}"))
    for tensor in (pictures, *graph.output):
        tensor.type.tensor_type.shape.dim[0].dim_param = _BATCH
    # They hold the batch of one, and a runtime works them out anew.
    del graph.value_info[:]
    return free


def _freed(
    node: onnx.NodeProto,
    before: tuple[int, ...],
    constants: dict[str, NDArray[np.int64]],
    *,
    name: str,
) -> list[onnx.TensorProto]:
    """Make a node take any batch; return the constants that it needs for that.

    Args:
        node: Of a tensor whose first dimension is the batch.
        before: The shape of that tensor; 0 where a dimension is any.
        constants: The shapes that the graph has as constants.
        name: What a new constant is called.
    """
    if node.op_type == "Reshape":
        wanted = constants.get(node.input[1], _NO_SHAPE)
        if wanted[:1] == [1]:
            node.input[1] = name
            # 0: as many as the tensor has.
            return [numpy_helper.from_array(np.concatenate([[0], wanted[1:]]), name)]
    if node.op_type == "Resize" and len(node.input) == 4 and 0 not in before:
        wanted = constants.get(node.input[3], _NO_SHAPE)
        if wanted[:1] == [1]:
            node.input[2] = name
            del node.input[3]
            return [numpy_helper.from_array((wanted / np.array(before)).astype(np.float32), name)]
    return []


def require_same_together(together: Callable[[Floats], Floats], input_wh: tuple[int, int]) -> None:
    """Return when pictures in one batch give what each gives alone.

    Args:
        together: The inference of a batch ``(n, 3, H, W)``; raises ModelInvalid.
        input_wh: Width and height of the input.

    Raises:
        ModelInvalid: They do not; the message says by how much.
    """
    rng = np.random.default_rng(1)
    pictures = rng.uniform(0, 1, (3, 3, input_wh[1], input_wh[0])).astype(np.float32)
    # One of them is not like the others, as cameras are not.
    pictures[1] *= np.float32(0.1)
    alone = np.concatenate([together(each[None]) for each in pictures])
    batched = together(pictures)
    if batched.shape != alone.shape:
        raise ModelInvalid(f"three pictures give an output of {batched.shape}, not {alone.shape}")
    apart, most = float(np.abs(batched - alone).max()), float(np.abs(alone).max())
    if not apart <= _TOLERANCE * most:
        raise ModelInvalid(
            f"pictures together give other numbers than alone: {apart:.3g} of {most:.3g} apart"
        )


def _shapes(graph: onnx.GraphProto) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor that has a known one; 0 where a dimension is any."""
    return {
        tensor.name: tuple(each.dim_value for each in tensor.type.tensor_type.shape.dim)
        for tensor in (*graph.input, *graph.value_info, *graph.output)
    }


def _constants(graph: onnx.GraphProto) -> dict[str, NDArray[np.int64]]:
    """Return the shapes that the graph has as constants."""
    found = {
        each.name: numpy_helper.to_array(each)
        for each in graph.initializer
        if each.data_type == onnx.TensorProto.INT64
    }
    for node in graph.node:
        for attribute in node.attribute if node.op_type == "Constant" else ():
            if attribute.name == "value" and attribute.t.data_type == onnx.TensorProto.INT64:
                found[node.output[0]] = numpy_helper.to_array(attribute.t)
        # Exporters share what is equal so.
        if node.op_type == "Identity" and node.input[0] in found:
            found[node.output[0]] = found[node.input[0]]
    return {name: np.atleast_1d(each) for name, each in found.items()}
