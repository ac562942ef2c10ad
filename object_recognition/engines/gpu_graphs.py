"""What comes before and after a model, as graphs: so that they run where the model runs.

They say the same as ``letterbox``, ``layouts`` and ``suppression`` do in numpy, which stays the
measure: tests hold the two side by side.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from object_recognition.engines.layouts import AnchorFreeLayout, Layout, YoloxLayout
from object_recognition.engines.letterbox import PAD

_OPSET = 17
_IR_VERSION = 8
#: Boxes of a picture that are compared with each other, at most: as ``suppression`` has it.
_MAX_CANDIDATES = 3000


class _Graph:
    """A graph in the making: each call adds a node and returns what its output is called."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """Add a constant."""
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def __call__(
        self, operator: str, *inputs: str, outputs: Sequence[str] = (), **attributes: Any
    ) -> str:
        """Add a node."""
        names = list(outputs) or [f"n{len(self._nodes)}"]
        self._nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[0]

    def column(self, tensor: str, begin: int, end: int, *, axis: int) -> str:
        """Take columns begin to end, without the end."""
        bounds = [self.constant([each], np.int64) for each in (begin, end, axis)]
        return self("Slice", tensor, *bounds)

    def model(
        self,
        inputs: Sequence[tuple[str, int, Sequence[int | str]]],
        output: tuple[str, Sequence[int | str]],
    ) -> bytes:
        """Return the model of the graph."""
        graph = helper.make_graph(
            self._nodes,
            "vigil",
            [helper.make_tensor_value_info(*each) for each in inputs],
            [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1])],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = _IR_VERSION
        serialized: bytes = model.SerializeToString()
        return serialized


def letterbox_graph() -> bytes:
    """Return the graph that fits a frame into a model's input.

    Inputs: ``frame (h, w, 3)`` uint8; ``size (4,)`` int64, that of the fitted frame, ``1, 3, h,
    w``; ``pads (8,)`` int64, as Pad has them; ``order (3,)`` int64, which of the frame's channels
    each of the model's is; ``unit`` float, 1 or 1/255. Output: ``tensor (1, 3, H, W)``.
    """
    add = _Graph()
    planes = add("Transpose", "frame", perm=[2, 0, 1])
    planes = add("Gather", planes, "order", axis=0)
    planes = add("Unsqueeze", planes, add.constant([0], np.int64))
    floats = add("Cast", planes, to=TensorProto.FLOAT)
    fitted = add(
        "Resize",
        floats,
        "",
        "",
        "size",
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
    # Whole levels, as a picture has them.
    whole = add("Round", fitted)
    padded = add("Pad", whole, "pads", add.constant(PAD))
    add("Mul", padded, "unit", outputs=["tensor"])
    return add.model(
        [
            ("frame", TensorProto.UINT8, ["h", "w", 3]),
            ("size", TensorProto.INT64, [4]),
            ("pads", TensorProto.INT64, [8]),
            ("order", TensorProto.INT64, [3]),
            ("unit", TensorProto.FLOAT, []),
        ],
        ("tensor", [1, 3, "H", "W"]),
    )


def selection_graph(
    layout: Layout, input_wh: tuple[int, int], *, min_confidence: float, max_iou: float
) -> bytes | None:
    """Return the graph that makes boxes of a model's outputs, one for each object.

    Input: ``output`` float, as the layout says, with any batch. Output: ``found (m, 7 + k)`` float:
    number in the batch, corners in pixels of the input, confidence, class id, and the k numbers of
    the keypoints as the model gives them; a picture's boxes come with the surest first.

    Args:
        layout: How the model lays out what it found.
        input_wh: Width and height of its input.
        min_confidence: Boxes of less are left out.
        max_iou: Boxes of a class that overlap more are one object.

    Returns:
        None where the model's own boxes are already one for each object.
    """
    add, points = _Graph(), list[str]()
    more = 0 if layout.keypoints is None else layout.keypoints.numbers
    match layout:
        case YoloxLayout():
            columns, shape = 5 + (layout.class_count or 0), ["n", "cells", "columns"]
            corners, best, class_id = _of_yolox(add, layout, columns)
        case AnchorFreeLayout():
            columns, shape = 4 + layout.class_count, ["n", "columns", "cells"]
            rows = add("Transpose", "output", perm=[0, 2, 1])
            corners, best, class_id = _of_anchor_free(add, rows, columns)
            if more:
                points = [add.column(rows, columns, columns + more, axis=2)]
        case _:
            return None
    cells = len(layout.strides) if isinstance(layout, YoloxLayout) else None
    sure = _sound(add, corners, best, min_confidence)
    rows, confidence = _surest(add, [corners, sure, class_id, *points], sure, cells)
    apart = _apart_by_class(add, rows, input_wh, columns)
    _keep_one_for_each_object(add, rows, apart, confidence, max_iou)
    return add.model([("output", TensorProto.FLOAT, shape)], ("found", ["m", 7 + more]))


def _keep_one_for_each_object(
    add: _Graph, rows: str, apart: str, confidence: str, max_iou: float
) -> None:
    """Name ``found`` the rows that no surer one of their class overlaps, each with its number."""
    kept = add(
        "NonMaxSuppression",
        apart,
        add("Unsqueeze", confidence, add.constant([1], np.int64)),
        add.constant([_MAX_CANDIDATES], np.int64),
        add.constant([max_iou]),
        add.constant([0.0]),
    )
    number = add.column(kept, 0, 1, axis=1)
    place = add("Concat", number, add.column(kept, 2, 3, axis=1), axis=1)
    boxes = add("GatherND", rows, place)
    add("Concat", add("Cast", number, to=TensorProto.FLOAT), boxes, axis=1, outputs=["found"])


def _of_yolox(add: _Graph, layout: YoloxLayout, columns: int) -> tuple[str, str, str]:
    """Return corners ``(n, cells, 4)``, confidence and class id ``(n, cells, 1)``."""
    classes = add.column("output", 5, columns, axis=2)
    best = add("ReduceMax", classes, axes=[2], keepdims=1)
    confidence = add("Mul", add.column("output", 4, 5, axis=2), best)
    stride = add.constant(layout.strides[:, None])
    centre = add("Add", add.column("output", 0, 2, axis=2), add.constant(layout.cells_xy))
    centre = add("Mul", centre, stride)
    log_size = add(
        "Clip",
        add.column("output", 2, 4, axis=2),
        add.constant(-20.0),
        add.constant(20.0),
    )
    half = add("Mul", add("Mul", add("Exp", log_size), stride), add.constant(0.5))
    return _corners(add, centre, half), confidence, _class_id(add, classes)


def _of_anchor_free(add: _Graph, rows: str, columns: int) -> tuple[str, str, str]:
    """Return corners ``(n, cells, 4)``, confidence and class id ``(n, cells, 1)``."""
    classes = add.column(rows, 4, columns, axis=2)
    half = add("Mul", add.column(rows, 2, 4, axis=2), add.constant(0.5))
    corners = _corners(add, add.column(rows, 0, 2, axis=2), half)
    return corners, add("ReduceMax", classes, axes=[2], keepdims=1), _class_id(add, classes)


def _corners(add: _Graph, centre: str, half: str) -> str:
    return add("Concat", add("Sub", centre, half), add("Add", centre, half), axis=2)


def _class_id(add: _Graph, classes: str) -> str:
    return add("Cast", add("ArgMax", classes, axis=2, keepdims=1), to=TensorProto.FLOAT)


def _sound(add: _Graph, corners: str, confidence: str, min_confidence: float) -> str:
    """Return the confidence, and zero where it is too little or a number is none."""
    finite = add("LessOrEqual", add("Abs", corners), add.constant(np.finfo(np.float32).max))
    finite = add("ReduceMin", add("Cast", finite, to=TensorProto.FLOAT), axes=[2], keepdims=1)
    is_sound = add("Greater", finite, add.constant(0.5))
    is_sure = add("GreaterOrEqual", confidence, add.constant(min_confidence))
    # Not above what a broken model gives: neither NaN nor infinity is.
    is_finite = add("LessOrEqual", confidence, add.constant(np.finfo(np.float32).max))
    keep = add("And", add("And", is_sound, is_sure), is_finite)
    return add("Where", keep, confidence, add.constant(0.0))


def _surest(
    add: _Graph, columns: Sequence[str], confidence: str, cells: int | None
) -> tuple[str, str]:
    """Return the surest candidates: their columns as rows, and their confidence ``(n, k)``."""
    flat = add("Squeeze", confidence, add.constant([2], np.int64))
    if cells is None:
        # Shapes of the input's sizes differ, and none has fewer cells than it has.
        size = add.column(add("Shape", flat), 1, 2, axis=0)
        k = add("Min", size, add.constant([_MAX_CANDIDATES], np.int64))
    else:
        k = add.constant([min(cells, _MAX_CANDIDATES)], np.int64)
    surest = add("TopK", flat, k, outputs=["surest", "places"], axis=1)
    places = add("Unsqueeze", "places", add.constant([2], np.int64))
    rows = add("Concat", *columns, axis=2)
    return add("GatherND", rows, places, batch_dims=1), surest


def _apart_by_class(add: _Graph, rows: str, input_wh: tuple[int, int], columns: int) -> str:
    """Return the corners ``(n, k, 4)``, each class moved to a place where no other is.

    One comparison then does for all classes. The places are a square, not a row: the farther away,
    the fewer bits are left of a pixel.
    """
    side = float(max(input_wh))
    across = float(max(1, math.ceil(math.sqrt(columns))))
    # A box of nonsense would else reach into another class's place.
    corners = add(
        "Clip",
        add.column(rows, 0, 4, axis=2),
        add.constant(-side / 2),
        add.constant(side * 1.5),
    )
    class_id = add.column(rows, 5, 6, axis=2)
    down = add("Floor", add("Div", class_id, add.constant(across)))
    right = add("Sub", class_id, add("Mul", down, add.constant(across)))
    moved = add("Concat", right, down, right, down, axis=2)
    return add("Add", corners, add("Mul", moved, add.constant(2 * side)))
