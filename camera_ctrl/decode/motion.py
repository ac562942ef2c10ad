"""Whether something moves in a camera's picture: a gate before all that costs more than looking.

The luma plane, reduced, is compared with two pictures: a background that is learned over half a
minute, and a reference of half a second to a second ago, or of two looks. What differs from the
first is no part of the scene as it mostly is; what differs from the second has changed just now. A
region that shows both moves. A car that has parked differs from the first alone, the place that one
has left does too, and a change of the light is taken out of both before they are compared.
"""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vigil.clock import MICROSECONDS
from vigil.domain.motion import MAX_BOXES, BoxXyxy, Motion

Plane = npt.NDArray[np.uint8]

#: The plane is halved while it stays so wide: 480 by 270 of 1080p.
_LEAST_WIDTH_PX = 320
#: Levels by which a pixel must differ in the best light.
_FLOOR = 10
#: Levels that a keyframe may change by itself: the encoder knows no more what it has sent.
_REDRAWN = 24
#: ... and in noise: so many of its standard deviations, up to so many levels. No camera's noise
#: is left with as much once the plane is reduced: that is another picture.
_SIGMAS, _NOISE_AT_MOST = 4.5, 40
#: Mean of the lower six tenths of a half-normal distribution, whose upper part may be motion.
_QUIET_SHARE, _QUIET_MEAN = 0.6, 0.406
#: ... and where a picture trembles by itself: so many times what it mostly does.
_TREMBLES = 2.5
#: Of how many pixels each way a cell is; it counts when half of them differ, so that specks do not.
_CELL_PX = 2
#: A region has so many cells: somebody of a thirtieth of the frame's height has.
_LEAST_CELLS = 3
#: More of the picture than this never moves at once: it is another picture.
_OTHER_SCENE_SHARE = 0.5
#: How long it takes the background to believe what it sees; and where something moves.
_LEARN_S, _LEARN_MOVING_S = 12.0, 60.0
#: How often it is asked to; the reference is replaced so often, too.
_LEARN_EVERY_S, _REFERENCE_EVERY_S = 0.5, 0.5
#: Somebody who stands still for a step moves on.
_LINGER_S = 1.0
#: Of how many pixels each way one is asked about the light, and about noise.
_SAMPLED = 16


@dataclass(slots=True)
class _Scene:
    """What one camera shows, all of the reduced size."""

    background: npt.NDArray[np.float32]
    trembles: npt.NDArray[np.float32]
    background_8: Plane
    trembles_8: Plane
    reference: Plane
    next_reference: Plane
    learned_us: int
    referred_us: int


