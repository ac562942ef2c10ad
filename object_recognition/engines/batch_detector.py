"""A detector that looks at the pictures of many cameras in one go, all of it on one device.

JPEG decode, letterbox, inference and suppression hand their results on within the device; what
comes back are the boxes. On a CPU the same graphs run, for tests: there it gains nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import structlog
from google.protobuf.message import DecodeError

from object_recognition.detection import Detections, Picture
from object_recognition.engines.batch_bound import BatchBound
from object_recognition.engines.decoding import BatchDecoder, Pixels
from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.onnx import OnnxRuntime
from object_recognition.engines.pipeline import Pipeline
from object_recognition.engines.providers import (
    ORT_ERRORS,
    Provider,
    SessionOptions,
    known_providers,
    open_session,
)
from object_recognition.engines.rebatch import require_same_together, with_free_batch
from object_recognition.engines.recent import Recent
from object_recognition.engines.runtime import Floats, first_line
from vigil.errors import FrameInvalid, ModelInvalid

log = structlog.get_logger(__name__)

#: How many aspects of cameras a model keeps a pipeline for. Each holds the input of a whole batch:
#: 94 MB of the GPU's for 32 of 640 by 384.
_MAX_PIPELINES = 8


class BatchModelDetector(ModelDetector):
    """A model that looks at up to batch_max pictures at once.

    Args:
        path: The file of the model.
        runtime: The file on ONNX Runtime; where it runs, the batches run.
        name: For people; what runs it is added.
        decoder: Of the JPEGs.
        batch_max: Pictures in the largest batch. Where the device has not the memory for so many,
            it is less, until it has.
        options: Of the sessions.

    Raises:
        ModelInvalid: The model cannot look at more than one picture at once.
    """

    def __init__(
        self,
        path: Path,
        runtime: OnnxRuntime,
        *,
        name: str,
        decoder: BatchDecoder,
        batch_max: int,
        options: SessionOptions,
    ) -> None:
        super().__init__(runtime, name=name)
        self._bound = BatchBound(batch_max)
        self._decoder = decoder
        self._options = options
        # TensorRT before CUDA, where there is one.
        self._providers = [
            each for each in known_providers() if each.device == runtime.provider.device
        ]
        self._model, self._input_name = _free_model(path, self.first_wh)
        self._pipelines = Recent[tuple[int, int], Pipeline](_MAX_PIPELINES)
        first = self.pipeline(self.first_wh)
        # It takes minutes to build an engine: from now on a look waits for that, and would end its
        # worker (see ``look_limit``).
        self._providers = [each for each in self._providers if each is not Provider.TENSORRT]
        self.name = f"{name}, {first.provider.words}"
        #: What decodes, for people.
        self.decoder_name = decoder.name

    @property
    def batch_max(self) -> int:
        """At how many it looks in one go now, at most."""
        return self._bound.now

    def detect_all(self, pictures: Sequence[Picture]) -> list[Detections | FrameInvalid]:
        """Return what is in each frame, the surest first, or why that frame is none.

        Raises:
            ModelInvalid: The model does not run, not even on one picture.
        """
        found: list[Detections | FrameInvalid] = []
        whole: dict[tuple[int, int], list[tuple[int, Pixels]]] = defaultdict(list)
        for number, pixels in enumerate(self._decoder.decode(pictures)):
            if isinstance(pixels, FrameInvalid):
                found.append(pixels)
            else:
                found.append(Detections.none())
                whole[self.input_wh(pixels.size_wh)].append((number, pixels))
        for input_wh, frames in whole.items():
            seen = self._look(self.pipeline(input_wh), [pixels for _, pixels in frames])
            for (number, _), each in zip(frames, seen, strict=True):
                found[number] = each.take(each.class_id < len(self.labels))
        return found

    def decode(self, pictures: Sequence[Picture]) -> list[Pixels]:
        """Return the pixels of pictures that are whole.

        Raises:
            FrameInvalid: One is not.
        """
        pixels = self._decoder.decode(pictures)
        for each in pixels:
            if isinstance(each, FrameInvalid):
                raise each
        return [each for each in pixels if isinstance(each, Pixels)]

    def pipeline(self, input_wh: tuple[int, int]) -> Pipeline:
        """Return what looks at batches of one size of input."""
        pipeline = self._pipelines.get(input_wh)
        if pipeline is None:
            pipeline = Pipeline(
                self._model,
                self._input_name,
                self.layout_at(input_wh),
                input_wh,
                batch_max=self.batch_max,
                min_confidence=self._min_confidence,
                max_iou=self._max_iou,
                providers=self._providers,
                options=self._options,
            )
            self._pipelines.keep(input_wh, pipeline)
        return pipeline

    def _look(self, pipeline: Pipeline, frames: Sequence[Pixels]) -> list[Detections]:
        # One that was made while the device had less memory has room for fewer.
        at_most = min(self._bound.now, pipeline.batch_max)
        if len(frames) > at_most:
            first, rest = frames[:at_most], frames[at_most:]
            return self._look(pipeline, first) + self._look(pipeline, rest)
        try:
            found = pipeline.look(frames)
        except ModelInvalid as error:
            if len(frames) == 1:
                raise
            # Most often the device has not the memory for so many.
            self._bound.note_failed(len(frames))
            log.warning("batch_halved", batch_max=self._bound.now, reason=str(error))
            return self._look(pipeline, frames)
        if self._bound.note_good(len(frames)):
            log.info("batch_doubled", batch_max=self._bound.now)
        return found


def _free_model(path: Path, input_wh: tuple[int, int]) -> tuple[bytes, str]:
    """Return the file's model with a batch of any size, and what it calls the pictures.

    Raises:
        ModelInvalid: It has none, and cannot be given one.
    """
    try:
        free: bytes = with_free_batch(onnx.load(path)).SerializeToString()
    except (DecodeError, ValueError, OSError) as error:
        raise ModelInvalid(f"its graph cannot be read: {error}") from error
    # Tried on the CPU, whose sums do not depend on the size of the batch.
    session, _ = open_session(free, [Provider.CPU], SessionOptions(threads=1))
    name = session.get_inputs()[0].name

    def together(batch: Floats) -> Floats:
        try:
            return np.asarray(session.run(None, {name: batch})[0], np.float32)
        except ORT_ERRORS as error:
            raise ModelInvalid(f"it does not run on more than one: {first_line(error)}") from error

    require_same_together(together, input_wh)
    return free, name
