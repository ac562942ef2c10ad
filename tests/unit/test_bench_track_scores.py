"""MOTA and IDF1, reckoned by hand."""

import numpy as np
import pytest

from bench.track_scores import Seen, scored

#: Where objects 1, 2 and 3 stand.
PLACE = {1: (0, 0, 10, 20), 2: (100, 0, 110, 20), 3: (200, 0, 210, 20)}


def frame(*who: int, at: tuple[int, ...] | None = None, by_px: float = 0) -> Seen:
    """Return a frame in which identities stand where the objects of ``at`` are, a little off."""
    boxes = np.array([PLACE[each] for each in at or who], np.float32).reshape(-1, 4)
    return Seen(np.array(who, np.int64), boxes + np.array([0, by_px, 0, by_px], np.float32))


@pytest.mark.parametrize(
    ("true", "told", "mota", "idf1", "switches"),
    [
        pytest.param([frame(1, 2)] * 4, [frame(1, 2)] * 4, 1, 1, 0, id="all right"),
        pytest.param(
            [frame(1, 2)] * 4, [frame(7, 5, at=(1, 2))] * 4, 1, 1, 0, id="numbers are but names"
        ),
        pytest.param([frame(1)] * 4, [frame()] * 4, 0, 0, 0, id="nothing told"),
        pytest.param([frame()] * 4, [frame()] * 4, 1, 0, 0, id="nothing there"),
        # 4 missed of 8; 2 * 4 / (8 + 4)
        pytest.param([frame(1, 2)] * 4, [frame(1)] * 4, 0.5, 2 / 3, 0, id="one overlooked"),
        # 4 invented to 4; 2 * 4 / (4 + 8)
        pytest.param([frame(1)] * 4, [frame(1, 2)] * 4, 0, 2 / 3, 0, id="one invented"),
        # One switch of 4; the longer identity has 3 of 4.
        pytest.param(
            [frame(1)] * 4,
            [*[frame(1)] * 3, frame(9, at=(1,))],
            0.75,
            0.75,
            1,
            id="a new identity",
        ),
        # Two switches of 8, as both change.
        pytest.param(
            [frame(1, 2)] * 4,
            [*[frame(1, 2)] * 2, *[frame(1, 2, at=(2, 1))] * 2],
            0.75,
            0.5,
            2,
            id="two swapped",
        ),
        # Missed for a frame, then the same again: no switch.
        pytest.param(
            [frame(1)] * 4,
            [frame(5, at=(1,)), frame(), *[frame(5, at=(1,))] * 2],
            0.75,
            6 / 7,
            0,
            id="lost and found",
        ),
        # 20 px tall, 5 px off: IoU 15 / 25
        pytest.param([frame(1)], [frame(1, by_px=5)], 1, 1, 0, id="near enough"),
        # 7 px off: 13 / 27; each is missed and invented
        pytest.param([frame(1)], [frame(1, by_px=7)], -1, 0, 0, id="too far"),
    ],
)
def test_scores_are_as_reckoned_by_hand(
    true: list[Seen], told: list[Seen], mota: float, idf1: float, switches: int
) -> None:
    score = scored(true, told)

    assert score.mota == pytest.approx(mota)
    assert score.idf1 == pytest.approx(idf1)
    assert score.switches == switches


def test_a_pair_stays_one_though_another_comes_closer() -> None:
    # Given an identity that stays near enough, and a second one that comes right on the spot
    near, spot = frame(1, by_px=5), frame(2, at=(1,))
    both = Seen(np.array([1, 2]), np.concatenate([near.xyxy, spot.xyxy]))

    score = scored([frame(1)] * 3, [near, both, both])

    assert score.switches == 0
    assert score.mota == pytest.approx(1 - 2 / 3)


def test_as_many_as_can_be_are_found_before_the_closest() -> None:
    # Given two who stand close, and boxes of which the closest pair would leave the others alone
    true = Seen(np.array([1, 2]), np.array([[0, 0, 10, 20], [0, 6, 10, 26]], np.float32))
    told = Seen(np.array([1, 2]), np.array([[0, 5.5, 10, 25.5], [0, 11.5, 10, 31.5]], np.float32))

    assert scored([true], [told]).found == 2
