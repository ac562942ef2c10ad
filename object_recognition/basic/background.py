"""Where something moves in the picture of a camera that does not."""

import cv2
import numpy as np
from numpy.typing import NDArray

from object_recognition.boxes import Boxes
from object_recognition.detection import ImageBgr

#: Pixels of the picture in which motion is sought: 2.5 ms of one core, and a person of a tenth
#: of the frame's height is still 20 of them tall.
_WORKING_AREA_PX = 320 * 240
#: Below, a whole factor would be too far from the area wanted.
_WHOLE_FACTOR_FROM = 2.5
#: Looks over which the background is learned: half a minute at 10 a second.
_HISTORY = 300
#: Squared distance, in variances, beyond which a pixel is none of the background.
_VARIANCE_THRESHOLD = 25.0
#: Looks in which a fresh background believes too much to be asked.
_WARM_UP = 2
#: More of the picture than this never moves at once: the light or the camera changed.
_MAX_MOVING_SHARE = 0.6
#: A region has more pixels of the working picture than noise has.
_MIN_REGION_PX = 26
_MAX_REGIONS = 64
#: A pixel of the background's hue with at least this share of its light is shadow. OpenCV's half
#: takes dark coats for shadow and severs people.
_SHADOW_SHARE = 0.7
#: What MOG2 writes for a moving pixel; a shadow is 127.
_FOREGROUND = 255


class Background:
    """What one camera sees when nothing happens, learned while looking."""

    def __init__(self) -> None:
        self._frame_wh = (0, 0)
        self._working_wh = (0, 0)
        self._seen = 0
        self._model = _new_model()
        self._speck = np.ones((2, 2), np.uint8)
        # Taller than wide: the parts of a person that a belt or a shadow severs lie upon another.
        self._gap = np.ones((5, 3), np.uint8)

    def moving_regions(self, image_bgr: ImageBgr) -> Boxes | None:
        """Learn a frame, and return the boxes ``(n, 4)`` in its pixels of what moves in it.

        Returns:
            None when nothing can be said: the first frames, a new size, a change of the light.
        """
        frame_wh = (image_bgr.shape[1], image_bgr.shape[0])
        if frame_wh != self._frame_wh:
            self._begin(frame_wh)
        working = shrink(image_bgr, self._working_wh)
        moving = (self._model.apply(working) == _FOREGROUND).astype(np.uint8)
        self._seen += 1
        if self._seen <= _WARM_UP:
            return None
        if cv2.countNonZero(moving) > _MAX_MOVING_SHARE * moving.size:
            self._begin(frame_wh)
            self._model.apply(working)
            return None
        cv2.morphologyEx(moving, cv2.MORPH_OPEN, self._speck, dst=moving)
        cv2.dilate(moving, self._gap, dst=moving)
        return self._boxes(moving)

    def _begin(self, frame_wh: tuple[int, int]) -> None:
        self._frame_wh = frame_wh
        self._working_wh = _working_size(frame_wh)
        self._model = _new_model()
        self._seen = 0

    def _boxes(self, moving: NDArray[np.uint8]) -> Boxes:
        _, _, stats, _ = cv2.connectedComponentsWithStats(moving)
        # Row 0 is all that does not move.
        stats = stats[1:]
        stats = stats[stats[:, cv2.CC_STAT_AREA] >= _MIN_REGION_PX]
        largest = np.argsort(-stats[:, cv2.CC_STAT_AREA], kind="stable")[:_MAX_REGIONS]
        left, top, width, height = stats[largest, :4].T.astype(np.float32)
        boxes: Boxes = np.stack([left, top, left + width, top + height], axis=1)
        ratio = np.divide(self._frame_wh, self._working_wh).astype(np.float32)
        boxes *= np.tile(ratio, 2)
        return boxes


def shrink(image_bgr: ImageBgr, wh: tuple[int, int]) -> ImageBgr:
    """Return a picture in another size, mostly a smaller one, without the noise of lost pixels."""
    width, height = image_bgr.shape[1::-1]
    if (width, height) == wh:
        return image_bgr
    if width < wh[0]:
        return _resized(image_bgr, wh, cv2.INTER_LINEAR)
    # AREA reads every pixel, slowly: of a large picture, four for each one wanted are enough.
    if width > 3 * wh[0] and width % wh[0]:
        image_bgr = _resized(image_bgr, (2 * wh[0], 2 * wh[1]), cv2.INTER_LINEAR)
    return _resized(image_bgr, wh, cv2.INTER_AREA)


def _working_size(frame_wh: tuple[int, int]) -> tuple[int, int]:
    """Return the size in which motion is sought: a whole fraction of a large frame.

    AREA is three times as fast by a whole factor.
    """
    width, height = frame_wh
    factor = max(1.0, (width * height / _WORKING_AREA_PX) ** 0.5)
    if factor >= _WHOLE_FACTOR_FROM:
        factor = round(factor)
    return (max(1, round(width / factor)), max(1, round(height / factor)))


def _resized(image_bgr: ImageBgr, wh: tuple[int, int], how: int) -> ImageBgr:
    return cv2.resize(image_bgr, wh, interpolation=how).astype(np.uint8, copy=False)


def _new_model() -> cv2.BackgroundSubtractorMOG2:
    model = cv2.createBackgroundSubtractorMOG2(
        history=_HISTORY, varThreshold=_VARIANCE_THRESHOLD, detectShadows=True
    )
    model.setShadowThreshold(_SHADOW_SHARE)
    return model
