"""Where tracked boxes will be: a Kalman filter of constant velocity, for all tracks at once.

The four measures of a box (centre x and y, width, height) do not depend on each other, so each is a
filter of two numbers, and all of them are a few operations on whole arrays. Noise is in shares of
the box's longer side, as a near object moves over more pixels; time is in seconds, as frames come
irregularly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from object_recognition.tracking.table import Table

Floats = NDArray[np.float64]

#: Variances: of a detected centre and of a detected size,
_MEASURED = np.array([0.05, 0.05, 0.1, 0.1]) ** 2
#: of the speed, each second, of what is seen for the first time,
_FIRST_SPEED = np.array([1.0, 1.0, 0.25, 0.25]) ** 2
#: and of what is added to a speed in a second.
_SPEED_CHANGE = np.array([0.35, 0.35, 0.1, 0.1]) ** 2
#: No box becomes smaller than this, however it shrank.
_MIN_SIDE_PX = 1.0


@dataclass(slots=True, eq=False)
class Motion(Table):
    """How boxes move.

    Attributes:
        place: ``(n, 4)``. Centre x, centre y, width, height, in pixels.
        speed: ``(n, 4)``. Their changes in a second.
        place_var: ``(n, 4)``. The variance of place.
        both_var: ``(n, 4)``. The covariance of place and speed.
        speed_var: ``(n, 4)``. The variance of speed.
    """

    place: Floats
    speed: Floats
    place_var: Floats
    both_var: Floats
    speed_var: Floats

    @staticmethod
    def of(xyxy: Floats) -> "Motion":
        """Return the motion of boxes ``(n, 4)`` that are seen for the first time."""
        place = _place_of(xyxy)
        scale = _scale_of(place)
        return Motion(
            place,
            np.zeros_like(place),
            _MEASURED * scale,
            np.zeros_like(place),
            _FIRST_SPEED * scale,
        )

    @property
    def xyxy(self) -> Floats:
        """The corners ``(n, 4)`` of where the boxes are thought to be."""
        centre, half = self.place[:, :2], self.place[:, 2:] * 0.5
        return np.concatenate([centre - half, centre + half], axis=1)

    def predict(self, passed_s: float) -> None:
        """Move on by some seconds."""
        noise = (_SPEED_CHANGE * passed_s) * _scale_of(self.place)
        drift = self.speed_var * passed_s
        self.place = self.place + self.speed * passed_s
        np.maximum(self.place[:, 2:], _MIN_SIDE_PX, out=self.place[:, 2:])
        self.place_var = self.place_var + passed_s * (
            2 * self.both_var + drift + noise * (passed_s / 3)
        )
        self.both_var = self.both_var + drift + noise * (passed_s / 2)
        self.speed_var = self.speed_var + noise

    def correct(self, rows: NDArray[np.int64], xyxy: Floats) -> None:
        """Take in where some boxes were seen.

        Args:
            rows: Which, each once.
            xyxy: ``(len(rows), 4)``. Where.
        """
        place_var, both_var = self.place_var[rows], self.both_var[rows]
        seen = _place_of(xyxy)
        error = seen - self.place[rows]
        total = place_var + _MEASURED * _scale_of(seen)
        gain, speed_gain = place_var / total, both_var / total
        self.place[rows] += gain * error
        self.speed[rows] += speed_gain * error
        self.place_var[rows] = place_var * (1 - gain)
        self.speed_var[rows] -= speed_gain * both_var
        self.both_var[rows] = both_var * (1 - gain)

    def stand_still(self) -> None:
        """Take all boxes as standing where they are; each may set off in any direction."""
        self.speed = np.zeros_like(self.speed)
        self.both_var = np.zeros_like(self.both_var)
        self.speed_var = _FIRST_SPEED * _scale_of(self.place)


def _place_of(xyxy: Floats) -> Floats:
    low, high = xyxy[:, :2], xyxy[:, 2:]
    return np.concatenate([(low + high) * 0.5, high - low], axis=1)


def _scale_of(place: Floats) -> Floats:
    """Return the squared longer side ``(n, 1)``, of which variances are shares."""
    side = np.maximum(place[:, 2:3], place[:, 3:4])
    return side * side