class MotionGate:
    """Looks at the frames of one camera, one after the other, in any rhythm."""

    def __init__(self) -> None:
        self._scene: _Scene | None = None
        self._seen_us = 0
        self._moved_us = 0
        self._motion = Motion(is_moving=True, since_us=0)
        #: What is hidden, and the same in the reduced size.
        self._hidden: tuple[npt.NDArray[np.bool_], Plane] | None = None

    def look(
        self,
        luma: Plane,
        captured_at_us: int,
        *,
        is_redrawn: bool = False,
        hidden: npt.NDArray[np.bool_] | None = None,
    ) -> Motion:
        """Return what moves in a frame. What is not known yet counts as moving.

        Args:
            luma: ``(H, W)``, in the range of video or of JPEG.
            captured_at_us: UTC of the frame. One before the last begins anew.
            is_redrawn: Whether a keyframe came since the last look: what differs a little is the
                encoder's doing.
            hidden: ``(H, W)``: where nobody may see what moves, not even that something does.
        """
        small = _reduced(luma)
        if hidden is not None:
            small = self._without(small, hidden)
        scene = self._scene
        if (
            scene is None
            or scene.background_8.shape != small.shape
            or captured_at_us < self._seen_us
        ):
            return self._begin(small, captured_at_us)
        self._seen_us = captured_at_us
        if is_redrawn:
            _take_over_little(scene, small)
        differs, fresh, distance = _changed(scene, small)
        if cv2.countNonZero(differs) > _OTHER_SCENE_SHARE * differs.size:
            return self._begin(small, captured_at_us)
        moving_cells, boxes = _regions(differs, fresh, luma.shape, small.shape)
        _learn(scene, small, distance, moving_cells, captured_at_us)
        return self._judged(boxes, captured_at_us)

    def _without(self, small: Plane, hidden: npt.NDArray[np.bool_]) -> Plane:
        """Return a reduced plane that is the same in every frame where it is hidden."""
        if self._hidden is None or self._hidden[0] is not hidden:
            shares = _reduced(np.where(hidden, np.uint8(255), np.uint8(0)))
            self._hidden = hidden, np.where(shares > 0, np.uint8(0), np.uint8(255))
        return np.asarray(cv2.bitwise_and(small, self._hidden[1]), np.uint8)

    def _begin(self, small: Plane, captured_at_us: int) -> Motion:
        self._scene = _Scene(
            background=small.astype(np.float32),
            trembles=np.zeros(small.shape, np.float32),
            background_8=small,
            trembles_8=np.zeros(small.shape, np.uint8),
            reference=small,
            next_reference=small,
            learned_us=captured_at_us,
            referred_us=captured_at_us,
        )
        # Of a picture that is another one nothing is known, whatever moved before.
        self._motion = Motion(is_moving=True, since_us=captured_at_us)
        self._seen_us = self._moved_us = captured_at_us
        return self._judged((), captured_at_us)

    def _judged(self, boxes: tuple[BoxXyxy, ...], captured_at_us: int) -> Motion:
        if boxes:
            self._moved_us = captured_at_us
        is_moving = captured_at_us - self._moved_us <= _LINGER_S * MICROSECONDS
        is_change = is_moving != self._motion.is_moving or not self._motion.since_us
        since_us = captured_at_us if is_change else self._motion.since_us
        self._motion = Motion(is_moving, since_us, boxes)
        return self._motion


