"""How many have crossed each line today, as the picture shows it.

For show: what is exact are the crossings that are told as facts, and filed. These figures are taken
over by the next owner of the camera from what was last published.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from vigil.camera_document import Line
from vigil.messages import DayTallies, LineTally


class Tallies:
    """The counts of one camera's lines, of one day of its time zone."""

    def __init__(self) -> None:
        self._day: str | None = None
        self._counts: dict[int, list[int]] = {}

    def take_over(self, said: DayTallies | None) -> None:
        """Go on from what was published last; None: nothing was."""
        if said is not None:
            self._day = said.day
            self._counts = {each.line: [each.in_count, each.out_count] for each in said.lines}

    def begin(self, today: date) -> None:
        """Begin anew where a day has begun."""
        if self._day != today.isoformat():
            self._day, self._counts = today.isoformat(), {}

    def add(self, crossings: Iterable[tuple[int, bool]]) -> None:
        """Add crossings, each the id of a line and whether it was inwards."""
        for line, is_in in crossings:
            self._counts.setdefault(line, [0, 0])[0 if is_in else 1] += 1

    def of(self, lines: Sequence[Line]) -> tuple[LineTally, ...]:
        """Return the counts of lines, in their order."""
        return tuple(
            LineTally(line=line.id, name=line.name, in_count=into, out_count=out)
            for line in lines
            for into, out in [self._counts.get(line.id, (0, 0))]
        )

    def published(self, lines: Sequence[Line]) -> DayTallies | None:
        """Return what the next owner goes on from; None: nobody counts yet."""
        return None if self._day is None else DayTallies(day=self._day, lines=self.of(lines))
