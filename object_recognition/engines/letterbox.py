"""Frames into the shape of a model's input, and boxes back, with no allocation per frame."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from object_recognition.detection import Detections, ImageBgr

#: The grey that YOLO models were trained to see around a picture.
PAD = 114


@dataclass(frozen=True, slots=True)
class Pixels:
    """How a family of models wants its pixels.

    Attributes:
        rgb: Channel order; False: BGR, as decoded.
        unit: Whether values are scaled from 0..255 to 0..1.
        centred: Whether the padding is on both sides; False: right and below.
    """

    rgb: bool
    unit: bool
    centred: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a frame lies in a model's input.

    Attributes:
        frame_wh: The frame's size in its own pixels.
        fitted_wh: Its size in pixels of the input.
        offset_xy: The pixels of the input left of it and above it.
    """

    frame_wh: tuple[int, int]
    fitted_wh: tuple[int, int]
    offset_xy: tuple[int, int]

    @classmethod
    def of(cls, frame_wh: tuple[int, int], input_wh: tuple[int, int], *, is_centred: bool) -> "Fit":
        """Return how a frame is fitted with its aspect kept; centred, or at the top left."""
        scale = min(input_wh[0] / frame_wh[0], input_wh[1] / frame_wh[1])
        # A frame of one pixel by ten thousand still has a pixel of width.
        width, height = (
            max(1, min(limit, round(side * scale)))
            for side, limit in zip(frame_wh, input_wh, strict=True)
        )
        spare = (input_wh[0] - width, input_wh[1] - height)
        offset_xy = (spare[0] // 2, spare[1] // 2) if is_centred else (0, 0)
        return cls(frame_wh, (width, height), offset_xy)

    def to_frame(self, found: Detections) -> Detections:
        """Return what was found in the input in pixels of the frame.

        Boxes are cut at its edges; keypoints are not, which may lie outside it.
        """
        corners = self._places(found.xyxy.reshape(-1, 2, 2))
        corners = corners.clip(np.float32(0), np.array(self.frame_wh, np.float32))
        keypoints = found.keypoints
        if keypoints is not None:
            places = self._places(keypoints[..., :2])
            keypoints = np.concatenate([places, keypoints[..., 2:]], axis=2)
        return replace(found, xyxy=corners.reshape(-1, 4), keypoints=keypoints)

    def _places(self, xy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return points ``(..., 2)`` of the input in pixels of the frame."""
        ratio = np.divide(self.frame_wh, self.fitted_wh).astype(np.float32)
        places: NDArray[np.float32] = (xy - np.array(self.offset_xy, np.float32)) * ratio
        return places


class Letterbox:
    """Fits frames into one input size, keeping their aspect.

    Args:
        input_wh: The model's input in pixels.
        pixels: How the model wants them.
    """

    def __init__(self, input_wh: tuple[int, int], pixels: Pixels) -> None:
        width, height = input_wh
        self._input_wh = input_wh
        self._pixels = pixels
        self._canvas = np.full((height, width, 3), PAD, np.uint8)
        # Its own: new memory for each frame takes longer than all that is done with it.
        self._planes = [np.empty((height, width), np.uint8) for _ in range(3)]
        self._tensor = np.empty((1, 3, height, width), np.float32)
        self._fit = Fit((0, 0), (0, 0), (0, 0))

    def fill(self, image_bgr: ImageBgr) -> NDArray[np.float32]:
        """Return the model's input ``(1, 3, H, W)`` of a frame; valid until the next call."""
        frame_wh = (image_bgr.shape[1], image_bgr.shape[0])
        if frame_wh != self._fit.frame_wh:
            self._fit = Fit.of(frame_wh, self._input_wh, is_centred=self._pixels.centred)
            self._canvas[:] = PAD
        left, top = self._fit.offset_xy
        width, height = self._fit.fitted_wh
        inside = self._canvas[top : top + height, left : left + width]
        if frame_wh == (width, height):
            inside[:] = image_bgr
        else:
            way = _interpolation(frame_wh, (width, height))
            cv2.resize(image_bgr, (width, height), dst=inside, interpolation=way)
        planes = cv2.split(self._canvas, self._planes)
        scale = np.float32(1 / 255) if self._pixels.unit else np.float32(1)
        for channel, plane in enumerate(reversed(planes) if self._pixels.rgb else planes):
            np.multiply(plane, scale, out=self._tensor[0, channel])
        return self._tensor

    def to_frame(self, found: Detections) -> Detections:
        """Return what was found in the last filled input in pixels of its frame."""
        return self._fit.to_frame(found)


def _interpolation(frame_wh: tuple[int, int], fitted_wh: tuple[int, int]) -> int:
    """Return OpenCV's way to bring a frame to a size.

    LINEAR: six times as fast as AREA, and what the models were trained on. Of an odd number of
    pixels it takes the one in the middle, as of 1080p in 640, and then that is had for a third.
    """
    is_middle = all(
        frame % fitted == 0 and frame // fitted % 2
        for frame, fitted in zip(frame_wh, fitted_wh, strict=True)
    )
    return cv2.INTER_NEAREST_EXACT if is_middle else cv2.INTER_LINEAR
