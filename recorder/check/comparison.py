"""What differs between the files of a day and what is filed of it: pure."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Differences:
    """Paths within the volume, in their order.

    Attributes:
        unfiled: Files of which nothing is filed.
        unended: Files of which no end is filed.
        missing: What is filed and has no file.
    """

    unfiled: tuple[str, ...] = ()
    unended: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def compared(
    found: frozenset[str] | None, *, done: Collection[str], growing: Collection[str]
) -> Differences:
    """Return what differs.

    Args:
        found: The files that lie there; None: nobody could look, so nothing is known.
        done: What is filed with an end.
        growing: What is filed without.
    """
    if found is None:
        return Differences()
    filed = {*done, *growing}
    return Differences(
        unfiled=tuple(sorted(found - filed)),
        unended=tuple(sorted(found.intersection(growing))),
        missing=tuple(sorted(filed - found)),
    )
