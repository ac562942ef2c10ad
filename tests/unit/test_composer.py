"""A montage that several viewers share, over feeds that come and go."""

import numpy as np
import pytest

from tests.builders import CAMERA
from vigil.clock import FakeClock
from web.live.composer import Composer
from web.live.feeds import Feed, FeedBoard
from web.live.montage import Grid
from web.live.no_signal import jpeg_of


@pytest.fixture
def board() -> FeedBoard:
    return FeedBoard(lambda _feed: None)


def feed_of(board: FeedBoard, *, grey: int) -> Feed:
    """Return a feed that somebody watches, with its first picture."""
    feed = board.join(CAMERA)
    jpeg = jpeg_of(np.full((72, 128, 3), grey, np.uint8))
    board.show(feed, jpeg, (grey,), is_live=True)
    return feed


def test_a_montage_begins_with_no_picture_of_the_last_visit(board: FeedBoard) -> None:
    clock = FakeClock()
    composer = Composer(Grid(rows=1, columns=1), clock)
    left = feed_of(board, grey=20)
    old = composer.part_of([left])
    board.leave(left)
    clock.advance(1.0)

    feed = feed_of(board, grey=220)

    assert feed.serial == left.serial
    assert composer.part_of([feed]) != old


def test_a_montage_is_composed_once_while_its_pictures_stay(board: FeedBoard) -> None:
    clock = FakeClock()
    composer = Composer(Grid(rows=1, columns=1), clock)
    feed = feed_of(board, grey=20)
    first = composer.part_of([feed])
    clock.advance(1.0)

    assert composer.part_of([feed]) is first
