"""The decode shard makes pictures of the stream that is chosen, in the full frame's pixels."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from camera_ctrl.decode.trial import FAILED_AFTER_S
from camera_ctrl.stream_choice import StreamChoice
from standalone.demo.clip import ClipFormat, render_clip
from standalone.demo.scene import ONE_WALKER
from standalone.demo.truth import SceneTruth
from tests.builders import CAMERA, a_camera
from tests.cameras.clips import SMALL, CardClip
from tests.decode_bench import STEP_S, Bench, a_bench
from tests.footage import BEGAN_US
from tests.pictures import bgr_of
from vigil.domain.camera import Stream
from vigil.domain.motion import read_motion
from vigil.messages import Decoding

MAIN_WH, SUB_WH = (640, 360), (320, 180)
LONG = replace(SMALL, length_s=20.0)
SUB = StreamChoice(Stream.SUB, full_wh=MAIN_WH)
MAIN = StreamChoice(reason="its sub-stream is away: no answer in time")

OpenBench = Callable[..., Bench]


@pytest.fixture
def opened(card_clip: CardClip) -> Iterator[OpenBench]:
    benches: list[Bench] = []

    def bench(
        main: Path | None = None, sub: Path | None = None, *, has_gate: bool = False
    ) -> Bench:
        main = main or card_clip(replace(LONG, size_wh=MAIN_WH))
        benches.append(a_bench(main, has_gate=has_gate, sub_path=sub or card_clip(LONG)))
        return benches[-1]

    yield bench
    for each in benches:
        each.shard.close()


def picture_wh(bench: Bench) -> tuple[int, int] | None:
    jpeg = bench.frames.newest([CAMERA]).get(CAMERA)
    if jpeg is None:
        return None
    height, width, _ = bgr_of(jpeg).shape
    return width, height


def play(bench: Bench, seconds: float, *, has_sub: bool = True) -> list[int]:
    """Let the camera film, and the shard have its turns; return when what it showed was filmed."""
    seen: list[int] = []
    for _ in range(round(seconds / STEP_S)):
        bench.film(1, has_sub=has_sub)
        if bench.shard._cameras and bench.shard._rest_s() > 0:
            continue
        bench.turn()
        if bench.frames.newest([CAMERA]):
            at_us = bench.stamp().captured_at_us
            if not seen or seen[-1] != at_us:
                seen.append(at_us)
    return seen


def test_the_chosen_stream_is_decoded_and_stamped_with_the_full_frames_size(
    opened: OpenBench,
) -> None:
    bench = opened()
    bench.assign(choice=SUB)

    bench.film(7)
    bench.turn()

    assert bench.shown() == 6
    assert picture_wh(bench) == SUB_WH
    assert (bench.stamp().width_px, bench.stamp().height_px) == MAIN_WH
    report = bench.report().decode[CAMERA]
    assert (report.stream, report.sub_error) == (Stream.SUB, None)


def test_frames_of_another_size_of_the_main_stream_are_told_in_that(opened: OpenBench) -> None:
    bench = opened()
    bench.assign(choice=SUB)
    play(bench, 0.4)

    bench.assign(choice=replace(SUB, full_wh=(1280, 720)))
    play(bench, 0.4)

    assert (bench.stamp().width_px, bench.stamp().height_px) == (1280, 720)


def test_turning_from_one_stream_to_the_other_shows_nothing_older_and_misses_little(
    opened: OpenBench,
) -> None:
    bench = opened()
    bench.assign(choice=SUB)
    seen = play(bench, 2.2)

    # Keyframes are 0.4 s apart, and each turn is made between two of them
    for choice, wh in ((MAIN, MAIN_WH), (SUB, SUB_WH), (MAIN, MAIN_WH)):
        bench.assign(choice=choice)
        seen += play(bench, 1.0)
        assert picture_wh(bench) == wh

    assert seen == sorted(set(seen))
    assert max(after - before for before, after in itertools.pairwise(seen)) <= 480_000
    assert bench.stamp().sequence >= len(seen)


def test_a_sub_stream_without_a_keyframe_yet_is_waited_for_on_the_main_one(
    opened: OpenBench,
) -> None:
    bench = opened()
    bench.assign(choice=SUB)
    seen = play(bench, 3.0, has_sub=False)

    assert picture_wh(bench) == MAIN_WH
    assert len(seen) > 60
    play(bench, 1.6)
    assert picture_wh(bench) == SUB_WH


def test_one_that_came_back_is_not_begun_at_a_keyframe_of_before(opened: OpenBench) -> None:
    bench = opened()
    bench.assign(choice=SUB)
    play(bench, 1.0)
    bench.assign(choice=MAIN)
    play(bench, 4.0, has_sub=False)

    # Given that its packets come, and no keyframe has
    bench.assign(choice=SUB)
    seen = play(bench, 2.0, has_sub=False)

    assert picture_wh(bench) == MAIN_WH
    assert len(seen) > 40


def test_one_that_cannot_be_decoded_is_left_for_the_main_one_and_tried_again(
    opened: OpenBench,
) -> None:
    bench = opened()
    assert bench.sub_footage is not None
    whole = bench.sub_footage
    bench.assign(choice=SUB)
    play(bench, 1.0)
    garbage = [
        replace(each, packet=replace(each.packet, data=b"\0\0\1\x65" + b"\x55" * 400))
        for each in whole.entries
    ]
    bench.sub_footage = replace(whole, entries=garbage)

    play(bench, FAILED_AFTER_S + 1.0)

    assert picture_wh(bench) == MAIN_WH
    report = bench.report().decode[CAMERA]
    assert report.stream is Stream.MAIN
    assert report.sub_error is not None
    assert report.sub_error.startswith("the video cannot be decoded")
    assert report.error is None

    # And when its time is over and it is whole again, pictures are made of it
    bench.sub_footage = whole
    bench.shard._cameras[CAMERA].trial._until_s = 0.0
    play(bench, 2.0)
    assert picture_wh(bench) == SUB_WH
    assert bench.report().decode[CAMERA].sub_error is None


def test_another_sub_stream_is_tried_at_once(opened: OpenBench) -> None:
    bench = opened()
    bench.assign(choice=SUB)
    play(bench, 0.4)
    bench.shard._cameras[CAMERA].trial._until_s = float("inf")
    play(bench, 0.4)
    assert picture_wh(bench) == MAIN_WH

    bench.assign(camera=a_camera(frame_fps=25.0, sealed_sub_url="another"), choice=SUB)
    play(bench, 0.8)

    assert picture_wh(bench) == SUB_WH


def test_of_a_camera_that_died_nothing_is_shown_whatever_its_sub_stream_sends(
    opened: OpenBench,
) -> None:
    bench = opened()
    bench.assign(choice=SUB)
    play(bench, 1.0)

    bench.assign(choice=replace(MAIN, is_alive=False))
    bench.turn()

    assert bench.frames.newest([CAMERA]) == {}


#: Somebody enters in the eleventh second.
STREET = ClipFormat(size_wh=(640, 360), fps=Fraction(25), length_s=15.0, crf=28, gop_s=4.0)
FULL_WH = (1920, 1080)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SceneTruth]:
    path = tmp_path_factory.mktemp("street") / "street.ts"
    return path, render_clip(path, form=STREET, actors=ONE_WALKER)


def test_at_rest_with_few_keyframes_it_makes_a_picture_a_second_and_wakes_for_who_enters(
    opened: OpenBench, street: tuple[Path, SceneTruth]
) -> None:
    path, truth = street
    bench = opened(path, path, has_gate=True)
    bench.assign(frame_fps=5.0, choice=StreamChoice(Stream.SUB, full_wh=FULL_WH))
    play(bench, 9.0)

    seen = play(bench, 1.4)

    report = bench.report().decode[CAMERA]
    assert len(seen) in {1, 2}
    assert report.decoding is Decoding.GATED
    assert report.decoding_reason is not None
    assert "a picture made each 1 s" in report.decoding_reason

    seen = play(bench, 2.6)
    entered_us = BEGAN_US + next(n for n, each in enumerate(truth.frames) if each) * 40_000
    assert len([at_us for at_us in seen if at_us >= entered_us]) >= 6
    # What moves is told in pixels of the full frame, three times those of the picture
    motion = read_motion(bench.frames.newest([CAMERA])[CAMERA])
    [box] = truth.frames[(bench.stamp().captured_at_us - BEGAN_US) // 40_000]
    assert motion is not None
    left, top, right, bottom = motion.boxes[0]
    assert left <= 3 * (box.x_min + box.x_max) / 2 <= right
    assert top <= 3 * (box.y_min + box.y_max) / 2 <= bottom
