"""A crowd, or leaves in the wind: the basic recogniser follows so many things and no more."""

import numpy as np
import pytest
from numpy.typing import NDArray

from object_recognition.basic.recogniser import _MAX_TRACKS, BasicRecogniser
from object_recognition.basic.silhouette import Silhouettes
from object_recognition.basic.tracks import Track

SIDE_PX = 20


def boxes(count: int) -> NDArray[np.float32]:
    """Return boxes in a row, none of which touches another."""
    left = 2 * SIDE_PX * np.arange(count)
    rows = [left, np.zeros(count), left + SIDE_PX, np.full(count, SIDE_PX)]
    return np.stack(rows, axis=1).astype(np.float32)


def recogniser_with(count: int) -> BasicRecogniser:
    recogniser = BasicRecogniser()
    recogniser._tracks = [Track(xyxy + 5000) for xyxy in boxes(count)]
    return recogniser


@pytest.mark.parametrize("known", [0, _MAX_TRACKS - 1, _MAX_TRACKS, _MAX_TRACKS + 6])
def test_what_is_new_is_followed_up_to_the_bound(known: int) -> None:
    recogniser = recogniser_with(known)

    recogniser._begin(list(boxes(_MAX_TRACKS)))

    assert len(recogniser._tracks) == max(known, _MAX_TRACKS)


@pytest.mark.parametrize("known", [0, _MAX_TRACKS - 3])
def test_a_crowd_is_split_up_to_the_bound(known: int) -> None:
    # Given a region in which as many people are as the bound is
    people = boxes(_MAX_TRACKS)
    region = Track(np.array([0, 0, people[:, 2].max(), SIDE_PX], np.float32))
    recogniser = recogniser_with(known)
    recogniser._tracks.append(region)

    seen = Silhouettes(people, np.full(len(people), 2.0, np.float32))
    assert recogniser._split(region, seen)

    assert len(recogniser._tracks) == _MAX_TRACKS
    assert not any(each is region for each in recogniser._tracks)
