"""A graph that was exported for one picture takes many, where nothing but its shapes said one."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from object_recognition.engines.rebatch import require_same_together, with_free_batch
from object_recognition.engines.runtime import Floats
from vigil.errors import ModelInvalid


def a_model(
    nodes: list[onnx.NodeProto],
    constants: dict[str, np.ndarray],
    output_shape: list[int],
    *,
    with_weights_as_inputs: bool = False,
) -> onnx.ModelProto:
    weights = [numpy_helper.from_array(each, name) for name, each in constants.items()]
    inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 8, 8])]
    if with_weights_as_inputs:
        inputs = [
            helper.make_tensor_value_info(each.name, each.data_type, list(each.dims))
            for each in weights
        ] + inputs
    output = helper.make_tensor_value_info("out", TensorProto.FLOAT, output_shape)
    graph = helper.make_graph(nodes, "g", inputs, [output], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def run(model: onnx.ModelProto, batch: Floats) -> Floats:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return np.asarray(session.run(None, {"images": batch})[0], np.float32)


def reshaped(*, shape: tuple[int, ...] = (1, 3, 64)) -> onnx.ModelProto:
    return a_model(
        [helper.make_node("Reshape", ["images", "shape"], ["out"])],
        {"shape": np.array(shape, np.int64)},
        [1, 3, 64],
    )


def resized(*, weights_as_inputs: bool = False) -> onnx.ModelProto:
    return a_model(
        [helper.make_node("Resize", ["images", "", "", "sizes"], ["out"], mode="nearest")],
        {"sizes": np.array([1, 3, 16, 24], np.int64)},
        [1, 3, 16, 24],
        with_weights_as_inputs=weights_as_inputs,
    )


def normalised_together() -> onnx.ModelProto:
    return a_model(
        [
            helper.make_node("ReduceMax", ["images"], ["most"], keepdims=0),
            helper.make_node("Div", ["images", "most"], ["out"]),
        ],
        {},
        [1, 3, 8, 8],
    )


@pytest.mark.parametrize(
    "model",
    [reshaped(), reshaped(shape=(1, 3, -1)), resized(), resized(weights_as_inputs=True)],
    ids=["Reshape", "Reshape to the rest", "Resize", "weights among the inputs"],
)
def test_shapes_that_say_one_come_to_say_as_many_as_there_are(model: onnx.ModelProto) -> None:
    before = model.SerializeToString()
    free = with_free_batch(model)

    batch = np.random.default_rng(1).uniform(0, 1, (5, 3, 8, 8)).astype(np.float32)
    together = run(free, batch)

    alone = [run(model, each[None]) for each in batch]
    np.testing.assert_array_equal(together, np.concatenate(alone))
    require_same_together(lambda each: run(free, each), (8, 8))
    # The model itself is left as it was
    assert model.SerializeToString() == before


def test_a_shape_of_weights_that_says_one_is_left() -> None:
    # Given scales (3,) that are brought to (1, 3, 1, 1), and have no batch
    model = a_model(
        [
            helper.make_node("Reshape", ["scales", "shape"], ["standing"]),
            helper.make_node("Mul", ["images", "standing"], ["out"]),
        ],
        {"scales": np.array([1, 2, 3], np.float32), "shape": np.array([1, 3, 1, 1], np.int64)},
        [1, 3, 8, 8],
    )

    require_same_together(lambda each: run(with_free_batch(model), each), (8, 8))


def test_pictures_that_change_each_other_are_found_out() -> None:
    free = with_free_batch(normalised_together())

    with pytest.raises(ModelInvalid, match=r"pictures together give other numbers than alone: "):
        require_same_together(lambda each: run(free, each), (8, 8))


def test_numbers_that_are_none_are_no_proof() -> None:
    with pytest.raises(ModelInvalid, match="other numbers than alone: nan"):
        require_same_together(lambda each: np.full((len(each), 1), np.nan, np.float32), (8, 8))


def test_shapes_that_contradict_each_other_are_refused() -> None:
    model = reshaped()
    del model.graph.output[0].type.tensor_type.shape.dim[2]

    with pytest.raises(ModelInvalid, match="the shapes in its graph are unknown: "):
        with_free_batch(model)
