"""What executes a model file: numbers in, numbers out. What they mean, others know."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vigil.errors import ModelInvalid

Floats = NDArray[np.float32]
#: One inference: an input ``(1, 3, H, W)``, and what the model makes of it, valid until the next.
Infer = Callable[[Floats], Floats]

_WANTED = "; accepted is one input of float (1, 3, height, width) and one output"
_MAX_SIDE_PX = 4096


class Runtime(Protocol):
    """A model file, loaded."""

    @property
    def name(self) -> str:
        """What runs it and how precisely, for people: ``OpenVINO bf16``."""
        ...

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the file says of itself, by the names that Ultralytics writes."""
        ...

    @property
    def fixed_wh(self) -> tuple[int, int] | None:
        """The width and height that the file asks for; None: it takes any."""
        ...

    @property
    def can_reshape(self) -> bool:
        """Whether ``at`` may be asked for another size than the file's."""
        ...

    def at(self, input_wh: tuple[int, int]) -> Infer:
        """Return the inference for inputs of one size.

        Raises:
            ModelInvalid: The model cannot take it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input of a model, as its file declares it.

    Attributes:
        name: As the graph calls it.
        type_name: As the runtime calls it.
        is_float: Whether it takes 32-bit floats.
        shape: A number, or None or a name where any size will do.
    """

    name: str
    type_name: str
    is_float: bool
    shape: Sequence[int | str | None]


def fixed_wh_of(inputs: Sequence[Tensor], *, output_count: int) -> tuple[int, int] | None:
    """Return the width and height that a model asks for, or None where it takes any.

    Raises:
        ModelInvalid: It is fed otherwise than with one picture; the message says how.
    """
    found = "the model has " + ", ".join(f"{i.name} {i.type_name} {i.shape}" for i in inputs)
    if len(inputs) != 1 or output_count != 1 or not inputs[0].is_float:
        raise ModelInvalid(f"{found} and {output_count} outputs{_WANTED}")
    shape = inputs[0].shape
    if len(shape) != 4 or (isinstance(shape[0], int) and shape[0] != 1) or shape[1] != 3:
        raise ModelInvalid(f"{found}{_WANTED}")
    height, width = shape[2:]
    if not isinstance(height, int) and not isinstance(width, int):
        return None
    if not (isinstance(height, int) and isinstance(width, int)):
        raise ModelInvalid(f"{found}{_WANTED}, its size fixed in both directions or in none")
    if not (0 < height <= _MAX_SIDE_PX and 0 < width <= _MAX_SIDE_PX):
        raise ModelInvalid(f"{found}{_WANTED}, at most {_MAX_SIDE_PX} pixels a side")
    return (width, height)


def first_line(error: Exception) -> str:
    """Return what a runtime complains of, without its stack."""
    return str(error).strip().split("\n", 1)[0][:300]
