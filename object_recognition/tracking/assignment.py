"""The pairs of rows and columns that gain most together, found by the Hungarian algorithm.

Boxes mostly have one candidate each, so everybody is first seated at their best column, in whole
arrays. Only for those who find it taken a cheapest way of changes is sought, as in Jonker and
Volgenant's form of the algorithm; where none has to be, nothing is done row by row.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Gains = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: Beyond so many candidates the best pair comes first. No scene ties such a knot, and the time to
#: solve it exactly grows with the cube.
_MAX_EXACT = 4096
_NOBODY: Rows = np.empty(0, np.int64)


def best_pairs(gain: Gains) -> tuple[Rows, Rows]:
    """Return the rows and columns of the pairs whose gains sum to the most.

    Each row and each column is in at most one pair, and only pairs that gain something are made.
    With more than 4096 candidates the sum may be less than the most.

    Args:
        gain: ``(n, m)``, finite. What is not above 0 is no candidate.
    """
    if not gain.size:
        return _NOBODY, _NOBODY
    columns = gain.argmax(axis=1)
    every = np.arange(len(gain))
    rows = every[gain[every, columns] > 0]
    columns = columns[rows]
    # When each has its best, nothing sums to more.
    if len(set(columns.tolist())) == len(rows):
        return rows, columns
    candidates = (gain > 0).nonzero()
    if len(candidates[0]) > _MAX_EXACT:
        pairs = _best_first(gain, *candidates)
    else:
        pairs = _Seats(gain, *candidates).filled(
            dict(zip(rows.tolist(), columns.tolist(), strict=True))
        )
    chosen = np.array(sorted(pairs.items()), np.int64)
    return chosen[:, 0], chosen[:, 1]


class Pairs:
    """Pairs that are made in stages: what an earlier one paired, no later one does.

    Attributes:
        is_row_free: Which rows are in no pair yet.
        is_column_free: Which columns.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self.is_row_free = np.ones(rows, np.bool_)
        self.is_column_free = np.ones(columns, np.bool_)
        self._rows = [_NOBODY]
        self._columns = [_NOBODY]

    @property
    def rows(self) -> Rows:
        """The row of each pair."""
        return np.concatenate(self._rows)

    @property
    def columns(self) -> Rows:
        """The column of each pair."""
        return np.concatenate(self._columns)

    def match(
        self, may_row: Mask, may_column: Mask, gain_of: Callable[[Rows, Rows], Gains]
    ) -> None:
        """Make the best pairs of the free rows and columns that two masks allow.

        Args:
            may_row: ``(n,)``.
            may_column: ``(m,)``.
            gain_of: Gives what rows and columns gain, each with each; not asked where none is left.
        """
        rows = (may_row & self.is_row_free).nonzero()[0]
        columns = (may_column & self.is_column_free).nonzero()[0]
        if not len(rows) or not len(columns):
            return
        of_rows, of_columns = best_pairs(gain_of(rows, columns))
        rows, columns = rows[of_rows], columns[of_columns]
        self.is_row_free[rows] = False
        self.is_column_free[columns] = False
        self._rows.append(rows)
        self._columns.append(columns)


def _best_first(gain: Gains, rows: Rows, columns: Rows) -> dict[int, int]:
    order = np.argsort(-gain[rows, columns], kind="stable")
    found: dict[int, int] = {}
    taken: set[int] = set()
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if row not in found and column not in taken:
            found[row] = column
            taken.add(column)
    return found


class _Seats:
    """Who has which column, while one row after the other is seated.

    What a column costs and what that leaves of a row's gain (``price``, ``profit``) are the
    potentials: of each candidate, profit + price is no less than its gain, and as much for a pair.
    So all detours cost 0 or more, and the cheapest is found as in Dijkstra's walk.
    """

    def __init__(self, gain: Gains, rows: Rows, columns: Rows) -> None:
        self._candidates: dict[int, list[tuple[int, float]]] = {}
        triples = zip(rows.tolist(), columns.tolist(), gain[rows, columns].tolist(), strict=True)
        for row, column, gained in triples:
            self._candidates.setdefault(row, []).append((column, gained))
        self._profit = {
            row: max(gained for _, gained in candidates)
            for row, candidates in self._candidates.items()
        }
        self._price = dict.fromkeys(columns.tolist(), 0.0)
        self._taker: dict[int, int] = {}
        self._held: dict[int, int] = {}

    def filled(self, best: dict[int, int]) -> dict[int, int]:
        """Return the column of each row that gets one.

        Args:
            best: The column at which each row gains most.
        """
        waiting = []
        for row, column in best.items():
            if column in self._taker:
                waiting.append(row)
            else:
                self._taker[column], self._held[row] = row, column
        for row in waiting:
            self._seat(row)
        return self._held

    def _seat(self, start: int) -> None:
        """Give a row a column, others another, and perhaps one of them none, at the least cost."""
        cost: dict[int, float] = {}
        via: dict[int, int] = {}
        walked: dict[int, float] = {}
        reached = {start: 0.0}
        row, spent = start, 0.0
        leaver, leaving = start, self._profit[start]
        while True:
            for column, gained in self._candidates[row]:
                if column in walked:
                    continue
                at = spent + self._profit[row] + self._price[column] - gained
                if column not in cost or at < cost[column]:
                    cost[column], via[column] = at, row
            last = min(cost, key=cost.__getitem__, default=None)
            if last is None or leaving <= cost[last]:
                last, spent = self._held.pop(leaver, None), leaving
                break
            spent = walked[last] = cost.pop(last)
            if last not in self._taker:
                break
            row = self._taker[last]
            reached[row] = spent
            if spent + self._profit[row] < leaving:
                leaver, leaving = row, spent + self._profit[row]
        for row, at in reached.items():
            self._profit[row] -= spent - at
        for column, at in walked.items():
            self._price[column] += spent - at
        self._hand_on(last, via)

    def _hand_on(self, column: int | None, via: dict[int, int]) -> None:
        """Give a column to the row that came for it, that one's to the next, back to the start."""
        while column is not None:
            row = via[column]
            before = self._held.get(row)
            self._held[row], self._taker[column] = column, row
            column = before
