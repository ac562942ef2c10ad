"""A picture says with which masks it was painted."""

import pytest

from tests.builders import a_camera, a_jpeg
from tests.masks import BLUR, a_box
from vigil.domain.frame import read_stamp, stamped
from vigil.domain.mask_mark import mark_segment, read_mark
from vigil.domain.motion import Motion, motion_segment, read_motion

MARK = b"12345678"
MASKED = a_camera(masks=(a_box(1, 2, 3, 4),))


def a_marked(mark: bytes = MARK, *, before: bytes = b"") -> bytes:
    jpeg = a_jpeg()
    return stamped(jpeg, read_stamp(jpeg), beside=before + mark_segment(mark))


def test_a_mark_comes_back_with_motion_before_it_or_without() -> None:
    motion = Motion(is_moving=True, since_us=7, boxes=((1, 2, 3, 4),))
    both = a_marked(before=motion_segment(motion))

    assert read_mark(a_marked()) == MARK
    assert read_mark(both) == MARK
    assert read_motion(both) == motion


@pytest.mark.parametrize("length", range(len(a_marked())))
def test_a_picture_that_was_cut_off_bears_the_mark_or_none(length: int) -> None:
    assert read_mark(a_marked()[:length]) in {None, MARK}


@pytest.mark.parametrize(
    "jpeg",
    [
        a_jpeg(),
        b"",
        a_marked(b"short"),
        a_marked(b"too long to be one"),
        a_marked(before=b"\xff\xfe\x00\x00"),
        a_marked(before=b"\xff\xfe\x00\x01"),
    ],
)
def test_a_picture_without_a_mark_bears_none(jpeg: bytes) -> None:
    assert read_mark(jpeg) is None
    assert not MASKED.lets_show(jpeg)
    assert a_camera().lets_show(jpeg)


@pytest.mark.parametrize(
    "masks",
    [
        (),
        (a_box(1, 2, 3, 5),),
        (a_box(1, 2, 3, 4, style=BLUR),),
        (a_box(1, 2, 3, 4, frame_wh=(640, 360)),),
        (a_box(1, 2, 3, 4), a_box(1, 2, 3, 4)),
    ],
)
def test_other_masks_have_another_mark(masks: tuple[object, ...]) -> None:
    other = a_camera(masks=masks)

    assert other.mask_mark != MASKED.mask_mark
    assert MASKED.mask_mark is not None
    assert MASKED.lets_show(a_marked(MASKED.mask_mark))
    assert other.lets_show(a_marked(MASKED.mask_mark)) is (not masks)


def test_a_mark_is_the_same_in_every_service() -> None:
    as_read = type(MASKED).model_validate_json(MASKED.model_dump_json())

    assert as_read.mask_mark == MASKED.mask_mark
