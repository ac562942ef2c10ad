"""What is read out of bytes that a camera made up."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from camera_ctrl.ingest.keyframe import is_whole_jpeg, jpeg_size, parameters_in, probed
from camera_ctrl.ingest.pacing import MAX_EARLY_S, MAX_LATE_S, Pacer
from standalone.demo.clip import Codec
from standalone.demo.rtsp.media import load
from tests.camera_ctrl.footage import a_jpeg
from tests.cameras.clips import SMALL, CardClip
from vigil.clock import FakeClock
from vigil.errors import CameraUnavailable, FrameInvalid
from vigil.media.bounds import MAX_SIDE_PX, require_size
from vigil.runtime import StopSignal

START = b"\x00\x00\x00\x01"


def keyframe_of(clip: Path) -> bytes:
    """Return a clip's first picture as a camera sends it, parameters in front."""
    return b"".join(START + part for part in load(clip).tracks[0].units[0].parts)


@pytest.mark.parametrize(
    ("codec", "data", "count"),
    [
        ("h264", b"", 0),
        ("h264", START, 0),
        ("h264", START + b"\x67sps" + START + b"\x68pps" + START + b"\x65idr", 1),
        # Three bytes of start code, and zeros at a unit's end.
        ("h264", b"\x00\x00\x01\x67sps\x00\x00\x00\x01\x65idr", 1),
        # What stands behind the picture belongs to the next.
        ("h264", START + b"\x65idr" + START + b"\x67sps", 0),
        ("hevc", START + b"\x40\x01vps" + START + b"\x42\x01sps" + START + b"\x26\x01idr", 2),
        ("hevc", START + b"\x26\x01idr" + START + b"\x42\x01sps", 0),
        ("mjpeg", b"no picture", 0),
        ("mjpeg", a_jpeg(), 1),
    ],
)
def test_finds_the_parameters_in_front_of_a_picture(codec: str, data: bytes, count: int) -> None:
    assert len(parameters_in(codec, data)) == count


@pytest.mark.parametrize("codec", list(Codec))
def test_a_keyframe_alone_tells_what_its_stream_is(card_clip: CardClip, codec: Codec) -> None:
    small = keyframe_of(card_clip(replace(SMALL, codec=codec)))
    large = keyframe_of(card_clip(replace(SMALL, codec=codec, size_wh=(640, 360))))

    stream = probed(codec.value, large)

    context = stream.codec_context
    assert (context.name, context.width, context.height) == (codec, 640, 360)
    assert parameters_in(codec, bytes(context.extradata or b"")) == parameters_in(codec, large)
    assert parameters_in(codec, small).isdisjoint(parameters_in(codec, large))


def test_the_size_of_a_jpeg_is_read_without_decoding_it() -> None:
    assert jpeg_size(a_jpeg(size_wh=(320, 180))) == (320, 180)
    assert is_whole_jpeg(a_jpeg() + bytes(100))
    assert not is_whole_jpeg(a_jpeg()[:3000])


@given(data=st.binary(max_size=300), codec=st.sampled_from(["h264", "hevc", "mjpeg"]))
def test_noise_is_never_more_than_nothing(data: bytes, codec: str) -> None:
    for begin in (b"", START, b"\xff\xd8\xff"):
        for each in parameters_in(codec, begin + data):
            assert isinstance(each, bytes)


def test_noise_is_probed_to_no_stream() -> None:
    for codec in ("h264", "hevc", "mjpeg"):
        with pytest.raises(CameraUnavailable):
            probed(codec, START + bytes(range(256)) * 4)


@pytest.mark.parametrize(
    ("size_wh", "is_taken"),
    [
        ((16, 16), True),
        ((15, 1000), False),
        ((7680, 4320), True),
        ((8192, 8192), True),
        ((16_384, 9_216), False),
        ((1024, MAX_SIDE_PX), True),
        ((16, MAX_SIDE_PX + 1), False),
    ],
)
def test_takes_the_sizes_that_cameras_have(size_wh: tuple[int, int], is_taken: bool) -> None:
    if is_taken:
        require_size(*size_wh)
        return
    with pytest.raises(FrameInvalid, match="sends pictures of"):
        require_size(*size_wh)


class WaitingStop(StopSignal):
    """A stop whose waits pass on a clock of the test's."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self.waited_s: list[float] = []

    @override
    def wait(self, timeout_s: float | None = None) -> bool:
        assert timeout_s is not None
        self.waited_s.append(round(timeout_s, 3))
        self._clock.advance(timeout_s)
        return self.is_set()


def test_what_lies_ready_is_played_in_its_own_time_round_after_round() -> None:
    clock = FakeClock()
    stop = WaitingStop(clock)
    pacer = Pacer(clock, stop)
    for _ in range(2):
        pacer.begin_round()
        for number in range(3):
            pacer.wait(10 + number * 0.04, 0.04)
        # It takes a moment to open the file again.
        clock.advance(0.01)
    # The second round begins a frame's length behind the first one's last.
    assert stop.waited_s == [0.04, 0.04, 0.03, 0.04, 0.04]


def test_who_was_suspended_goes_on_from_where_it_is() -> None:
    clock = FakeClock()
    stop = WaitingStop(clock)
    pacer = Pacer(clock, stop)
    pacer.begin_round()
    pacer.wait(0.0, 0.04)
    clock.advance(3600.0)
    pacer.wait(0.04, 0.04)
    pacer.wait(0.08, 0.04)
    assert stop.waited_s == [0.04]
    clock.advance(MAX_LATE_S / 2)
    pacer.wait(0.12, 0.04)
    # A little late is made up for.
    assert stop.waited_s == [0.04]


def test_timestamps_that_jump_ahead_are_not_waited_for() -> None:
    clock = FakeClock()
    stop = WaitingStop(clock)
    pacer = Pacer(clock, stop)
    pacer.begin_round()
    pacer.wait(0.0, 0.04)
    pacer.wait(MAX_EARLY_S, 0.04)
    assert stop.waited_s == [MAX_EARLY_S]

    pacer.wait(26.5 * 3600, 0.04)
    assert stop.waited_s == [MAX_EARLY_S]
    pacer.wait(26.5 * 3600 + 0.04, 0.04)
    assert stop.waited_s == [MAX_EARLY_S, 0.04]
