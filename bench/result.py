"""What a row found: samples, medians, spread, and whether its bars hold. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite
from statistics import median
from typing import Any

from typing_extensions import override


class Measured(StrEnum):
    """What a bar is set for."""

    OURS = "ours"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Bar:
    """What is allowed.

    Attributes:
        at_most: In the unit of ours, or a ratio.
        at_least: The same.
        of: Which of the two.
        says: The bar in words, where the number alone would not tell where it comes from.
        void_if_missed: Why it says nothing of us when it is missed here; None: it does.
    """

    at_most: float = inf
    at_least: float = -inf
    of: Measured = Measured.OURS
    says: str | None = None
    void_if_missed: str | None = None

    @override
    def __str__(self) -> str:
        """Return the bar as the table shows it."""
        if self.says is not None:
            return self.says
        bounds = [
            f"{word} {bound:g}"
            for word, bound in (("at least", self.at_least), ("at most", self.at_most))
            if isfinite(bound)
        ]
        return ("ratio " if self.of is Measured.RATIO else "") + " and ".join(bounds)


@dataclass(frozen=True, slots=True)
class Part:
    """One figure of a row.

    Attributes:
        name: Tells it from the row's others; empty where it is the only one.
        unit: Of ours and of the baseline.
        bar: None: for information.
        ours: One sample a round.
        baseline: One sample a round, taken next to ours; empty where there is none.
    """

    name: str
    unit: str
    bar: Bar | None
    ours: Sequence[float]
    baseline: Sequence[float] = ()

    @property
    def our_median(self) -> float:
        """The middle of our samples."""
        return median(self.ours)

    @property
    def ratio(self) -> float | None:
        """The middle of the rounds' ratios; a round's two samples saw the same machine."""
        if not self.baseline:
            return None
        return median(one / other for one, other in zip(self.ours, self.baseline, strict=True))

    @property
    def holds(self) -> bool | None:
        """Whether the bar is met; None without one, or where missing it says nothing."""
        if self.bar is None:
            return None
        found = self.ratio if self.bar.of is Measured.RATIO else self.our_median
        assert found is not None
        is_met = self.bar.at_least <= found <= self.bar.at_most
        return None if self.bar.void_if_missed is not None and not is_met else is_met

    @property
    def bar_said(self) -> str | None:
        """The bar in words, with why it is not set here, if it is not."""
        if self.bar is None:
            return None
        is_void = self.bar.void_if_missed is not None and self.holds is None
        return f"{self.bar}; not set: {self.bar.void_if_missed}" if is_void else str(self.bar)


@dataclass(frozen=True, slots=True)
class RowResult:
    """All that a row found.

    Attributes:
        row: Its name.
        parts: Empty where it could not be measured.
        missing: Why not, in words.
    """

    row: str
    parts: Sequence[Part]
    missing: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the row's line: a value for each field, or one a part where it has several."""
        return {
            "row": self.row,
            "ours": self._each(lambda part: _rounded(part.our_median)),
            "baseline": self._each(
                lambda part: _rounded(median(part.baseline)) if part.baseline else None
            ),
            "ratio": self._each(lambda part: None if part.ratio is None else _rounded(part.ratio)),
            "unit": self._each(lambda part: part.unit),
            "spread": self._each(lambda part: [_rounded(min(part.ours)), _rounded(max(part.ours))]),
            "bar": self._bar(),
            "holds": self._holds(),
        }

    def _bar(self) -> Any:
        if self.missing is not None:
            return f"not measured: {self.missing}"
        return self._each(lambda part: part.bar_said)

    def _holds(self) -> bool | None:
        verdicts = [part.holds for part in self.parts if part.holds is not None]
        return all(verdicts) if verdicts else None

    def _each(self, value: Any) -> Any:
        if not self.parts:
            return None
        if len(self.parts) == 1 and not self.parts[0].name:
            return value(self.parts[0])
        each = {part.name: value(part) for part in self.parts}
        return None if all(one is None for one in each.values()) else each


def _rounded(value: float) -> float:
    """Return three figures of it: more would promise what no run keeps."""
    return float(f"{value:.3g}")
