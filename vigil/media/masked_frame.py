"""Privacy masks on frames as they come out of a decoder, and on pictures ``(H, W, 3)``."""

from collections.abc import Sequence
from dataclasses import dataclass

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorRange

from vigil.camera_document import Mask
from vigil.errors import FrameInvalid
from vigil.media.mask_area import Area
from vigil.media.mask_paint import MaskPaint, Plane, PlaneForm

#: Chroma steps of the planar formats of a byte a level that are painted as they are.
_STEPS = {"420": (2, 2), "422": (2, 1), "440": (1, 2), "444": (1, 1), "411": (4, 1), "410": (4, 4)}
_PLANAR = {
    f"yuv{range_}{sampling}p": steps for range_ in ("", "j") for sampling, steps in _STEPS.items()
}
#: The same with both kinds of chroma in one plane, by turns.
_SEMI_PLANAR = {"nv12": (2, 2), "nv21": (2, 2)}
#: What a frame of another format becomes before it is painted, by its chroma steps: with the same,
#: so that no colour from beneath a mask runs out of it.
_FULL_RANGE = {(2, 2): "yuvj420p", (2, 1): "yuvj422p", (1, 2): "yuvj440p"}
_ANY = "yuvj444p"


@dataclass(frozen=True, slots=True, eq=False)
class MaskedFrame:
    """A frame that may be shown: what its camera must not show is painted over.

    Attributes:
        hidden: ``(H, W)`` bool: where it is painted over; None: nowhere.
        mark: Of the masks, as ``CameraConfig.mask_mark`` says; None: there are none.
    """

    frame: av.VideoFrame
    hidden: Area | None = None
    mark: bytes | None = None


class FrameMasker:
    """Paints one camera's masks on its frames.

    Args:
        masks: In pixels of the frame on which each was drawn.
        mark: Of these masks.
    """

    def __init__(self, masks: Sequence[Mask] = (), mark: bytes | None = None) -> None:
        self._masks = masks
        self._mark = mark
        #: What was made for which form of frame: a stream has one, and its next another.
        self._paint: tuple[object, MaskPaint] | None = None
        #: Kept: memory that is new for each frame costs four times as much as the copy.
        self._copy: av.VideoFrame | None = None

    def masked(
        self, frame: av.VideoFrame, *, full_wh: tuple[int, int] | None = None
    ) -> MaskedFrame:
        """Return a frame with the masks painted over it.

        The decoder may need the frame as it was to make the next ones of it, so a copy is painted:
        what is returned is good until the next call.

        Args:
            frame: In any pixel format.
            full_wh: The full frame, where this is a smaller one of the same scene.

        Raises:
            FrameInvalid: It cannot be painted, so it must not be shown.
        """
        if not self._masks:
            return MaskedFrame(frame)
        try:
            paintable = self._paintable(frame)
            planes = _planes(paintable)
        except (FFmpegError, ValueError) as error:
            raise FrameInvalid(
                f"its privacy masks cannot be painted on {frame.format.name}: {error}"
            ) from error
        paint = self._paint_for(paintable, full_wh)
        paint.paint(planes)
        return MaskedFrame(paintable, paint.hidden, self._mark)

    def _paintable(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return a frame that the decoder does not hold, in a format whose planes we know."""
        name = frame.format.name
        if not (name in _PLANAR or name in _SEMI_PLANAR or name == "gray"):
            steps = (64 // frame.format.chroma_width(64), 64 // frame.format.chroma_height(64))
            return frame.reformat(format=_FULL_RANGE.get(steps, _ANY))
        copy = self._copy
        if copy is None or (copy.format.name, copy.width, copy.height) != (
            name,
            frame.width,
            frame.height,
        ):
            copy = self._copy = av.VideoFrame(frame.width, frame.height, name)
        copy.color_range, copy.colorspace = frame.color_range, frame.colorspace
        for ours, theirs in zip(_planes(copy), _planes(frame), strict=True):
            ours[...] = theirs
        return copy

    def _paint_for(self, frame: av.VideoFrame, full_wh: tuple[int, int] | None) -> MaskPaint:
        forms, picture_wh = _forms(frame), (frame.width, frame.height)
        key = (forms, picture_wh, full_wh)
        if self._paint is None or self._paint[0] != key:
            self._paint = key, MaskPaint(self._masks, picture_wh, forms, full_wh=full_wh)
        return self._paint[1]


def _forms(frame: av.VideoFrame) -> tuple[PlaneForm, ...]:
    name = frame.format.name
    if name == "gray":
        return (PlaneForm(1, 1, black=0),)
    is_full_range = name.startswith("yuvj") or frame.color_range == ColorRange.JPEG
    luma = PlaneForm(1, 1, black=0 if is_full_range else 16)
    if name in _SEMI_PLANAR:
        return luma, PlaneForm(*_SEMI_PLANAR[name], black=128)
    chroma = PlaneForm(*_PLANAR[name], black=128)
    return luma, chroma, chroma


def _planes(frame: av.VideoFrame) -> list[Plane]:
    """Return the planes to write into, without the padding at the end of each row."""
    planes: list[Plane] = []
    for index, plane in enumerate(frame.planes):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        if index and frame.format.name in _SEMI_PLANAR:
            planes.append(rows[:, : 2 * plane.width].reshape(plane.height, plane.width, 2))
        else:
            planes.append(rows[:, : plane.width])
    return planes
