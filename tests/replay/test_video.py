"""The annotated video plays in a browser, and is whole or not there."""

from pathlib import Path

import av
import pytest

from object_recognition.replay.video import AnnotatedVideo
from tests.replay.footage import grey, levels_of
from vigil.errors import SetupInvalid

BEGAN_US = 1_790_000_000_000_000


def a_video(path: Path, *, may_replace: bool = False) -> AnnotatedVideo:
    return AnnotatedVideo(path, fps=5.0, may_replace=may_replace)


def test_it_is_h264_that_browsers_play_at_the_sampled_rate(tmp_path: Path) -> None:
    video = a_video(tmp_path / "out.mp4")
    for number in range(20):
        video.add(grey(40 + 5 * number), BEGAN_US + 200_000 * number)

    assert video.finish()

    with av.open(tmp_path / "out.mp4") as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height, float(stream.average_rate or 0)) == (320, 240, 5.0)
        times = [float(frame.time or 0) for frame in container.decode(stream)]
    assert times == pytest.approx([0.2 * number for number in range(20)])
    assert levels_of(tmp_path / "out.mp4") == pytest.approx(
        [40 + 5 * number for number in range(20)], abs=2
    )
    # Its index stands before the pictures, so that a player begins before it has all
    content = (tmp_path / "out.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_gaps_stay_as_long_as_they_were(tmp_path: Path) -> None:
    video = a_video(tmp_path / "out.mp4")
    for at_us in (0, 200_000, 400_001, 9_000_000):
        video.add(grey(90), BEGAN_US + at_us)
    video.finish()

    with av.open(tmp_path / "out.mp4") as container:
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert times == pytest.approx([0, 0.2, 0.4, 9.0], abs=1e-4)


@pytest.mark.parametrize("size_wh", [(321, 241), (33, 17)])
def test_odd_sizes_get_a_column_and_a_row_more(tmp_path: Path, size_wh: tuple[int, int]) -> None:
    video = a_video(tmp_path / "out.mp4")
    video.add(grey(200, width=size_wh[0], height=size_wh[1]), BEGAN_US)

    assert video.finish()

    with av.open(tmp_path / "out.mp4") as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (size_wh[0] + 1, size_wh[1] + 1)


def test_pictures_of_another_size_are_fitted_in(tmp_path: Path) -> None:
    video = a_video(tmp_path / "out.mp4")
    video.add(grey(100, width=320, height=240), BEGAN_US)
    # As wide and half as high: half of the picture is black
    video.add(grey(100, width=640, height=240), BEGAN_US + 200_000)
    video.finish()

    assert levels_of(tmp_path / "out.mp4") == pytest.approx([100, 50], abs=3)


def test_what_is_there_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_text("mine")

    with pytest.raises(SetupInvalid, match="is there already; --force replaces it"):
        a_video(path)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]

    video = a_video(path, may_replace=True)
    video.add(grey(90), BEGAN_US)
    assert path.read_text() == "mine"
    assert video.finish()
    assert levels_of(path) == pytest.approx([90], abs=2)


def test_what_is_thrown_away_leaves_nothing(tmp_path: Path) -> None:
    video = a_video(tmp_path / "out.mp4")
    for number in range(100):
        video.add(grey(number), BEGAN_US + 200_000 * number)

    video.discard()
    video.discard()

    assert list(tmp_path.iterdir()) == []


def test_a_video_without_a_picture_is_none(tmp_path: Path) -> None:
    video = a_video(tmp_path / "out.mp4")

    assert not video.finish()
    assert video.error == "there is no picture for it"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "match"),
    [("no/such/folder/out.mp4", "No such file or directory"), (".", "that is a folder")],
)
def test_where_nothing_can_be_written_it_is_said_at_once(
    tmp_path: Path, name: str, match: str
) -> None:
    with pytest.raises(SetupInvalid, match=match):
        a_video(tmp_path / name)
