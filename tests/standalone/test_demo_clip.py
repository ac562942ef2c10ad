import itertools
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from standalone.demo import clip
from standalone.demo.clip import ClipFormat, Codec, render_clip, render_test_card
from standalone.demo.counter import draw_test_card
from standalone.demo.paint.sprite import Image
from tests.cameras.clips import SMALL, CardClip
from tests.cameras.viewer import number_of


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("b_frames", [0, 2])
def test_every_frame_is_there_in_the_order_shown(
    card_clip: CardClip, codec: Codec, b_frames: int
) -> None:
    path = card_clip(replace(SMALL, codec=codec, b_frames=b_frames))

    with av.open(path) as container:
        frames = list(container.decode(video=0))

    assert [number_of(frame) for frame in frames] == list(range(50))
    assert (frames[0].width, frames[0].height) == SMALL.size_wh
    times = [Fraction(frame.pts or 0) * (frame.time_base or 0) for frame in frames]
    assert {after - before for before, after in itertools.pairwise(times)} == {Fraction(1, 25)}


@pytest.mark.parametrize("codec", Codec)
def test_keyframes_stand_where_they_were_asked_for(card_clip: CardClip, codec: Codec) -> None:
    with av.open(card_clip(replace(SMALL, codec=codec))) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]

    assert [i for i, packet in enumerate(packets) if packet.is_keyframe] == [0, 10, 20, 30, 40]


def test_b_frames_are_stored_out_of_order_only_where_asked_for(card_clip: CardClip) -> None:
    for b_frames, is_ordered in ((0, True), (2, False)):
        with av.open(card_clip(replace(SMALL, b_frames=b_frames))) as container:
            shown = [packet.pts for packet in container.demux(video=0) if packet.pts is not None]
        assert (shown == sorted(shown)) is is_ordered


def test_a_tone_runs_beside_the_video(card_clip: CardClip) -> None:
    with av.open(card_clip(replace(SMALL, with_audio=True))) as container:
        audio = container.streams.audio[0]
        assert audio.codec_context.name == "aac"
        assert audio.duration is not None
        assert audio.time_base is not None
        assert float(audio.duration * audio.time_base) == pytest.approx(2.0, abs=0.1)


def test_the_same_seed_makes_the_same_clip(tmp_path: Path) -> None:
    form = ClipFormat(size_wh=(320, 180), length_s=0.5)

    truths = [render_clip(tmp_path / name, form=form, seed=3) for name in ("a.mp4", "b.mp4")]
    render_clip(tmp_path / "c.mp4", form=form, seed=4)

    first, second, third = ((tmp_path / f"{name}.mp4").read_bytes() for name in "abc")
    assert truths[0] == truths[1]
    assert first == second
    assert first != third


def test_the_truth_has_a_row_for_each_frame_in_the_clips_own_pixels(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"

    truth = render_clip(path, form=ClipFormat(size_wh=(640, 360), length_s=2.0, counted=True))

    with av.open(path) as container:
        shown = [number_of(frame) for frame in container.decode(video=0)]
    assert shown == list(range(20))
    assert len(truth.frames) == 20
    assert truth.size_wh == (640, 360)
    (walker,) = truth.frames[10]
    assert walker.label == "person"
    assert 60 < walker.y_max - walker.y_min < 100


def test_a_clip_that_fails_leaves_nothing_and_keeps_the_old(tmp_path: Path) -> None:
    # Given a clip that is there, and a painter that breaks down
    path = tmp_path / "clip.mp4"
    render_test_card(path, form=SMALL)
    before = path.read_bytes()

    def breaks_down() -> Iterator[Image]:
        yield draw_test_card(0, SMALL.size_wh)
        raise RuntimeError("out of paint")

    # When it is rendered again
    with pytest.raises(RuntimeError, match="out of paint"):
        clip._write(path, breaks_down(), SMALL, seed=1)

    # Then the old one is whole, and nothing is beside it
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_nobody_sees_a_clip_before_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    seen: list[bool] = []

    def looks() -> Iterator[Image]:
        for number in range(5):
            seen.append(path.exists())
            yield draw_test_card(number, SMALL.size_wh)

    clip._write(path, looks(), SMALL, seed=1)

    assert seen == [False] * 5
    assert path.exists()
