"""What moves travels behind the stamp: who knows it reads it, and nobody else stumbles over it."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pictures import bgr_of
from vigil.domain.camera import Epoch
from vigil.domain.frame import STAMPED_HEAD_BYTES, FrameStamp, read_stamp, stamped
from vigil.domain.motion import MAX_BOXES, Motion, motion_segment, read_motion

STAMP = FrameStamp(7, 1_790_000_000_123_456, Epoch(5), 1920, 1080)
MOTION = Motion(is_moving=True, since_us=1_790_000_000_000_000, boxes=((1, 2, 30, 40),))
u16 = st.integers(0, 2**16 - 1)
motions = st.builds(
    Motion,
    st.booleans(),
    st.integers(0, 2**64 - 1),
    st.lists(st.tuples(u16, u16, u16, u16), max_size=MAX_BOXES).map(tuple),
)


def a_picture() -> bytes:
    levels = np.random.default_rng(3).integers(0, 256, (24, 32, 3), np.uint8)
    return cv2.imencode(".jpg", levels)[1].tobytes()


@given(motion=motions, body=st.binary(max_size=200))
def test_reads_back_what_moves_and_the_stamp_before_it(motion: Motion, body: bytes) -> None:
    jpeg = stamped(b"\xff\xd8" + body, STAMP, beside=motion_segment(motion))

    assert read_motion(jpeg) == motion
    assert read_stamp(jpeg[:STAMPED_HEAD_BYTES]) == STAMP


def test_any_reader_shows_the_picture() -> None:
    plain = a_picture()

    assert np.array_equal(
        bgr_of(stamped(plain, STAMP, beside=motion_segment(MOTION))), bgr_of(plain)
    )


@given(body=st.binary(max_size=100))
def test_a_picture_without_it_tells_nothing_of_motion(body: bytes) -> None:
    assert read_motion(stamped(b"\xff\xd8" + body, STAMP)) is None


@pytest.mark.parametrize("length", range(STAMPED_HEAD_BYTES + len(motion_segment(MOTION))))
def test_a_truncated_one_tells_nothing(length: int) -> None:
    jpeg = stamped(b"\xff\xd8\xff\xd9", STAMP, beside=motion_segment(MOTION))

    assert read_motion(jpeg[:length]) is None


def test_tells_of_so_many_regions_and_no_more() -> None:
    many = Motion(is_moving=True, since_us=1, boxes=((0, 0, 1, 1),) * (MAX_BOXES + 1))

    found = read_motion(stamped(b"\xff\xd8", STAMP, beside=motion_segment(many)))

    assert found is not None
    assert len(found.boxes) == MAX_BOXES
