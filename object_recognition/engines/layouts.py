"""How families of models lay out what they found, and how each is read.

Shape (batch, ...)  Family                         A row or column holds
(1, N, 5 + c)       YOLOX, raw                     centre and log size in cells, objectness, classes
(1, 4 + c, N)       YOLOv8, YOLO11 and kin         centre, size in input pixels, classes
(1, K, 6)           end to end (YOLOv10, YOLO26)   corners in input pixels, confidence, class id

N is the number of cells of the input's grids: strides 8, 16, 32, and 64 where the model has it.
Pose models of the last two families give their keypoints behind that, in input pixels.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from object_recognition.detection import Detections
from object_recognition.engines.keypoints import Keypoints
from object_recognition.engines.letterbox import Pixels
from object_recognition.engines.runtime import Floats
from vigil.errors import ModelInvalid

ACCEPTED = (
    "accepted are detectors of the layouts YOLOX (1, cells, 5 + classes), YOLOv8/YOLO11 "
    "(1, 4 + classes, cells) and end-to-end (1, boxes, 6), the last two with keypoints behind "
    "where the metadata's 'task' is pose"
)
_STRIDES = ((8, 16, 32), (8, 16, 32, 64))
_YOLOX_PIXELS = Pixels(rgb=False, unit=False, centred=False)
_ULTRALYTICS_PIXELS = Pixels(rgb=True, unit=True, centred=True)


class Layout(Protocol):
    """One way to lay out detections."""

    @property
    def pixels(self) -> Pixels:
        """How models of this family want their input."""
        ...

    @property
    def class_count(self) -> int | None:
        """How many classes the output distinguishes; None: the shape does not say."""
        ...

    @property
    def keypoints(self) -> Keypoints | None:
        """What follows the classes; None: nothing."""
        ...

    @property
    def overlaps(self) -> bool:
        """Whether one object comes as many boxes, so that NMS is needed."""
        ...

    @property
    def is_relative(self) -> bool:
        """Whether boxes are relative to their cells, so that no size of input is in the graph."""
        ...

    def decode(self, output: Floats, *, min_confidence: float) -> Detections:
        """Return the boxes, in pixels of the input, of at least this confidence."""
        ...


class YoloxLayout:
    """Raw YOLOX: boxes relative to the cell that saw them.

    Args:
        input_wh: The model's input in pixels.
        class_count: How many classes follow the objectness.
        strides: Pixels of the input a cell covers, one for each grid.

    Attributes:
        cells_xy: ``(N, 2)`` float32, each cell's column and row.
        strides: ``(N,)`` float32, each cell's side in pixels of the input.
    """

    pixels = _YOLOX_PIXELS
    keypoints = None
    overlaps = True
    is_relative = True

    def __init__(
        self, input_wh: tuple[int, int], *, class_count: int, strides: tuple[int, ...]
    ) -> None:
        self._class_count = class_count
        self.cells_xy, self.strides = _cells(input_wh, strides)

    @property
    def class_count(self) -> int:
        """How many classes the output distinguishes."""
        return self._class_count

    def decode(self, output: Floats, *, min_confidence: float) -> Detections:
        """Return the boxes, in pixels of the input, of at least this confidence."""
        rows = output[0]
        # A class scores at most one, so objectness alone rules nearly all cells out.
        likely = np.flatnonzero(rows[:, 4] >= min_confidence)
        rows = rows[likely]
        class_id = rows[:, 5:].argmax(axis=1)
        confidence = rows[:, 4] * rows[np.arange(len(rows)), 5 + class_id]
        stride = self.strides[likely, None]
        centre = (rows[:, :2] + self.cells_xy[likely]) * stride
        # Clipped so that garbage weights give a huge box, not an overflow.
        half = np.exp(np.clip(rows[:, 2:4], -20, 20)) * stride * np.float32(0.5)
        return _sound(np.hstack([centre - half, centre + half]), confidence, class_id).take(
            np.flatnonzero(confidence >= min_confidence)
        )


@dataclass(frozen=True, slots=True)
class AnchorFreeLayout:
    """YOLOv8 and its successors: a column for each cell."""

    class_count: int
    keypoints: Keypoints | None = None
    pixels: Pixels = _ULTRALYTICS_PIXELS
    overlaps: bool = True
    is_relative: bool = False

    def decode(self, output: Floats, *, min_confidence: float) -> Detections:
        """Return the boxes, in pixels of the input, of at least this confidence."""
        end = 4 + self.class_count
        best = output[0, 4:end].max(axis=0)
        likely = np.flatnonzero(best >= min_confidence)
        columns = output[0][:, likely]
        class_id = columns[4:end].argmax(axis=0)
        centre, half = columns[:2].T, columns[2:4].T * np.float32(0.5)
        points = None if self.keypoints is None else self.keypoints.decode(columns[end:].T)
        return _sound(np.hstack([centre - half, centre + half]), best[likely], class_id, points)


@dataclass(frozen=True, slots=True)
class EndToEndLayout:
    """Boxes that are already one for each object."""

    class_count: None = None
    keypoints: Keypoints | None = None
    pixels: Pixels = _ULTRALYTICS_PIXELS
    overlaps: bool = False
    is_relative: bool = False

    def decode(self, output: Floats, *, min_confidence: float) -> Detections:
        """Return the boxes, in pixels of the input, of at least this confidence."""
        rows = output[0][output[0, :, 4] >= min_confidence]
        points = None if self.keypoints is None else self.keypoints.decode(rows[:, 6:])
        return _sound(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64), points)


def layout_of(
    input_wh: tuple[int, int], output_shape: tuple[int, ...], keypoints: Keypoints | None = None
) -> Layout:
    """Return the layout of a model's output.

    Args:
        input_wh: The model's input in pixels.
        output_shape: What an inference gave.
        keypoints: What the model says that it gives beside boxes.

    Raises:
        ModelInvalid: It is none that we read; the message says what it is and what we read.
    """
    found = f"the output has the shape {output_shape} for an input of {input_wh[0]}x{input_wh[1]}"
    if len(output_shape) != 3 or output_shape[0] != 1:
        raise ModelInvalid(f"{found}; {ACCEPTED}")
    _, rows, columns = output_shape
    more = 0 if keypoints is None else keypoints.numbers
    for strides in _STRIDES:
        cells = sum(_grid(input_wh, stride) for stride in strides)
        if rows == cells and columns >= 6 and keypoints is None:
            return YoloxLayout(input_wh, class_count=columns - 5, strides=strides)
        if columns == cells and rows >= 5 + more:
            return AnchorFreeLayout(rows - 4 - more, keypoints)
    if columns == 6 + more:
        return EndToEndLayout(keypoints=keypoints)
    if keypoints is not None:
        found += f", and the model says that it gives {keypoints.count} keypoints"
    raise ModelInvalid(f"{found}; {ACCEPTED}")


def _grid(input_wh: tuple[int, int], stride: int) -> int:
    return (input_wh[0] // stride) * (input_wh[1] // stride)


def _cells(input_wh: tuple[int, int], strides: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return each cell's column and row ``(N, 2)``, and its stride ``(N,)``."""
    corners, sizes = [], []
    for stride in strides:
        ys, xs = np.mgrid[: input_wh[1] // stride, : input_wh[0] // stride]
        corners.append(np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.float32))
        sizes.append(np.full(xs.size, stride, np.float32))
    return np.concatenate(corners), np.concatenate(sizes)


def _sound(
    xyxy: Floats,
    confidence: Floats,
    class_id: NDArray[np.int64],
    keypoints: Floats | None = None,
) -> Detections:
    """Return the rows without NaN and infinity, which a broken model gives."""
    keep = np.isfinite(xyxy).all(axis=1) & np.isfinite(confidence) & (class_id >= 0)
    return Detections(
        xyxy[keep].astype(np.float32, copy=False),
        np.clip(confidence[keep], 0, 1).astype(np.float32, copy=False),
        class_id[keep].astype(np.int64, copy=False),
        None if keypoints is None else keypoints[keep],
    )
