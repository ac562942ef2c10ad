import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.clock import MICROSECONDS
from vigil.domain.frame_picker import FramePicker

BEGAN_US = 1_790_000_000_000_000


def evenly(fps: float, seconds: float, *, began_us: int = BEGAN_US) -> Iterator[int]:
    for number in range(round(seconds * fps)):
        yield began_us + round(number * MICROSECONDS / fps)


def picked(picker: FramePicker, captured_us: Iterator[int]) -> list[int]:
    return [each for each in captured_us if picker.is_due(each)]


@given(
    packet_fps=st.floats(1.0, 120.0),
    fps=st.floats(0.5, 30.0),
    phase_us=st.integers(0, 10 * MICROSECONDS),
)
def test_picks_exactly_as_many_as_wanted_of_any_stream(
    packet_fps: float, fps: float, phase_us: int
) -> None:
    seconds = 60.0
    stream = evenly(packet_fps, seconds, began_us=BEGAN_US + phase_us)

    count = len(picked(FramePicker(fps), stream))

    assert count == pytest.approx(seconds * min(fps, packet_fps), abs=2)


@given(packet_fps=st.sampled_from([10.0, 12.5, 15.0, 25.0, 30.0]), fps=st.floats(1.0, 10.0))
def test_spreads_the_pictures_evenly(packet_fps: float, fps: float) -> None:
    pictures = picked(FramePicker(fps), evenly(packet_fps, 20.0))

    for before, after in pairwise(pictures):
        assert abs((after - before) / MICROSECONDS - 1 / fps) <= 1 / packet_fps + 1e-6


@pytest.mark.parametrize("fps", [5.0, 10.0, 25.0, 30.0])
def test_picks_every_frame_of_a_stream_of_the_wanted_rate_however_its_times_tremble(
    fps: float,
) -> None:
    rng = random.Random(5)
    tremble_us = 0.2 * MICROSECONDS / fps
    stream = [each + round(rng.uniform(-tremble_us, tremble_us)) for each in evenly(fps, 60.0)]

    assert picked(FramePicker(fps), iter(stream)) == stream


def test_picks_every_frame_of_a_stream_slower_than_wanted() -> None:
    assert len(picked(FramePicker(5.0), evenly(2.0, 30.0))) == 60


@pytest.mark.parametrize("jump_s", [-86_400.0, -2.0, 2.0, 86_400.0])
def test_a_jump_of_the_clock_costs_no_picture(jump_s: float) -> None:
    picker = FramePicker(5.0)
    picked(picker, evenly(25.0, 10.0))

    after = evenly(25.0, 10.0, began_us=BEGAN_US + round((10.0 + jump_s) * MICROSECONDS))

    assert len(picked(picker, after)) == 50


def test_a_new_rate_is_followed_at_once() -> None:
    picker = FramePicker(1.0)
    picked(picker, evenly(25.0, 10.0))

    picker.fps = 10.0

    after = evenly(25.0, 10.0, began_us=BEGAN_US + 10 * MICROSECONDS)
    assert len(picked(picker, after)) == pytest.approx(100, abs=1)


def test_says_how_long_after_a_frame_the_next_is_due() -> None:
    picker = FramePicker(5.0)
    assert picker.due_in_s(BEGAN_US) == 0.0

    assert picker.is_due(BEGAN_US)

    assert picker.due_in_s(BEGAN_US) == pytest.approx(0.2)
    assert picker.due_in_s(BEGAN_US + 160_000) == pytest.approx(0.04)
    # A frame that is due itself: the one behind it.
    assert picker.due_in_s(BEGAN_US + 200_000) == pytest.approx(0.2)
    assert picker.due_in_s(BEGAN_US + 240_000) == pytest.approx(0.16)


def test_expects_no_frame_sooner_than_the_camera_sends_one() -> None:
    picker = FramePicker(5.0)
    captured_us = list(evenly(1.0, 3.0))

    assert [picker.is_due(each) for each in captured_us] == [True, True, True]

    assert picker.due_in_s(captured_us[-1]) == pytest.approx(1.0)


def test_frames_that_are_passed_over_tell_the_step_all_the_same() -> None:
    picker = FramePicker(5.0)
    stream = list(evenly(25.0, 2.0))

    # Of each ten, the last four before a keyframe are never asked about.
    seen = []
    for number, captured_us in enumerate(stream):
        if number % 10 >= 6:
            picker.pass_over(captured_us)
        elif picker.is_due(captured_us):
            seen.append(number)

    assert seen == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45]
