from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pictures import bgr_of
from vigil.domain.camera import Epoch
from vigil.domain.frame import (
    MAX_FRAME_FPS,
    STAMPED_HEAD_BYTES,
    FrameStamp,
    least_sequence,
    read_stamp,
    stamped,
)
from vigil.errors import FrameInvalid

STAMP = FrameStamp(7, 1_790_000_000_123_456, Epoch(5), 1920, 1080)
#: A JPEG as far as we look into it.
SHELL = b"\xff\xd8\xff\xdb quantised \xff\xd9"

u64 = st.integers(0, 2**64 - 1)
u16 = st.integers(0, 2**16 - 1)
stamps = st.builds(FrameStamp, u64, u64, u64.map(Epoch), u16, u16)


def a_picture() -> bytes:
    levels = np.random.default_rng(3).integers(0, 256, (24, 32, 3), np.uint8)
    _, jpeg = cv2.imencode(".jpg", levels)
    return jpeg.tobytes()


def a_comment(text: bytes) -> bytes:
    return b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text


@given(stamp=stamps, body=st.binary(max_size=200))
def test_reads_back_the_stamp_of_any_jpeg_from_its_head_alone(
    stamp: FrameStamp, body: bytes
) -> None:
    jpeg = stamped(b"\xff\xd8" + body, stamp)

    assert read_stamp(jpeg) == stamp
    assert read_stamp(jpeg[:STAMPED_HEAD_BYTES]) == stamp
    assert len(jpeg) == STAMPED_HEAD_BYTES + len(body)


@given(first=stamps, second=stamps, body=st.binary(max_size=200))
def test_a_second_stamp_takes_the_place_of_the_first(
    first: FrameStamp, second: FrameStamp, body: bytes
) -> None:
    once = stamped(b"\xff\xd8" + body, second)

    assert stamped(stamped(b"\xff\xd8" + body, first), second) == once


def test_a_stamped_jpeg_shows_the_same_picture() -> None:
    plain = a_picture()

    assert np.array_equal(bgr_of(stamped(plain, STAMP)), bgr_of(plain))


@pytest.mark.parametrize(
    "text", [b"", b"made by a camera", b"VIGIL", b"VIGIL1", b"VIGIL1 says hello to everybody"]
)
def test_keeps_the_comment_of_somebody_else(text: bytes) -> None:
    foreign = b"\xff\xd8" + a_comment(text) + SHELL[2:]

    assert stamped(foreign, STAMP)[STAMPED_HEAD_BYTES:] == foreign[2:]
    with pytest.raises(FrameInvalid):
        read_stamp(foreign + bytes(STAMPED_HEAD_BYTES))


@pytest.mark.parametrize("jpeg", [b"", b"\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_refuses_to_stamp_what_is_no_jpeg(jpeg: bytes) -> None:
    with pytest.raises(FrameInvalid, match="no start marker"):
        stamped(jpeg, STAMP)


@pytest.mark.parametrize("length", range(STAMPED_HEAD_BYTES))
def test_a_truncated_stamp_is_no_stamp(length: int) -> None:
    with pytest.raises(FrameInvalid):
        read_stamp(stamped(SHELL, STAMP)[:length])


def test_the_newer_of_two_frames_has_the_greater_order() -> None:
    after = replace(STAMP, sequence=STAMP.sequence + 1)
    of_the_next_epoch = replace(STAMP, sequence=1, epoch=Epoch(6))

    assert STAMP.order < after.order < of_the_next_epoch.order


@pytest.mark.parametrize(
    ("sequence", "after_s", "epoch", "skipped"),
    [
        (8, 0.2, 5, 0),
        (11, 0.8, 5, 3),
        (7 + 30, 1.0, 5, 29),
        # They need not come evenly
        (10, 0.0, 5, 2),
        # Another epoch counts anew, an older frame skipped none, and more than can have been made
        # in the time between are another decoder's numbers.
        (11, 0.8, 6, 0),
        (6, -0.2, 5, 0),
        (108_007, 0.2, 5, 0),
    ],
)
def test_tells_how_many_frames_lie_between_two(
    sequence: int, after_s: float, epoch: int, skipped: int
) -> None:
    later = replace(
        STAMP,
        sequence=sequence,
        captured_at_us=STAMP.captured_at_us + round(after_s * 1e6),
        epoch=Epoch(epoch),
    )

    assert later.skipped_since(STAMP) == skipped


@given(fps=st.integers(1, MAX_FRAME_FPS), seconds=st.integers(0, 10**6))
def test_no_decoder_has_reached_the_number_from_which_the_next_begins(
    fps: int, seconds: int
) -> None:
    began_ms = 1_790_000_000_000

    assert least_sequence(Epoch(began_ms), began_ms + seconds * 1000) >= fps * seconds


def test_numbers_from_one_where_redis_has_set_its_clock_back() -> None:
    assert least_sequence(Epoch(1_790_000_000_000), 1_780_000_000_000) == 0
