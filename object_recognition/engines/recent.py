"""What takes long to make, kept for as long as it is asked for."""

from typing import Generic, TypeVar

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Recent(Generic[KeyT, ValueT]):
    """Keeps some values by their keys, and lets go of that which nobody has asked for longest.

    Args:
        most: Values.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        #: The longest unasked for first.
        self._values: dict[KeyT, ValueT] = {}

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._values)

    def get(self, key: KeyT) -> ValueT | None:
        """Return a value that is kept."""
        value = self._values.pop(key, None)
        if value is not None:
            self._values[key] = value
        return value

    def keep(self, key: KeyT, value: ValueT) -> None:
        """Keep a value under a key that has none."""
        if len(self._values) == self._most:
            del self._values[next(iter(self._values))]
        self._values[key] = value

    def forget(self, key: KeyT) -> None:
        """Let go of what is kept under a key."""
        self._values.pop(key, None)
