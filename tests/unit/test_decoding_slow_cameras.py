"""A camera that sends a picture in many seconds lives between two, whatever is wanted of it."""

from collections.abc import Iterator
from fractions import Fraction

import pytest

from standalone.demo.clip import ClipFormat
from tests.cameras.clips import CardClip
from tests.decode_bench import Bench, a_bench

EVERY_S = 6.0


@pytest.fixture
def bench(card_clip: CardClip) -> Iterator[Bench]:
    form = ClipFormat((320, 180), fps=Fraction(1, 6), length_s=10 * EVERY_S, gop_s=EVERY_S)
    bench = a_bench(card_clip(form))
    yield bench
    bench.shard.close()


def film(bench: Bench) -> None:
    """Let the camera send a picture, and the shard see it at once."""
    bench.film(1, every_s=0.0)
    bench.turn()


def test_its_picture_is_there_until_three_more_could_have_come(bench: Bench) -> None:
    bench.assign(frame_fps=5.0)
    film(bench)
    bench.clock.advance(EVERY_S)
    film(bench)
    assert bench.shown() == 1

    bench.clock.advance(3 * EVERY_S - 0.01)
    assert bench.shown() == 1
    bench.clock.advance(0.02)
    assert bench.shown() is None


def test_a_picture_that_comes_late_is_shown_as_long_as_it_lives(bench: Bench) -> None:
    bench.assign(frame_fps=5.0)
    for _ in range(2):
        film(bench)
        bench.clock.advance(EVERY_S)

    # Given a machine that had no turn for it sooner
    bench.film(1, every_s=EVERY_S)
    bench.turn()

    assert bench.shown() == 2
