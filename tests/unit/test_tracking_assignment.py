"""Which pairs gain most together."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from object_recognition.tracking.assignment import Pairs, best_pairs

Gains = NDArray[np.float64]

#: Many ties, and many that are no candidates.
gains = arrays.arrays(
    np.float64,
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
    elements=st.one_of(st.integers(-2, 3).map(float), st.floats(-1, 1)),
)


def most(gain: Gains) -> float:
    """Return what the best pairs sum to, found by trying all."""
    if gain.shape[0] > gain.shape[1]:
        gain = gain.T
    rows = range(gain.shape[0])
    return max(
        (
            sum(gain[row, column] for row, column in zip(some, others, strict=True))
            for count in range(gain.shape[0] + 1)
            for some in combinations(rows, count)
            for others in permutations(range(gain.shape[1]), count)
        ),
        default=0.0,
    )


@given(gains)
def test_no_other_pairs_gain_more(gain: Gains) -> None:
    rows, columns = best_pairs(gain)

    assert len(set(rows.tolist())) == len(set(columns.tolist())) == len(rows)
    assert (gain[rows, columns] > 0).all()
    assert gain[rows, columns].sum() == pytest.approx(most(gain))


def test_who_finds_the_best_taken_moves_others() -> None:
    # Given three who all like the first column best, and what the best-first would leave for them
    gain = np.array([[9.0, 8.0, 0.0], [9.5, 1.0, 0.0], [7.0, 6.5, 2.0]])

    rows, columns = best_pairs(gain)

    assert dict(zip(rows.tolist(), columns.tolist(), strict=True)) == {0: 1, 1: 0, 2: 2}


def test_one_stays_alone_where_that_gains_more() -> None:
    rows, columns = best_pairs(np.array([[0.9, 0.0], [0.8, 0.0]]))

    assert (rows.tolist(), columns.tolist()) == ([0], [0])


def test_a_knot_too_large_to_solve_is_paired_best_first() -> None:
    rng = np.random.default_rng(1)
    gain = rng.random((300, 200))

    rows, columns = best_pairs(gain)

    assert len(set(rows.tolist())) == len(set(columns.tolist())) == 200
    assert gain.max() in gain[rows, columns]


def test_a_later_stage_leaves_alone_what_an_earlier_one_paired() -> None:
    gain = np.array([[5.0, 4.0], [4.0, 1.0]])
    pairs = Pairs(2, 2)
    everybody = np.ones(2, np.bool_)

    pairs.match(np.array([True, False]), everybody, lambda r, c: gain[r[:, None], c])
    pairs.match(everybody, everybody, lambda r, c: gain[r[:, None], c])

    assert (pairs.rows.tolist(), pairs.columns.tolist()) == ([0, 1], [0, 1])
    assert not pairs.is_row_free.any()
    assert not pairs.is_column_free.any()
