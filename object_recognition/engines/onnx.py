"""Detectors in ONNX files, on ONNX Runtime."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from object_recognition.detection import Detections, ImageBgr
from object_recognition.engines.labels import labels_of
from object_recognition.engines.layouts import Floats, Layout, layout_of
from object_recognition.engines.letterbox import Letterbox
from object_recognition.engines.suppression import suppress_overlaps
from vigil.errors import ModelInvalid

#: Boxes of less confidence are never returned, whatever a camera asks for.
MIN_CONFIDENCE = 0.05
#: The long side of the input where a model takes any.
_DYNAMIC_SIDE_PX = 640
#: Inputs of such models are whole cells of the coarsest grid.
_DYNAMIC_STEP_PX = 32
_MAX_SIDE_PX = 4096
#: How many aspects of cameras a model of any size keeps buffers for.
_MAX_SHAPES = 8

#: What the runtime raises, without a root of its own; each version knows more.
_ORT_ERRORS = tuple(
    each
    for each in vars(ort_errors).values()
    if isinstance(each, type) and issubclass(each, Exception)
)


class _Shape(NamedTuple):
    """What belongs to one size of input."""

    letterbox: Letterbox
    layout: Layout


class OnnxDetector:
    """A detector in an ONNX file: YOLOX, YOLOv8 and kin, or end to end (see ``layouts``).

    Keeps no memory of frames, so one serves all cameras of a thread.

    Args:
        path: The file. It is trusted with this process: see ``probe`` for the others.
        name: For people.
        threads: How many work at one inference.
        max_iou: Boxes of a class that overlap more are one object.

    Raises:
        ModelInvalid: The file is no such model; the message says what was found.
    """

    def __init__(self, path: Path, *, name: str, threads: int = 1, max_iou: float = 0.5) -> None:
        self.name = name
        self._max_iou = max_iou
        self._session = _open(path, threads=threads)
        self._input_name, self._fixed_wh = _input_of(self._session)
        metadata = self._session.get_modelmeta().custom_metadata_map
        _refuse_other_tasks(metadata)
        self._shapes: dict[tuple[int, int], _Shape] = {}
        # An inference tells what shapes do not: whether the file runs at all.
        first = self._shape(self._fixed_wh or (_DYNAMIC_SIDE_PX, _DYNAMIC_SIDE_PX))
        self._labels = labels_of(metadata, class_count=first.layout.class_count)

    @property
    def labels(self) -> tuple[str, ...]:
        """What its class ids mean."""
        return self._labels

    def detect(self, image_bgr: ImageBgr) -> Detections:
        """Return what is in a frame, the surest first."""
        letterbox, layout = self._shape(
            self._fixed_wh or _dynamic_wh(image_bgr.shape[1], image_bgr.shape[0])
        )
        output = self._infer(letterbox.fill(image_bgr))
        found = layout.decode(output, min_confidence=MIN_CONFIDENCE)
        if layout.overlaps:
            found = suppress_overlaps(found, max_iou=self._max_iou)
        found = found.take(found.class_id < len(self._labels))
        return Detections(letterbox.to_frame(found.xyxy), found.confidence, found.class_id)

    def _infer(self, tensor: Floats) -> Floats:
        try:
            output = self._session.run(None, {self._input_name: tensor})[0]
        except _ORT_ERRORS as error:
            raise ModelInvalid(f"the model does not run: {_first_line(error)}") from error
        return np.asarray(output, np.float32)

    def _shape(self, input_wh: tuple[int, int]) -> _Shape:
        shape = self._shapes.get(input_wh)
        if shape is None:
            blank = np.zeros((1, 3, input_wh[1], input_wh[0]), np.float32)
            layout = layout_of(input_wh, self._infer(blank).shape)
            if len(self._shapes) == _MAX_SHAPES:
                self._shapes.pop(next(iter(self._shapes)))
            shape = self._shapes[input_wh] = _Shape(Letterbox(input_wh, layout.pixels), layout)
        return shape


def _open(path: Path, *, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads take the cores that the decoders need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), sess_options=options, providers=_providers())
    except _ORT_ERRORS as error:
        raise ModelInvalid(f"the file is no ONNX model: {_first_line(error)}") from error


def _providers() -> list[str]:
    """Return where a session runs, best first; only the runtime of the GPU image knows CUDA."""
    known = onnxruntime.get_available_providers()
    return [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in known]


def _input_of(session: onnxruntime.InferenceSession) -> tuple[str, tuple[int, int] | None]:
    """Return the input's name, and its width and height, or None where it takes any."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    found = "the model has " + ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
    wanted = "; accepted is one input of float (1, 3, height, width) and one output"
    if len(inputs) != 1 or len(outputs) != 1 or inputs[0].type != "tensor(float)":
        raise ModelInvalid(f"{found} and {len(outputs)} outputs{wanted}")
    shape = inputs[0].shape
    if len(shape) != 4 or (isinstance(shape[0], int) and shape[0] != 1) or shape[1] != 3:
        raise ModelInvalid(f"{found}{wanted}")
    height, width = shape[2:]
    if not isinstance(height, int) and not isinstance(width, int):
        return inputs[0].name, None
    if not (isinstance(height, int) and isinstance(width, int)):
        raise ModelInvalid(f"{found}{wanted}, its size fixed in both directions or in none")
    if not (0 < height <= _MAX_SIDE_PX and 0 < width <= _MAX_SIDE_PX):
        raise ModelInvalid(f"{found}{wanted}, at most {_MAX_SIDE_PX} pixels a side")
    return inputs[0].name, (width, height)


def _refuse_other_tasks(metadata: Mapping[str, str]) -> None:
    task = metadata.get("task", "detect")
    if task != "detect":
        raise ModelInvalid(f"the model's task is '{task}'; accepted is 'detect'")


def _dynamic_wh(width: int, height: int) -> tuple[int, int]:
    """Return the input for a frame: its aspect in whole cells, so that little is padding."""
    scale = _DYNAMIC_SIDE_PX / max(width, height)
    return (_whole_cells(width * scale), _whole_cells(height * scale))


def _whole_cells(side_px: float) -> int:
    return max(1, -(-round(side_px) // _DYNAMIC_STEP_PX)) * _DYNAMIC_STEP_PX


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:300]