def _reduced(luma: Plane) -> Plane:
    """Return the plane halved at least once: by twos OpenCV averages all pixels in no time."""
    while True:
        # Sizes that are odd lose a row or a column.
        height, width = luma.shape[0] & ~1, luma.shape[1] & ~1
        if min(height, width) < _CELL_PX * 2:
            return np.ascontiguousarray(luma)
        luma = np.asarray(
            cv2.resize(
                luma[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA
            ),
            np.uint8,
        )
        if width // 4 < _LEAST_WIDTH_PX:
            return luma


def _changed(scene: _Scene, small: Plane) -> tuple[Plane, Plane, Plane]:
    """Return the cells that differ from the background, those from the reference, and by what."""
    distance = cv2.absdiff(small, _in_the_light_of(small, scene.background_8))
    change = cv2.absdiff(small, _in_the_light_of(small, scene.reference))
    floor = max(_FLOOR, min(math.ceil(_SIGMAS * _noise(change)), _NOISE_AT_MOST))
    least = cv2.convertScaleAbs(scene.trembles_8, beta=floor)
    return (
        _cells(cv2.compare(distance, least, cv2.CMP_GT)),
        _cells(cv2.compare(change, least, cv2.CMP_GT)),
        np.asarray(distance, np.uint8),
    )


def _take_over_little(scene: _Scene, small: Plane) -> None:
    """Believe at once what differs no more than by another encoding."""
    distance = cv2.absdiff(small, _in_the_light_of(small, scene.background_8))
    little = distance <= _REDRAWN
    # Copies: the two references may be one array, and the newer one is the last frame's.
    scene.reference, scene.next_reference = scene.reference.copy(), scene.next_reference.copy()
    for known in (scene.reference, scene.next_reference, scene.background):
        np.copyto(known, small, where=little)
    scene.background_8 = np.asarray(cv2.convertScaleAbs(scene.background), np.uint8)


def _in_the_light_of(small: Plane, other: Plane) -> Plane:
    """Return another picture as it would be in this one's light: more, less, or of more contrast.

    Medians of its dark half and of its bright one: what moves is hardly half of either.
    """
    now, then = small[::_SAMPLED, ::_SAMPLED].ravel(), other[::_SAMPLED, ::_SAMPLED].ravel()
    is_bright = then > _median(then)
    if not is_bright.any():
        return other
    dark_then, bright_then = _median(then[~is_bright]), _median(then[is_bright])
    dark_now, bright_now = _median(now[~is_bright]), _median(now[is_bright])
    if max(abs(dark_now - dark_then), abs(bright_now - bright_then)) < 1:
        return other
    gain = (bright_now - dark_now) / (bright_then - dark_then)
    if not 0.25 < gain < 4:
        return other
    lit = cv2.addWeighted(other, gain, other, 0.0, dark_now - gain * dark_then)
    return np.asarray(lit, np.uint8)


def _median(levels: Plane) -> int:
    # numpy's own takes four times as long for so few.
    return int(np.partition(levels, levels.size // 2)[levels.size // 2])


def _noise(change: npt.NDArray[np.integer[Any] | np.floating[Any]]) -> float:
    """Return the standard deviation of what differs everywhere."""
    sampled = change[::_SAMPLED, ::_SAMPLED].ravel()
    quiet = max(1, int(_QUIET_SHARE * sampled.size))
    return float(np.partition(sampled, quiet - 1)[:quiet].mean()) / _QUIET_MEAN


def _cells(mask: npt.NDArray[np.integer[Any] | np.floating[Any]]) -> Plane:
    height, width = mask.shape
    shares = cv2.resize(mask, (width // _CELL_PX, height // _CELL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.threshold(shares, 120, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _regions(
    differs: Plane, fresh: Plane, full_hw: tuple[int, ...], small_hw: tuple[int, ...]
) -> tuple[Plane, tuple[BoxXyxy, ...]]:
    """Return the cells of what moves, and its boxes, the largest first."""
    nothing = np.zeros_like(differs), ()
    if cv2.countNonZero(differs) < _LEAST_CELLS or not cv2.countNonZero(fresh):
        return nothing
    # The parts of somebody whom a belt or a railing severs are one.
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        cv2.dilate(differs, np.ones((3, 3), np.uint8)), 8, cv2.CV_16U, cv2.CCL_SPAGHETTI
    )
    cells = np.bincount(labels[differs > 0], minlength=count)
    changed = np.bincount(labels[fresh > 0], minlength=count)
    is_moving = (cells >= _LEAST_CELLS) & (changed >= 1)
    is_moving[0] = False
    rows = np.flatnonzero(is_moving)
    if not rows.size:
        return nothing
    rows = rows[np.argsort(-cells[rows], kind="stable")][:MAX_BOXES]
    cell_px = np.array(
        [full_hw[1] / (small_hw[1] // _CELL_PX), full_hw[0] / (small_hw[0] // _CELL_PX)]
    )
    low = (stats[rows, :2] + 1) * cell_px
    high = (stats[rows, :2] + stats[rows, 2:4] - 1) * cell_px
    corners = np.hstack([low, np.maximum(high, low + cell_px)])
    corners = np.clip(np.rint(corners), 0, [full_hw[1], full_hw[0]] * 2).astype(int)
    moving = np.take((is_moving * 255).astype(np.uint8), np.asarray(labels, np.uint16))
    return moving, tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in corners)


def _learn(
    scene: _Scene, small: Plane, distance: Plane, moving_cells: Plane, captured_at_us: int
) -> None:
    """Let the background follow, slowly, and the reference, by steps."""
    if captured_at_us - scene.referred_us >= _REFERENCE_EVERY_S * MICROSECONDS:
        scene.reference, scene.next_reference = scene.next_reference, small
        scene.referred_us = captured_at_us
    past_s = (captured_at_us - scene.learned_us) / MICROSECONDS
    if past_s < _LEARN_EVERY_S:
        return
    scene.learned_us = captured_at_us
    moving = cv2.resize(
        moving_cells, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_NEAREST
    )
    still, share = cv2.bitwise_not(moving), 1 - math.exp(-past_s / _LEARN_S)
    cv2.accumulateWeighted(small, scene.background, share, mask=still)
    cv2.accumulateWeighted(distance, scene.trembles, share, mask=still)
    moving_share = 1 - math.exp(-past_s / _LEARN_MOVING_S)
    cv2.accumulateWeighted(small, scene.background, moving_share, mask=moving)
    scene.background_8 = np.asarray(cv2.convertScaleAbs(scene.background), np.uint8)
    scene.trembles_8 = np.asarray(cv2.convertScaleAbs(scene.trembles, alpha=_TREMBLES), np.uint8)
