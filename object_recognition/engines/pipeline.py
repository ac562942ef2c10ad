"""Pixels in, boxes out: letterbox, inference and selection of a batch, all on one device."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from object_recognition.detection import Detections
from object_recognition.engines.decoding import Pixels
from object_recognition.engines.gpu_graphs import letterbox_graph, selection_graph
from object_recognition.engines.keypoints import Keypoints
from object_recognition.engines.layouts import Layout
from object_recognition.engines.letterbox import Fit
from object_recognition.engines.providers import (
    ORT_ERRORS,
    Profile,
    Provider,
    SessionOptions,
    open_session,
)
from object_recognition.engines.runtime import Floats, first_line
from vigil.errors import ModelInvalid

_FLOAT_BYTES = 4
_RGB, _BGR = (0, 1, 2), (2, 1, 0)


class Pipeline:
    """What looks at batches of one size of input.

    Its buffer for the inputs is made once; what comes between is the runtime's, which keeps it.

    Args:
        model: An ONNX model with a batch of any size.
        input_name: What it calls the pictures.
        layout: How it lays out what it found.
        input_wh: Width and height of its input.
        batch_max: Pictures in the largest batch.
        min_confidence: Boxes of less are not returned.
        max_iou: Boxes of a class that overlap more are one object.
        providers: To try for the model, best first. All must be of one device.
        options: Of the sessions.

    Attributes:
        batch_max: Pictures in the largest batch.
        provider: What runs the model.

    Raises:
        ModelInvalid: None of the providers takes it.
    """

    def __init__(
        self,
        model: bytes,
        input_name: str,
        layout: Layout,
        input_wh: tuple[int, int],
        *,
        batch_max: int,
        min_confidence: float,
        max_iou: float,
        providers: Sequence[Provider],
        options: SessionOptions,
    ) -> None:
        self._layout, self._input_wh, self._min_confidence = layout, input_wh, min_confidence
        self._device = providers[0].device
        sides = [Provider.CPU] if self._device == "cpu" else [Provider.CUDA]
        self._letterbox, _ = open_session(letterbox_graph(), sides, options)
        profile = Profile(input_name, input_wh, batch_max)
        self._model, self.provider = open_session(model, providers, options, profile=profile)
        if self.provider.device != self._device:
            raise ModelInvalid(f"the model runs on the {self.provider.device} alone")
        self._input_name, self._output_name = input_name, self._model.get_outputs()[0].name
        graph = selection_graph(layout, input_wh, min_confidence=min_confidence, max_iou=max_iou)
        self._selection = open_session(graph, sides, options)[0] if graph is not None else None
        self._shape = (3, input_wh[1], input_wh[0])
        self.batch_max = batch_max
        self._inputs = onnxruntime.OrtValue.ortvalue_from_shape_and_type(
            [batch_max, *self._shape], np.float32, self._device, 0
        )
        for size in self._sizes() if self._device != "cpu" else (1,):
            # What is made at the first batch of a size is made now, and no frame waits for it.
            self.select(self.infer(size))

    def _sizes(self) -> list[int]:
        """Return the sizes of batches: few, since a GPU's libraries prepare for each."""
        return [2**n for n in range(self.batch_max.bit_length()) if 2**n < self.batch_max] + [
            self.batch_max
        ]

    def look(self, frames: Sequence[Pixels]) -> list[Detections]:
        """Return what is in each frame, in its pixels, the surest first.

        Args:
            frames: At most batch_max; they lie on the device.

        Raises:
            ModelInvalid: The model does not run.
        """
        fits = [self.fill(number, each) for number, each in enumerate(frames)]
        size = next(each for each in self._sizes() if each >= len(frames))
        found = self.select(self.infer(size))
        # Beyond the frames lie those of a batch before, of which nobody asks.
        return [fit.to_frame(each) for fit, each in zip(fits, found, strict=False)]

    def fill(self, number: int, frame: Pixels) -> Fit:
        """Fit a frame into the batch's place of a number; return how it lies there."""
        fit = Fit.of(frame.size_wh, self._input_wh, is_centred=self._layout.pixels.centred)
        (width, height), (left, top) = fit.fitted_wh, fit.offset_xy
        below, right = self._input_wh[1] - height - top, self._input_wh[0] - width - left
        order = _RGB if frame.is_rgb == self._layout.pixels.rgb else _BGR
        given: dict[str, NDArray[Any]] = {
            "size": np.array([1, 3, height, width], np.int64),
            "pads": np.array([0, 0, top, left, 0, 0, below, right], np.int64),
            "order": np.array(order, np.int64),
            "unit": np.array(1 / 255 if self._layout.pixels.unit else 1, np.float32),
        }

        def bind(binding: Any) -> None:
            shape = (frame.size_wh[1], frame.size_wh[0], 3)
            binding.bind_input("frame", self._device, 0, np.uint8, shape, frame.address)
            place = self._inputs.data_ptr() + number * int(np.prod(self._shape)) * _FLOAT_BYTES
            binding.bind_output("tensor", self._device, 0, np.float32, (1, *self._shape), place)

        _run(self._letterbox, bind, given)
        return fit

    def inputs(self, count: int) -> Floats:
        """Return a copy of what the model is fed for the first frames ``(n, 3, H, W)``."""
        filled: Floats = self._inputs.numpy()[:count]
        return filled

    def infer(self, count: int) -> Any:
        """Return what the model makes of the first places: a tensor on the device."""

        def bind(binding: Any) -> None:
            binding.bind_input(
                self._input_name,
                self._device,
                0,
                np.float32,
                (count, *self._shape),
                self._inputs.data_ptr(),
            )
            binding.bind_output(self._output_name, self._device)

        output = _run(self._model, bind).get_outputs()[0]
        if output.shape()[0] != count:
            raise ModelInvalid(f"the model answers {count} pictures with {output.shape()}")
        return output

    def select(self, output: Any) -> list[Detections]:
        """Return the boxes in what the model made, in pixels of its input."""
        count = output.shape()[0]
        if self._selection is None:
            rows = output.numpy()
            return [
                self._layout.decode(rows[n : n + 1], min_confidence=self._min_confidence)
                for n in range(count)
            ]

        def bind(binding: Any) -> None:
            binding.bind_ortvalue_input("output", output)
            # The boxes are what leaves the device.
            binding.bind_output("found", "cpu")

        found: Floats = _run(self._selection, bind).copy_outputs_to_cpu()[0]
        numbers = found[:, 0].astype(np.int64)
        keypoints = self._layout.keypoints
        return [_detections(found[numbers == n], keypoints) for n in range(count)]


def _detections(rows: Floats, keypoints: Keypoints | None) -> Detections:
    confidence = rows[:, 5].clip(0, 1)
    points = None if keypoints is None else keypoints.decode(rows[:, 7:])
    return Detections(rows[:, 1:5].copy(), confidence, rows[:, 6].astype(np.int64), points)


def _run(
    session: onnxruntime.InferenceSession,
    bind: Callable[[Any], None],
    given: Mapping[str, NDArray[Any]] | None = None,
) -> Any:
    """Run a session on what is bound, and on arrays of the CPU; return the binding."""
    binding = session.io_binding()
    try:
        for name, array in (given or {}).items():
            binding.bind_cpu_input(name, array)
        bind(binding)
        session.run_with_iobinding(binding)
    except ORT_ERRORS as error:
        raise ModelInvalid(f"the model does not run: {first_line(error)}") from error
    return binding
