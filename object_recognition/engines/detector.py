"""A detector in a model file: all that does not depend on the runtime that executes it."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from object_recognition.detection import Detections, ImageBgr
from object_recognition.engines.keypoints import keypoints_of
from object_recognition.engines.labels import labels_of
from object_recognition.engines.layouts import Layout, layout_of
from object_recognition.engines.letterbox import Letterbox
from object_recognition.engines.recent import Recent
from object_recognition.engines.runtime import Floats, Infer, Runtime
from object_recognition.engines.suppression import suppress_overlaps
from vigil.errors import ModelInvalid

#: Boxes of less confidence are never returned, whatever a camera asks for.
MIN_CONFIDENCE = 0.05
_TASKS = frozenset({"detect", "pose"})
#: The input where a model takes any: its long side, and the aspect that most cameras have.
_DYNAMIC_WH = (640, 384)
#: Inputs that follow a camera are whole cells of the coarsest grid.
_STEP_PX = 32
#: How many aspects of cameras a model keeps buffers for.
_MAX_SHAPES = 16


class _Shape(NamedTuple):
    """What belongs to one size of input."""

    letterbox: Letterbox
    layout: Layout
    infer: Infer


class ModelDetector:
    """A detector of one of the layouts that we read: YOLOX, YOLOv8 and kin, or end to end.

    Of a pose model its objects have keypoints.

    Keeps no memory of frames, so one serves all cameras of a thread. Where the model allows it, its
    input has each camera's aspect, so that little of what is looked at is padding.

    Args:
        runtime: The file. It is trusted with this process: see ``probe`` for the others.
        name: For people; what runs it is added.
        max_iou: Boxes of a class that overlap more are one object.
        min_confidence: Boxes of less are never returned.

    Raises:
        ModelInvalid: The file is no such model; the message says what was found.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        name: str,
        max_iou: float = 0.5,
        min_confidence: float = MIN_CONFIDENCE,
    ) -> None:
        self.name = f"{name}, {runtime.name}"
        self._runtime = runtime
        self._max_iou = max_iou
        self._min_confidence = min_confidence
        _refuse_other_tasks(runtime.metadata)
        self._keypoints = keypoints_of(runtime.metadata)
        self._shapes = Recent[tuple[int, int], _Shape](_MAX_SHAPES)
        # An inference tells what shapes do not: whether the file runs at all.
        #: The input at which the file was tried.
        self.first_wh = fixed_wh = runtime.fixed_wh or _DYNAMIC_WH
        first = self._shape(fixed_wh)
        self._labels = labels_of(runtime.metadata, class_count=first.layout.class_count)
        self._side_px = max(fixed_wh)
        follows = runtime.fixed_wh is None or self._can_follow(first.layout, fixed_wh)
        self._fixed_wh = None if follows else fixed_wh
        if runtime.fixed_wh is not None and follows:
            # Hardly a camera has the file's own aspect, and compiled it takes 20 MB.
            self._shapes.forget(runtime.fixed_wh)

    @property
    def labels(self) -> tuple[str, ...]:
        """What its class ids mean."""
        return self._labels

    @property
    def license(self) -> str | None:
        """The licence that the file states, or None."""
        return self._runtime.metadata.get("license") or None

    @property
    def keypoint_count(self) -> int:
        """How many keypoints it gives of an object; 0: none."""
        return 0 if self._keypoints is None else self._keypoints.count

    @property
    def follows_aspect(self) -> bool:
        """Whether the input has the aspect of each camera, not one of its own."""
        return self._fixed_wh is None

    def input_wh(self, frame_wh: tuple[int, int]) -> tuple[int, int]:
        """Return the width and height at which a frame is looked at."""
        if self._fixed_wh is not None:
            return self._fixed_wh
        scale = self._side_px / max(frame_wh)
        return (_whole_cells(frame_wh[0] * scale), _whole_cells(frame_wh[1] * scale))

    def layout_at(self, input_wh: tuple[int, int]) -> Layout:
        """Return how the model lays out what it found in an input of one size."""
        return self._shape(input_wh).layout

    def input_of(self, image_bgr: ImageBgr) -> Floats:
        """Return what the model is fed for a frame ``(1, 3, H, W)``; valid until the next call."""
        frame_wh = (image_bgr.shape[1], image_bgr.shape[0])
        return self._shape(self.input_wh(frame_wh)).letterbox.fill(image_bgr)

    def detect(self, image_bgr: ImageBgr) -> Detections:
        """Return what is in a frame, the surest first."""
        frame_wh = (image_bgr.shape[1], image_bgr.shape[0])
        letterbox, layout, infer = self._shape(self.input_wh(frame_wh))
        output = infer(letterbox.fill(image_bgr))
        found = layout.decode(output, min_confidence=self._min_confidence)
        if layout.overlaps:
            found = suppress_overlaps(found, max_iou=self._max_iou)
        found = found.take(found.class_id < len(self._labels))
        return letterbox.to_frame(found)

    def _shape(self, input_wh: tuple[int, int]) -> _Shape:
        shape = self._shapes.get(input_wh)
        if shape is None:
            infer = self._runtime.at(input_wh)
            blank = np.zeros((1, 3, input_wh[1], input_wh[0]), np.float32)
            layout = layout_of(input_wh, infer(blank).shape, self._keypoints)
            shape = _Shape(Letterbox(input_wh, layout.pixels), layout, infer)
            self._shapes.keep(input_wh, shape)
        return shape

    def _can_follow(self, layout: Layout, fixed_wh: tuple[int, int]) -> bool:
        # Other layouts have their input's size inside: reshaped, they may run, and give nonsense.
        if not (self._runtime.can_reshape and layout.is_relative):
            return False
        # What most cameras have comes first, so that their first frame does not wait for it.
        aspects = (16 / 9, 2.0)
        side_px = _whole_cells(self._side_px)
        sizes = [(side_px, _whole_cells(side_px / aspect)) for aspect in aspects]
        try:
            self._shape(next(each for each in sizes if each != fixed_wh))
        except ModelInvalid:
            return False
        return True


def _refuse_other_tasks(metadata: Mapping[str, str]) -> None:
    task = metadata.get("task", "detect")
    if task not in _TASKS:
        raise ModelInvalid(f"the model's task is '{task}'; accepted are 'detect' and 'pose'")


def _whole_cells(side_px: float) -> int:
    return max(1, -(-round(side_px) // _STEP_PX)) * _STEP_PX
