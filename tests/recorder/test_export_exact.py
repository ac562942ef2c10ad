"""A clip that is exact to the frame."""

from pathlib import Path

import av
import numpy as np
import pytest

from recorder.exports.copying import Clip
from recorder.exports.exact import encode_exactly
from tests.footage import Footage
from tests.recorder.clips import FPS
from tests.recorder.exported import copied, seconds, span, times_of
from tests.recorder.studio import NOW_S, Studio


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def _exact(studio: Studio, folder: Path, since_s: float, until_s: float) -> Clip | None:
    camera = studio.camera(segment_s=3)
    camera.take(studio.sent.entries, now_s=NOW_S)
    camera.close()
    [copy] = copied(studio, folder, since_s, until_s)
    return encode_exactly(copy, folder / "exact.mp4", span(since_s, until_s), title="Yard")


def _pictures(path: Path) -> list[np.ndarray]:
    with av.open(path) as container:
        return [frame.to_ndarray(format="gray").astype(int) for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("since_s", "until_s", "first", "last"),
    [
        (1.52, 1.6, 38, 40),
        (1.5, 4.5, 38, 113),
        (2.96, 3.04, 74, 76),
        (0.0, 8.0, 0, 200),
        (-5.0, 0.04, 0, 1),
        (7.9, 20.0, 198, 200),
    ],
)
def test_it_holds_the_frames_that_were_asked_for_and_no_other(
    studio: Studio, folder: Path, since_s: float, until_s: float, first: int, last: int
) -> None:
    clip = _exact(studio, folder, since_s, until_s)
    assert clip is not None

    [all_of_it] = copied(studio, folder)
    sent = _pictures(all_of_it.path)
    found = _pictures(clip.path)
    assert len(found) == last - first
    for number, picture in enumerate(found):
        away = [np.abs(picture - sent[each]).mean() for each in range(200)]
        assert int(np.argmin(away)) == first + number
    assert times_of(clip.path)[0] == 0
    assert times_of(clip.path) == pytest.approx([n / FPS for n in range(len(found))], abs=1e-3)
    [(begun_s, ended_s)] = seconds(clip)
    assert (begun_s, ended_s) == (max(since_s, 0.0), min(until_s, 8.0))


def test_between_two_frames_there_is_none(studio: Studio, sent: Footage, folder: Path) -> None:
    assert _exact(studio, folder, 1.521, 1.522) is None
