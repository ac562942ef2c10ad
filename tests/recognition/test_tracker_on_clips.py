"""People of the shared clips keep who they are."""

from pathlib import Path

import numpy as np
import pytest

from bench.footage import data_folder, tracks_of_vtest
from bench.track_clips import TrackClip, followed, tud_campus
from bench.track_scores import Seen
from object_recognition.detection import Detections
from object_recognition.tracking.tracker import Tracker


@pytest.fixture
def shared() -> Path:
    folder = data_folder()
    assert folder is not None
    return folder


def vtest_as_it_is(folder: Path) -> TrackClip:
    """Return vtest as a detector would see it that only overlooks people."""
    rows = [rows for _, rows in sorted(tracks_of_vtest(folder).items())]
    true = [Seen(each.identity, each.xyxy) for each in rows]
    seen = [
        Detections(each.xyxy, np.full(len(each), 0.9, np.float32), np.zeros(len(each), np.int64))
        for each in rows
    ]
    return TrackClip("vtest", 10.0, true, seen).thinned(share=0.2, seed=1)


@pytest.mark.needs("data")
@pytest.mark.parametrize(
    ("step", "least_idf1", "least_mota"),
    [
        pytest.param(1, 0.82, 0.74, id="10 frames a second"),
        pytest.param(2, 0.80, 0.74, id="5 frames a second"),
        pytest.param(4, 0.65, 0.62, id="2.5 frames a second"),
    ],
)
def test_people_of_vtest_are_followed_though_one_in_five_is_overlooked(
    shared: Path, step: int, least_idf1: float, least_mota: float
) -> None:
    clip = vtest_as_it_is(shared).every(step)

    score = clip.score(followed(clip, Tracker().update))

    assert score.idf1 >= least_idf1
    assert score.mota >= least_mota


@pytest.mark.needs("data")
def test_people_of_tud_campus_are_followed(shared: Path) -> None:
    clip = tud_campus(shared)

    score = clip.score(followed(clip, Tracker().update))

    assert score.idf1 >= 0.50
    assert score.mota >= 0.38
