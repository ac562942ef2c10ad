"""Keypoints of pose models: how many a file says it gives, and how they stand in its output."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from object_recognition.engines.runtime import Floats
from vigil.errors import ModelInvalid

#: More than a body with its face and both hands has (133).
_MAX_COUNT = 200
_WANTED = (
    f"a pose model says in its metadata 'kpt_shape' how many points it gives, 1 to {_MAX_COUNT}, "
    "and of how many numbers each, as [17, 3]"
)


@dataclass(frozen=True, slots=True)
class Keypoints:
    """What follows the classes in the output of a pose model.

    Attributes:
        count: Points of an object.
        dims: Numbers of a point: 2 (place), or 3 (and confidence).
    """

    count: int
    dims: int

    @property
    def numbers(self) -> int:
        """How many numbers an object has of them."""
        return self.count * self.dims

    def decode(self, rows: Floats) -> Floats:
        """Return keypoints ``(n, count, 3)`` of rows ``(n, numbers)``, in pixels of the input.

        Points without a confidence are sure; those that are not finite are nowhere.
        """
        points = np.ones((len(rows), self.count, 3), np.float32)
        points[..., : self.dims] = rows.reshape(len(rows), self.count, self.dims)
        points[~np.isfinite(points).all(axis=2)] = 0
        points[..., 2] = points[..., 2].clip(0, 1)
        return points


def keypoints_of(metadata: Mapping[str, str]) -> Keypoints | None:
    """Return the keypoints that a model gives; None: it is no pose model, for all it says.

    The shape of the output does not tell: one point of three numbers is like three classes.

    Raises:
        ModelInvalid: It is for poses, and does not say how many points it gives.
    """
    if metadata.get("task") != "pose":
        return None
    written = metadata.get("kpt_shape", "")
    try:
        shape = ast.literal_eval(written) if len(written) < 100 else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        shape = None
    if isinstance(shape, list | tuple) and len(shape) == 2 and {*map(type, shape)} == {int}:
        count, dims = shape
        if 1 <= count <= _MAX_COUNT and dims in {2, 3}:
            return Keypoints(count, dims)
    raise ModelInvalid(f"the model's 'kpt_shape' is {written or 'missing'}; {_WANTED}")
