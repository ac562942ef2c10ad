"""Things of which there are several, as arrays: row i of each is the same thing."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from object_recognition.detection import Selection


@dataclass(slots=True, eq=False)
class Table:
    """The base of such: each field is an array, all of one length."""

    def keep(self, rows: Selection) -> None:
        """Forget the other rows."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name)[rows])

    def append(self, other: Self) -> None:
        """Add the rows of another."""
        for field in fields(self):
            both: list[NDArray[Any]] = [getattr(each, field.name) for each in (self, other)]
            setattr(self, field.name, np.concatenate(both))
