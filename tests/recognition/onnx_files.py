"""Writes small real ONNX files, whose output is what a test says."""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


def write_model(
    path: Path,
    output: NDArray[np.float32],
    *,
    input_shape: Sequence[int | str] = (1, 3, 64, 64),
    input_type: int = TensorProto.FLOAT,
    metadata: Mapping[str, str] | None = None,
    strange: bool = False,
) -> Path:
    """Write a model that answers every frame with the same output.

    Args:
        path: Where.
        output: What it answers.
        input_shape: Of the frame.
        input_type: Of the frame.
        metadata: What it says of itself.
        strange: Whether it has an operator that ONNX Runtime knows and OpenVINO does not.
    """
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["answer", "nothing"], ["output0"]),
    ]
    if input_type != TensorProto.FLOAT:
        nodes[0] = helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT)
        nodes.insert(1, helper.make_node("ReduceMean", ["floats"], ["mean"], keepdims=0))
    zeros = [numpy_helper.from_array(np.array(0, np.float32), "zero")]
    if strange:
        nodes.insert(0, helper.make_node("Det", ["corner"], ["zero"]))
        zeros = [numpy_helper.from_array(np.zeros((2, 2), np.float32), "corner")]
    graph = helper.make_graph(
        nodes,
        "answer",
        [helper.make_tensor_value_info("images", input_type, list(input_shape))],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, list(output.shape))],
        [
            numpy_helper.from_array(output, "answer"),
            *zeros,
        ],
    )
    return _save(graph, path, metadata)


def write_mean_model(
    path: Path, *, any_batch: bool = False, keypoint: Sequence[float] = ()
) -> Path:
    """Write an end-to-end model whose boxes' confidence is each channel's mean, of 0..1.

    Row k has channel k's mean as confidence, so that a test sees what pixels the model was fed.

    Args:
        path: Where.
        any_batch: Whether it says that it takes many pictures.
        keypoint: Column, row and confidence of a point that each box has; empty: it has none.
    """
    batch = "n" if any_batch else 1
    columns = np.array([[16, 16, 48, 48, 0, 0, *keypoint]] * 3, np.float32)[None]
    place = (np.arange(6 + len(keypoint)) == 4).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Reshape", ["means", "column"], ["standing"]),
        helper.make_node("Mul", ["standing", "place"], ["placed"]),
        helper.make_node("Add", ["boxes", "placed"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, 64, 64])],
        [
            helper.make_tensor_value_info(
                "output0", TensorProto.FLOAT, [batch, 3, 6 + len(keypoint)]
            )
        ],
        [
            numpy_helper.from_array(columns, "boxes"),
            numpy_helper.from_array(place, "place"),
            numpy_helper.from_array(np.array([-1 if any_batch else 1, 3, 1], np.int64), "column"),
        ],
    )
    metadata = {"task": "pose", "kpt_shape": "[1, 3]"} if keypoint else None
    return _save(graph, path, metadata)


def write_grid_model(
    path: Path, *, size: int | str = 64, holds_its_size: bool = False, task: str = "detect"
) -> Path:
    """Write a raw YOLOX of one class whose cells see what is bright, as large as a cell.

    Args:
        path: Where.
        size: Width and height of the input, or a name for any.
        holds_its_size: Whether the graph has the number of its cells inside, as YOLO11's has.
        task: What its metadata says it is for; empty: nothing.
    """
    nodes, weights, flat = [], [], []
    for stride in (8, 16, 32):
        name = f"s{stride}"
        kernel = np.zeros((6, 3, stride, stride), np.float32)
        kernel[4] = 1 / (255 * 3 * stride**2)
        cells = (int(size) // stride) ** 2 if holds_its_size else -1
        weights += [
            numpy_helper.from_array(kernel, f"{name}_kernel"),
            numpy_helper.from_array(np.array([0.5, 0.5, 0, 0, 0, 1], np.float32), f"{name}_bias"),
            numpy_helper.from_array(np.array([1, 6, cells], np.int64), f"{name}_shape"),
        ]
        inputs = ["images", f"{name}_kernel", f"{name}_bias"]
        nodes += [
            helper.make_node("Conv", inputs, [name], strides=[stride, stride]),
            helper.make_node("Reshape", [name, f"{name}_shape"], [f"{name}_flat"]),
        ]
        flat.append(f"{name}_flat")
    nodes += [
        helper.make_node("Concat", flat, ["columns"], axis=2),
        helper.make_node("Transpose", ["columns"], ["output0"], perm=[0, 2, 1]),
    ]
    sides = [size, size] if isinstance(size, int) else [f"{size}_h", f"{size}_w"]
    rows = sum((size // stride) ** 2 for stride in (8, 16, 32)) if isinstance(size, int) else "n"
    graph = helper.make_graph(
        nodes,
        "grid",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, *sides])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, rows, 6])],
        weights,
    )
    metadata = names_of("bright") | {"task": task, "license": "MIT"}
    return _save(graph, path, {key: value for key, value in metadata.items() if value})


def write_endless_model(path: Path) -> Path:
    """Write a model whose loop never ends."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["going_on"]),
            helper.make_node("Add", ["sum", "sum"], ["sum_on"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("going_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum_on", TensorProto.FLOAT, []),
        ],
    )
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
            helper.make_node("Loop", ["turns", "true", "mean"], ["output0"], body=body),
        ],
        "endless",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [])],
        [
            numpy_helper.from_array(np.array(2**62, np.int64), "turns"),
            numpy_helper.from_array(np.array(1, np.bool_), "true"),
        ],
    )
    return _save(graph, path, None)


def names_of(*labels: str) -> dict[str, str]:
    """Return metadata as Ultralytics writes it."""
    written = str(dict(enumerate(labels)))
    assert ast.literal_eval(written)
    return {"names": written, "task": "detect"}


def _save(graph: onnx.GraphProto, path: Path, metadata: Mapping[str, str] | None) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    # The newest onnx writes a version of the format that older runtimes refuse.
    model.ir_version = 8
    helper.set_model_props(model, dict(metadata or {}))
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
